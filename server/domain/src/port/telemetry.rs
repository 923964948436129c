//! What is told to whoever watches the server: spans, and a page of metrics.

use crate::model::trace::Trace;

/// Something that was done, and took a while.
#[derive(Debug, Clone)]
pub struct Span {
    /// Its trace, and its own id.
    pub at: Trace,
    /// The id of the span that it is part of, if it has one.
    pub parent: Option<u64>,
    /// What was done: few different texts.
    pub name: String,
    /// Who did it.
    pub kind: SpanKind,
    /// When it began, in Unix nanoseconds.
    pub started_nanos: u64,
    /// When it was over.
    pub ended_nanos: u64,
    /// More about it: dotted names.
    pub attributes: Vec<(&'static str, String)>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// Who did what a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// A request was answered.
    Server,
    /// A job's attempt was made.
    Consumer,
}

/// Takes spans, and has the metrics.
pub trait Telemetry: Send + Sync {
    /// Whether anybody wants spans.
    fn wants_spans(&self) -> bool;

    /// Takes a span; never waits.
    fn span(&self, span: Span);

    /// All metrics, in the text format of Prometheus.
    fn metrics(&self) -> String;
}
