//! HTTP for guests, `wasi:http` 0.2 and 0.3: what they serve, and what they may send.

mod address;
mod egress;
mod held;
mod rule;
mod secret;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use wasmtime::component::Linker;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, p2, p3};

pub use self::address::Block;
pub(crate) use self::egress::Network;
pub(crate) use self::held::Held;
pub use self::rule::EgressRule;
pub use self::secret::Secret;
pub(crate) use self::secret::Secrets;
use super::grants::Grants;
use crate::control::Control;
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
    if kind == Kind::Concurrent {
        p3::add_to_linker(linker)?;
    }
    held::link(linker, kind)
}

/// A body as a guest reads it. Why it broke off is nothing that a guest need know.
pub(crate) fn to_guest(body: HttpBody) -> WasiBody {
    body.map_err(|_| Error::ConnectionTerminated).boxed_unsync()
}

/// What the host does for one guest's HTTP.
pub(crate) struct Hooks {
    pub(crate) network: Arc<Network>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) secrets: Secrets,
    pub(crate) control: Arc<Control>,
    pub(crate) held: Held,
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        // Whether the guest reads the answer to its end changes nothing here.
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        if !self.held.reserve(egress::HEAD_BYTES_MAX as u64, &self.control) {
            return Box::new(async {
                Err(Error::InternalError(Some("no memory is left for an answer".into())))
            });
        }
        match egress::permitted(request, &self.grants.egress, &self.secrets) {
            Ok((request, to)) => {
                let (network, control) = (self.network.clone(), self.control.clone());
                Box::new(network.send(request, to, options.unwrap_or_default(), control))
            }
            Err(error) => Box::new(async { Err(error) }),
        }
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES_MAX
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES_MAX
    }
}

/// Bytes of a body that wait on the host to be sent, twice at most: what a guest writes at once.
const BODY_CHUNK_BYTES_MAX: usize = 64 << 10;

/// What drives a connection until its exchange is over.
type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
