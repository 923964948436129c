//! Spans by OTLP over HTTP, in groups and from a thread of their own: nobody waits for a collector, and what
//! it does not take is lost.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor};
use skep_domain::port::telemetry::{self, Span};
use skep_domain::{Error, Result};
use ureq::Agent;
use ureq::http::{Request, Response};

/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What a collector may answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

pub(super) struct Spans {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Spans {
    pub(super) fn to(endpoint: &str) -> Result<Self> {
        let at_fault = |why: &str| Error::invalid(format!("the OTLP endpoint \"{endpoint}\" {why}"));
        if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
            return Err(at_fault("is no URL: it begins with http:// or https://"));
        }
        let agent = Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { agent: agent.into() })
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| at_fault("cannot be used").caused_by(error))?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name("skep").with_attribute(version).build();
        processor.set_resource(&resource);
        Ok(Self { processor, scope: InstrumentationScope::builder("skep").build() })
    }

    pub(super) fn send(&self, span: Span) {
        let at = |nanos: u64| UNIX_EPOCH + Duration::from_nanos(nanos);
        self.processor.on_end(self.data(span, at));
    }

    pub(super) fn stop(&self) {
        if let Err(error) = self.processor.shutdown() {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }

    fn data(&self, span: Span, at: impl Fn(u64) -> SystemTime) -> SpanData {
        let (trace, id) = (TraceId::from_bytes(span.at.id.to_be_bytes()), SpanId::from(span.at.span));
        let attributes = span.attributes.into_iter().map(|(name, value)| KeyValue::new(name, value));
        SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from),
            parent_span_is_remote: span.kind == telemetry::SpanKind::Server,
            span_kind: match span.kind {
                telemetry::SpanKind::Server => SpanKind::Server,
                telemetry::SpanKind::Consumer => SpanKind::Consumer,
            },
            name: span.name.into(),
            start_time: at(span.started_nanos),
            end_time: at(span.ended_nanos),
            attributes: attributes.collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.failure.map_or(Status::Unset, Status::error),
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// Sends by the client that the command line uses too. It blocks, on the exporter's own thread.
#[derive(Debug)]
struct Client {
    agent: Agent,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.to_vec());
        let (parts, mut body) = self.agent.run(request)?.into_parts();
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}
