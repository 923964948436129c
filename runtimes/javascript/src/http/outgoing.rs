//! Requests that scripts send.

use rquickjs::{Ctx, Exception, Function, Object, Promise, Result, TypedArray};
use url::Url;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme,
};

use super::streams;
use crate::event_loop;
use crate::globals::bytes::copied;

/// Bytes that are written at once: what every host takes.
pub(super) const WRITE_BYTES: usize = 4096;

pub(crate) fn add<'js>(ctx: &Ctx<'js>, skep: &Object<'js>) -> Result<()> {
    skep.set("send", Function::new(ctx.clone(), send)?)
}

/// Sends a request; promises `{status, headers, next}` of what is answered.
fn send<'js>(
    ctx: Ctx<'js>,
    method: String,
    url: String,
    headers: Vec<Vec<String>>,
    body: TypedArray<'js, u8>,
) -> Result<Promise<'js>> {
    let failed = |message: String| Exception::throw_type(&ctx, &format!("fetch failed: {message}"));
    let request = request(&method, &url, &headers).map_err(&failed)?;
    let sending = request.body().map_err(|()| failed("the request has no body".into()))?;
    let future = outgoing_handler::handle(request, None).map_err(|code| failed(said(&code)))?;
    write(sending, &copied(&body)).map_err(&failed)?;
    let (promise, resolve, reject) = ctx.promise()?;
    let pollable = future.subscribe();
    let future = std::cell::RefCell::new(Some(future));
    let then = Function::new(ctx.clone(), move |ctx: Ctx<'js>| {
        let Some(future) = future.take() else { return Ok(()) };
        match answered(&ctx, &future) {
            Ok(answer) => resolve.call::<_, ()>((answer?,)),
            Err(code) => {
                let message = format!("fetch failed: {}", said(&code));
                let kind: Function<'js> = ctx.globals().get("TypeError")?;
                reject.call::<_, ()>((kind.call::<_, Object<'js>>((message,))?,))
            }
        }
    })?;
    event_loop::when_ready(&ctx, pollable, then)?;
    Ok(promise)
}

fn request(method: &str, url: &str, headers: &[Vec<String>]) -> std::result::Result<OutgoingRequest, String> {
    let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    let pairs: Vec<(String, Vec<u8>)> = headers
        .iter()
        .filter_map(|pair| Some((pair.first()?.clone(), pair.get(1)?.clone().into_bytes())))
        .collect();
    let fields = Fields::from_list(&pairs).map_err(|error| format!("a header cannot be sent: {error:?}"))?;
    let request = OutgoingRequest::new(fields);
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => return Err(format!("{other}: is no scheme that can be fetched")),
    };
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    request.set_method(&method_of(method)).map_err(|()| format!("{method} is no method"))?;
    request.set_scheme(Some(&scheme)).map_err(|()| "the scheme is refused")?;
    request.set_authority(Some(authority)).map_err(|()| format!("{authority} is no host"))?;
    request.set_path_with_query(Some(path)).map_err(|()| format!("{path} is no path"))?;
    Ok(request)
}

fn method_of(method: &str) -> Method {
    match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// Writes a body whole.
fn write(body: OutgoingBody, bytes: &[u8]) -> std::result::Result<(), String> {
    let broke = |error: &dyn std::fmt::Debug| format!("the request cannot be sent: {error:?}");
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| "the request cannot be written")?;
        for chunk in bytes.chunks(WRITE_BYTES) {
            stream.blocking_write_and_flush(chunk).map_err(|error| broke(&error))?;
        }
    }
    OutgoingBody::finish(body, None).map_err(|code| said(&code))
}

fn answered<'js>(
    ctx: &Ctx<'js>,
    future: &FutureIncomingResponse,
) -> std::result::Result<Result<Object<'js>>, ErrorCode> {
    let response = future.get().unwrap_or(Ok(Err(ErrorCode::ConnectionTerminated)));
    let response = response.unwrap_or(Err(ErrorCode::ConnectionTerminated))?;
    Ok(shown(ctx, &response))
}

fn shown<'js>(ctx: &Ctx<'js>, response: &IncomingResponse) -> Result<Object<'js>> {
    let answer = Object::new(ctx.clone())?;
    answer.set("status", response.status())?;
    let headers = response.headers().entries().into_iter();
    let headers: Vec<Vec<String>> =
        headers.map(|(name, value)| vec![name, String::from_utf8_lossy(&value).into_owned()]).collect();
    answer.set("headers", headers)?;
    if let Ok(body) = response.consume() {
        answer.set("next", streams::chunks(ctx, body)?)?;
    }
    Ok(answer)
}

/// An error of the host's in its words.
fn said(code: &ErrorCode) -> String {
    match code {
        ErrorCode::HttpRequestDenied => {
            "this function is not granted this request (settings.grants.egress)".into()
        }
        ErrorCode::InternalError(Some(why)) => why.clone(),
        other => format!("{other:?}"),
    }
}
