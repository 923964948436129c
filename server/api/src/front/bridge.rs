//! The routes, which are actix-web's, for requests that came over connections of hyper's.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::PayloadError;
use actix_http::header::{HeaderName, HeaderValue};
use actix_http::{Method, Payload, Uri, Version};
use actix_service::boxed::{BoxService, service};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{AppConfig, ServiceResponse};
use bytes::Bytes;
use futures_util::Stream;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::Executor;
use skep_domain::port::http_guest;
use skep_domain::service::Services;

use super::Local;

/// A copy of the routes.
pub(super) struct Routes {
    service: BoxService<actix_http::Request, ServiceResponse<BoxBody>, actix_web::Error>,
}

/// The body of an answer.
pub(super) enum Body {
    /// A function's.
    Function(http_guest::Body),
    /// A route's.
    Route(BoxBody),
}

impl Routes {
    pub(super) async fn new(services: Services) -> Option<Self> {
        let factory = crate::app(services).into_factory().map(ServiceResponse::map_into_boxed_body);
        let routes = factory.new_service(AppConfig::default()).await.ok()?;
        Some(Self { service: service(routes) })
    }

    pub(super) async fn answer(
        &self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<http::Response<Body>, io::Error> {
        let Some(request) = to_routes(request, peer) else {
            return Ok(bad_request());
        };
        let response =
            self.service.call(request).await.map_err(|error| io::Error::other(error.to_string()))?;
        from_routes(response.into_parts().1)
    }
}

/// The answer to what is no request that anything here could take.
pub(super) fn bad_request() -> http::Response<Body> {
    let mut refused = http::Response::new(Body::none());
    *refused.status_mut() = http::StatusCode::BAD_REQUEST;
    refused
}

impl Body {
    pub(super) fn none() -> Self {
        Self::Route(BoxBody::new(()))
    }
}

/// A request as the routes know it; nothing for a method or a path that is none.
fn to_routes(request: http::Request<Incoming>, peer: SocketAddr) -> Option<actix_http::Request> {
    let (parts, body) = request.into_parts();
    let payload = match body.is_end_stream() {
        true => Payload::None,
        false => {
            let chunks = Chunks { body: Some(body) };
            Payload::Stream { payload: Box::pin(chunks) as Pin<Box<dyn Stream<Item = _>>> }
        }
    };
    let mut request = actix_http::Request::with_payload(payload);
    let head = request.head_mut();
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    head.uri = parts.uri.to_string().parse::<Uri>().ok()?;
    head.version = if parts.version == http::Version::HTTP_2 { Version::HTTP_2 } else { Version::HTTP_11 };
    head.peer_addr = Some(peer);
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

fn from_routes(response: actix_web::HttpResponse<BoxBody>) -> Result<http::Response<Body>, io::Error> {
    let (head, body) = response.into_parts();
    let mut response = http::Response::builder().status(head.status().as_u16());
    for (name, value) in head.headers() {
        response = response.header(name.as_str(), value.as_bytes());
    }
    // What is a body without a type is told by its length alone.
    response.body(Body::Route(body)).map_err(io::Error::other)
}

/// How long what nobody wants to read is read on: a client that still sends would find its connection broken, and
/// never see why it was refused.
const LINGER: Duration = Duration::from_secs(5);
/// And how much of it.
const LINGER_BYTES_MAX: usize = 256 << 20;

/// A request's body as the routes read it; nothing once it is over.
struct Chunks {
    body: Option<Incoming>,
}

impl Drop for Chunks {
    fn drop(&mut self) {
        if let Some(mut body) = self.body.take().filter(|body| !body.is_end_stream()) {
            let drain = async move {
                let mut left = LINGER_BYTES_MAX;
                while let Some(Ok(frame)) = body.frame().await {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    let Some(less) = left.checked_sub(length) else { return };
                    left = less;
                }
            };
            Local.execute(async move { drop(tokio::time::timeout(LINGER, drain).await) });
        }
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            let Poll::Ready(frame) = Pin::new(body).poll_frame(context) else {
                return Poll::Pending;
            };
            if !matches!(frame, Some(Ok(_))) {
                self.body = None;
            }
            return Poll::Ready(match frame {
                None => None,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Some(Ok(data)),
                    // Routes have no use for trailers.
                    Err(_) => continue,
                },
                Some(Err(error)) => Some(Err(PayloadError::Io(io::Error::other(error)))),
            });
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Function(body) => Pin::new(body).poll_frame(context),
            Self::Route(body) => Pin::new(body).poll_next(context).map(|chunk| {
                chunk.map(|chunk| chunk.map(Frame::data).map_err(|error| error.to_string().into()))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Function(body) => body.is_end_stream(),
            Self::Route(body) => matches!(body.size(), BodySize::None | BodySize::Sized(0)),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Function(body) => body.size_hint(),
            Self::Route(body) => match body.size() {
                BodySize::None => SizeHint::with_exact(0),
                BodySize::Sized(bytes) => SizeHint::with_exact(bytes),
                BodySize::Stream => SizeHint::new(),
            },
        }
    }
}
