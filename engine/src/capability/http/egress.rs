//! Requests that guests send: checked against the grant, dialled to an address that is checked too, with
//! bounds on time, bytes and connections. Redirects are the guest's to follow, as requests of their own.

use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::Io;
use super::address::{Block, is_allowed};
use super::rule::{Destination, EgressRule};
use super::secret::Secrets;
use super::wire::{Metered, Patient};
use crate::control::Control;

/// Connections of all guests at once. Each costs a socket and some 100 KiB.
const CONNECTIONS_MAX: usize = 1000;
/// Names that are looked up at once, each by a thread.
const LOOKUPS_MAX: usize = 32;
/// How long a name may take to be found, and a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, and to go on, where the guest does not say less.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of the head of an answer.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Fields of the head of an answer.
const HEAD_FIELDS_MAX: usize = 100;

/// The network as guests may use it.
pub(crate) struct Network {
    /// Addresses that the operator adds to those of the whole world.
    added: Vec<Block>,
    places: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    tls: TlsConnector,
}

/// A stream of bytes to somewhere.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Checks a request against the grant and puts secrets in. What is not granted is denied, and it is not said
/// whether it is there.
pub(super) fn permitted(
    mut request: http::Request<WasiBody>,
    rules: &[EgressRule],
    secrets: &Secrets,
) -> Result<(http::Request<WasiBody>, Destination), Error> {
    let to = Destination::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
    let method = request.method().clone();
    // What echoes a request would show what was put into it, and a tunnel is none of what can be granted.
    if matches!(method, Method::TRACE | Method::CONNECT) {
        return Err(Error::HttpRequestDenied);
    }
    let is_granted = rules.iter().any(|rule| rule.allows(&method, &to));
    if !is_granted || !secrets.put_in(request.headers_mut(), &method, &to) {
        return Err(Error::HttpRequestDenied);
    }
    Ok((request, to))
}

impl Network {
    pub(crate) fn new(added: Vec<Block>) -> Self {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("the provider has all protocol versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
        Self {
            added,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            tls: TlsConnector::from(Arc::new(tls)),
        }
    }

    /// Sends a request that is permitted.
    pub(super) async fn send(
        self: Arc<Self>,
        mut request: http::Request<WasiBody>,
        to: Destination,
        options: RequestOptions,
        control: Arc<Control>,
    ) -> Result<(http::Response<WasiBody>, Io), Error> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Error::ConnectionLimitReached)?;
        let places = (place, control.connect().ok_or(Error::ConnectionLimitReached)?);
        let within = |asked: Option<Duration>, most: Duration| asked.unwrap_or(most).min(most);
        let connecting =
            timeout(within(options.connect_timeout, CONNECT_TIMEOUT), self.connect(&to, &control));
        let stream = connecting.await.map_err(|_| Error::ConnectionTimeout)??;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEAD_FIELDS_MAX)
            .handshake(TokioIo::new(stream))
            .await?;
        let connection = Driven::start(connection, places);
        *request.uri_mut() = origin_form(request.uri())?;
        let answer =
            timeout(within(options.first_byte_timeout, ANSWER_TIMEOUT), sender.send_request(request));
        let answer = answer.await.map_err(|_| Error::ConnectionReadTimeout)??;
        let patience = within(options.between_bytes_timeout, ANSWER_TIMEOUT);
        let answer = answer.map(|body| Patient::new(body, patience, connection).boxed_unsync());
        Ok((answer, Box::new(async { Ok(()) })))
    }

    /// Finds the addresses of a name. The system's call cannot be stopped: it keeps its place until it is over,
    /// whoever has gone meanwhile.
    async fn look_up(&self, to: &Destination) -> Result<Vec<SocketAddr>, Error> {
        let place = self.lookups.clone().acquire_owned().await.map_err(|_| unknown_name())?;
        let name = (to.host.clone(), to.port);
        let found = tokio::task::spawn_blocking(move || {
            let found = name.to_socket_addrs().map(Iterator::collect);
            drop(place);
            found
        });
        found.await.ok().and_then(Result::ok).ok_or_else(unknown_name)
    }

    async fn connect(&self, to: &Destination, control: &Arc<Control>) -> Result<Pin<Box<dyn Stream>>, Error> {
        let found = self.look_up(to).await?;
        let allowed: Vec<SocketAddr> =
            found.iter().copied().filter(|address| is_allowed(address.ip(), &self.added)).collect();
        if allowed.is_empty() {
            return Err(if found.is_empty() { unknown_name() } else { Error::DestinationIpProhibited });
        }
        let stream = TcpStream::connect(&allowed[..]).await.map_err(|_| Error::ConnectionRefused)?;
        // Requests are small, and wanted now.
        let _ = stream.set_nodelay(true);
        let stream = Metered::new(stream, control.clone());
        if !to.is_https {
            return Ok(Box::pin(stream));
        }
        let name = ServerName::try_from(to.host.clone()).map_err(|_| unknown_name())?;
        let stream = self.tls.connect(name, stream).await.map_err(|_| Error::TlsProtocolError)?;
        Ok(Box::pin(stream))
    }
}

/// What the server is told of a URI: the path, which is never empty, and the query. Where it is, is in `Host`.
fn origin_form(uri: &Uri) -> Result<Uri, Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{slash}{path}").parse().map_err(|_| Error::HttpRequestUriInvalid)
}

fn unknown_name() -> Error {
    Error::DnsError { rcode: None, info_code: None }
}

/// A connection that is driven on the engine's I/O thread until it is dropped.
pub(super) struct Driven(tokio::task::AbortHandle);

impl Driven {
    fn start(
        connection: impl Future<Output = hyper::Result<()>> + Send + 'static,
        places: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    ) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the engine has an I/O thread of its own")]
        let task = tokio::spawn(async move {
            // What goes wrong is told where the answer is read.
            let _ = connection.await;
            drop(places);
        });
        Self(task.abort_handle())
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}
