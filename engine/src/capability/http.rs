//! HTTP for guests, `wasi:http` 0.2 and 0.3: what they serve, and what they send.

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use wasmtime::component::Linker;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, p2, p3};

use crate::runtime::Kind;
use crate::sandbox::Sandbox;

/// A body of a request or a response, in frames: data, and at the end trailers, if there are any. An error
/// in it breaks the exchange off.
pub type HttpBody = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body breaks off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Links what `wasi:http` has; without a grant no request leaves.
pub(crate) fn link(linker: &mut Linker<Sandbox>, kind: Kind) -> wasmtime::Result<()> {
    p2::add_only_http_to_linker_async(linker)?;
    match kind {
        Kind::Plain => Ok(()),
        Kind::Concurrent => p3::add_to_linker(linker),
    }
}

/// A body as a guest reads it. Why it broke off is nothing that a guest need know.
pub(crate) fn to_guest(body: HttpBody) -> WasiBody {
    body.map_err(|_| Error::ConnectionTerminated).boxed_unsync()
}

/// What the host does for a guest's HTTP. Nothing may be sent: there is no grant for it yet.
pub(crate) struct Hooks;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
