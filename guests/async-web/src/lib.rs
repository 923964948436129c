//! An HTTP function of WASI 0.3. The path says what to do; `/` says hello.
//!
//! `/echo` sends back the body as it comes, with its trailers, `/drip` ten lines with time between,
//! `/sleep/MS` answers late, `/count` says how many requests this instance has served, `/fetch` sends a
//! request to the URL in the header `x-url`, and `/trap`, `/half`, `/error` fail.

use std::sync::atomic::{AtomicU32, Ordering};

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme, Trailers};
use wasip3::wit_bindgen::{StreamReader, spawn_local};
use wasip3::{wit_future, wit_stream};

struct Web;

wasip3::http::service::export!(Web);

static SERVED: AtomicU32 = AtomicU32::new(0);

impl Guest for Web {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
        let path = request.get_path_with_query().unwrap_or_default();
        let verb: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match verb.as_slice() {
            ["echo"] => Ok(echo(request)),
            ["drip"] => Ok(drip()),
            ["sleep", milliseconds] => {
                wait_for(milliseconds.parse::<u64>().unwrap_or(0) * 1_000_000).await;
                Ok(text("late\n".to_owned()))
            }
            ["count"] => Ok(text(format!("{served}\n"))),
            ["fetch"] => fetch(&request).await,
            ["trap"] => panic!("as asked"),
            ["half"] => Ok(half()),
            ["error"] => Err(ErrorCode::InternalError(Some("as asked".to_owned()))),
            _ => Ok(text("hello\n".to_owned())),
        }
    }
}

/// A response with this body and no trailers.
fn with_body(body: StreamReader<u8>) -> Response {
    let (_, trailers) = wit_future::new(|| Ok(None));
    Response::new(Fields::new(), Some(body), trailers).0
}

fn text(text: String) -> Response {
    let (mut writer, reader) = wit_stream::new();
    spawn_local(async move {
        writer.write_all(text.into_bytes()).await;
    });
    with_body(reader)
}

fn echo(request: Request) -> Response {
    let (_, done) = wit_future::new(|| Ok(()));
    let (body, trailers) = Request::consume_body(request, done);
    Response::new(Fields::new(), Some(body), trailers).0
}

fn drip() -> Response {
    let (mut writer, reader) = wit_stream::new();
    spawn_local(async move {
        for line in 0..10 {
            writer.write_all(format!("{line}\n").into_bytes()).await;
            wait_for(50_000_000).await;
        }
    });
    with_body(reader)
}

/// Says something and dies.
fn half() -> Response {
    let (mut writer, reader) = wit_stream::new();
    let (_kept, trailers) = wit_future::new::<Result<Option<Trailers>, ErrorCode>>(|| Ok(None));
    spawn_local(async move {
        writer.write_all(b"half of it\n".to_vec()).await;
        wait_for(10_000_000).await;
        panic!("as asked");
    });
    Response::new(Fields::new(), Some(reader), trailers).0
}

/// Sends a request on, and its answer back.
async fn fetch(request: &Request) -> Result<Response, ErrorCode> {
    let url = request.get_headers().get("x-url").pop().ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let url = String::from_utf8(url).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let (scheme, rest) = url.split_once("://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (outgoing, _sent) = Request::new(Fields::new(), None, trailers, None);
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let fits = outgoing.set_scheme(Some(&scheme)).is_ok()
        && outgoing.set_authority(Some(authority)).is_ok()
        && outgoing.set_path_with_query(Some(path)).is_ok();
    if !fits {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    wasip3::http::client::send(outgoing).await
}
