//! What services and background work stand on: the ports, the ids, the limits, the driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::error::Result;
use crate::meter::Meter;
use crate::model::attempt::{Attempt, Outcome};
use crate::model::id::{Ids, JobId};
use crate::model::image::Images;
use crate::model::limits::Limits;
use crate::model::log::Line;
use crate::model::price::Prices;
use crate::model::trace::Trace;
use crate::model_files::ModelFiles;
use crate::port::artifacts::Artifacts;
use crate::port::clock::Clock;
use crate::port::credentials::Credentials;
use crate::port::expressions::Expressions;
use crate::port::http_guest::HttpGuest;
use crate::port::post::Post;
use crate::port::sandbox::{Assignment, Record, Sandbox};
use crate::port::store::Store;
use crate::port::telemetry::{Span, SpanKind, Telemetry};
use crate::port::wording::Wording;
use crate::signals::Signals;
use crate::tasks::{Tasks, Wake};

/// Everything that is shared.
pub struct Base {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Files by hash.
    pub artifacts: Arc<dyn Artifacts>,
    /// Files of models.
    pub model_files: ModelFiles,
    /// Where guests run.
    pub sandbox: Arc<dyn Sandbox>,
    /// Keys, passwords, tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Where expressions are evaluated.
    pub expressions: Arc<dyn Expressions>,
    /// Who sends what is to be told.
    pub post: Arc<dyn Post>,
    /// Who finds the words for it.
    pub wording: Arc<dyn Wording>,
    /// Who watches the server.
    pub telemetry: Arc<dyn Telemetry>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// What things cost.
    pub prices: Prices,
    /// What stands for images.
    pub images: Images,
    /// Sizes and counts.
    pub limits: Limits,
    /// Work that outlives a request, and who to wake.
    pub tasks: Tasks,
    /// Who is to be told of what.
    pub signals: Signals,
    /// CPU time of all attempts of this life.
    pub cpu_nanos: AtomicU64,
    /// Where HTTP functions run.
    pub http_guest: Arc<dyn HttpGuest>,
    /// What HTTP functions used and is not written yet.
    pub meter: Meter,
    /// Goes up whenever a function or an account changes.
    pub revision: Revision,
}

/// A number that goes up: what was remembered under another may not be so any more.
#[derive(Default)]
pub struct Revision(AtomicU64);

impl Revision {
    /// The number now.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Goes up, once the change is in the store.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Base {
    /// The next place in a trace: in that of a parent, or else in a new one.
    pub fn trace(&self, parent: Option<Trace>) -> Trace {
        let now = self.clock.now();
        let (id, span): (JobId, JobId) = (self.ids.next(now), self.ids.next(now));
        let span = (span.to_u128() as u64).max(1);
        Trace { id: parent.map_or(id.to_u128(), |parent| parent.id), span }
    }

    /// Tells of an attempt that is over, to whoever watches.
    pub fn attempted(&self, assignment: &Assignment, attempt: &Attempt) {
        let (trace, wall_nanos) = (assignment.recipe.trace, attempt.usage.wall_nanos);
        let failure = match &attempt.outcome {
            Outcome::Succeeded(_) => None,
            Outcome::Failed(failure) => Some(failure.code.name()),
        };
        let outcome = failure.unwrap_or("succeeded");
        metrics::counter!("skep_attempts_total", "outcome" => outcome).increment(1);
        // Counters count in whole numbers: seconds are made of the sum, not each rounded.
        let cpu = self.cpu_nanos.fetch_add(attempt.usage.cpu_nanos, Ordering::Relaxed);
        metrics::counter!("skep_attempt_cpu_seconds_total")
            .absolute((cpu + attempt.usage.cpu_nanos) / 1_000_000_000);
        if tracing::enabled!(tracing::Level::DEBUG) {
            let id = trace.map(|trace| trace.to_string()).unwrap_or_default();
            tracing::debug!(trace.id = id, job.id = %assignment.job, outcome, duration_ms = wall_nanos / 1_000_000, "attempt");
        }
        if !self.telemetry.wants_spans() {
            return;
        }
        let ended_nanos = self.clock.nanos();
        self.telemetry.span(Span {
            at: self.trace(trace),
            parent: trace.map(|trace| trace.span),
            name: "attempt".to_owned(),
            kind: SpanKind::Consumer,
            started_nanos: ended_nanos.saturating_sub(wall_nanos),
            ended_nanos,
            attributes: vec![
                ("job.id", assignment.job.to_string()),
                ("run.id", assignment.recipe.run.to_string()),
                ("account.id", assignment.account.to_string()),
                ("function.name", assignment.recipe.function.clone()),
                ("job.attempt", assignment.attempt.to_string()),
                ("job.outcome", outcome.to_owned()),
            ],
            failure: failure.map(str::to_owned),
        });
    }
}

/// Writes what long attempts say to the store as it comes.
pub struct Recorder {
    base: Arc<Base>,
}

impl Recorder {
    /// A recorder into the store.
    pub fn new(base: &Arc<Base>) -> Self {
        Self { base: base.clone() }
    }
}

#[async_trait]
impl Record for Recorder {
    async fn lines(&self, job: JobId, attempt: u32, lines: Vec<Line>) -> Result<()> {
        self.base.store.log_append(job, attempt, lines).await?;
        self.base.signals.tell(job.to_u128());
        Ok(())
    }

    async fn progress(&self, job: JobId, attempt: u32, percent: u8) -> Result<()> {
        self.base.store.job_progress(job, attempt, percent, self.base.clock.now()).await?;
        self.base.tasks.wake(Wake::Webhooks);
        Ok(())
    }
}
