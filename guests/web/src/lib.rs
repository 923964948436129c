//! An HTTP function of WASI 0.2. The path says what to do; `/` says hello.
//!
//! `/echo` sends back the body as it comes, `/head` what the request's head was, `/count` how many requests
//! this instance has served, `/drip` ten lines with time between, `/sleep/MS` answers late, `/trailers`
//! ends with a trailer, `/fetch` sends on the request that its headers describe, and `/trap`, `/half`,
//! `/silent`, `/spin` fail: before the response, in its middle, without one, never.

mod fetch;

use std::sync::atomic::{AtomicU32, Ordering};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

struct Web;

wasip2::http::proxy::export!(Web);

static SERVED: AtomicU32 = AtomicU32::new(0);

impl Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
        let path = request.path_with_query().unwrap_or_default();
        // Where the function is, is not its business.
        let path = path.split('?').next().unwrap_or_default();
        let verb: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match verb.as_slice() {
            ["echo"] => echo(request, out),
            ["head"] => text(out, 200, &head(&request)),
            ["count"] => text(out, 200, &format!("{served}\n")),
            ["drip"] => drip(out),
            ["sleep", milliseconds] => {
                subscribe_duration(milliseconds.parse::<u64>().unwrap_or(0) * 1_000_000).block();
                text(out, 200, "late\n");
            }
            ["trailers"] => trailers(out),
            ["fetch"] => fetch::fetch(&request, out),
            ["log"] => {
                println!("logged {served}");
                text(out, 200, "logged\n");
            }
            ["trap"] => panic!("as asked"),
            ["half"] => half(out),
            ["silent"] => {}
            ["spin"] => loop {
                std::hint::spin_loop();
            },
            [""] => text(out, 200, "hello\n"),
            _ => text(out, 404, "no such path\n"),
        }
    }
}

/// Begins a response and gives its body.
pub(crate) fn begin(out: ResponseOutparam, status: u16, fields: Fields) -> OutgoingBody {
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).expect("a status");
    let body = response.body().expect("it has one body");
    ResponseOutparam::set(out, Ok(response));
    body
}

pub(crate) fn text(out: ResponseOutparam, status: u16, text: &str) {
    let fields = Fields::from_list(&[("content-type".into(), b"text/plain".to_vec())]).expect("fields");
    let body = begin(out, status, fields);
    let stream = body.write().expect("it has one stream");
    let _ = stream.blocking_write_and_flush(text.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn head(request: &IncomingRequest) -> String {
    let mut text = format!(
        "{:?} {:?} {} {}\n",
        request.method(),
        request.scheme(),
        request.authority().unwrap_or_default(),
        request.path_with_query().unwrap_or_default()
    );
    for (name, value) in request.headers().entries() {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
    }
    text
}

/// Copies a stream as it comes. Says whether it came to its end.
pub(crate) fn copy(from: &InputStream, to: &OutputStream) -> bool {
    loop {
        match from.blocking_read(64 << 10) {
            Ok(bytes) => {
                for chunk in bytes.chunks(4096) {
                    if to.blocking_write_and_flush(chunk).is_err() {
                        return false;
                    }
                }
            }
            Err(StreamError::Closed) => return true,
            Err(StreamError::LastOperationFailed(_)) => return false,
        }
    }
}

fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().expect("it has one body");
    let from = incoming.stream().expect("it has one stream");
    let body = begin(out, 200, Fields::new());
    let to = body.write().expect("it has one stream");
    let whole = copy(&from, &to);
    drop((from, to));
    assert!(whole, "the body broke off");
    // What came behind the body goes behind the body.
    let future = IncomingBody::finish(incoming);
    future.subscribe().block();
    let trailers = match future.get() {
        Some(Ok(Ok(Some(trailers)))) => Some(Fields::from_list(&trailers.entries()).expect("fields")),
        _ => None,
    };
    let _ = OutgoingBody::finish(body, trailers);
}

fn drip(out: ResponseOutparam) {
    let body = begin(out, 200, Fields::new());
    let stream = body.write().expect("it has one stream");
    for line in 0..10 {
        if stream.blocking_write_and_flush(format!("{line}\n").as_bytes()).is_err() {
            return;
        }
        subscribe_duration(50_000_000).block();
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn trailers(out: ResponseOutparam) {
    let body = begin(out, 200, Fields::from_list(&[("trailer".into(), b"x-sum".to_vec())]).expect("fields"));
    let stream = body.write().expect("it has one stream");
    let _ = stream.blocking_write_and_flush(b"with a trailer\n");
    drop(stream);
    let trailers = Fields::from_list(&[("x-sum".into(), b"15".to_vec())]).expect("fields");
    let _ = OutgoingBody::finish(body, Some(trailers));
}

/// Says something and dies.
fn half(out: ResponseOutparam) {
    let body = begin(out, 200, Fields::new());
    let stream = body.write().expect("it has one stream");
    let _ = stream.blocking_write_and_flush(b"half of it\n");
    panic!("as asked");
}
