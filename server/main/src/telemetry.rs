//! What is told to whoever watches the server: logs, metrics, spans.

mod logs;
mod metrics;
mod process;
mod spans;

use skep_domain::Result;
use skep_domain::port::telemetry::{Span, Telemetry};

pub(crate) use self::logs::start as start_logs;
use self::metrics::Metrics;
use self::spans::Spans;

/// The server's metrics, and where its spans go.
pub(crate) struct HostTelemetry {
    metrics: Metrics,
    spans: Option<Spans>,
}

impl HostTelemetry {
    /// Spans go to an endpoint of OTLP over HTTP, if one is named.
    ///
    /// # Errors
    /// If the endpoint is no URL.
    pub(crate) fn new(otlp_endpoint: Option<&str>) -> Result<Self> {
        Ok(Self { metrics: Metrics::install()?, spans: otlp_endpoint.map(Spans::to).transpose()? })
    }

    /// Tidies up what metrics gather; to be called now and then.
    pub(crate) fn upkeep(&self) {
        self.metrics.upkeep();
    }

    /// Sends what is left.
    pub(crate) fn stop(&self) {
        if let Some(spans) = &self.spans {
            spans.stop();
        }
    }
}

impl Telemetry for HostTelemetry {
    fn wants_spans(&self) -> bool {
        self.spans.is_some()
    }

    fn span(&self, span: Span) {
        if let Some(spans) = &self.spans {
            spans.send(span);
        }
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }
}
