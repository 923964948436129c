//! What services and background work stand on: the ports, the ids, the limits, the driver.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::id::{Ids, JobId};
use crate::model::limits::Limits;
use crate::model::log::Line;
use crate::model::price::Prices;
use crate::port::artifacts::Artifacts;
use crate::port::clock::Clock;
use crate::port::credentials::Credentials;
use crate::port::sandbox::{LogSink, Sandbox};
use crate::port::store::Store;
use crate::signals::Signals;
use crate::tasks::Tasks;

/// Everything that is shared.
pub struct Base {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Files by hash.
    pub artifacts: Arc<dyn Artifacts>,
    /// Where guests run.
    pub sandbox: Arc<dyn Sandbox>,
    /// Keys, passwords, tokens.
    pub credentials: Arc<dyn Credentials>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// What things cost.
    pub prices: Prices,
    /// Sizes and counts.
    pub limits: Limits,
    /// Work that outlives a request, and who to wake.
    pub tasks: Tasks,
    /// Who is to be told of what.
    pub signals: Signals,
}

/// Writes the lines of long attempts to the store as they come.
pub struct Recorder {
    store: Arc<dyn Store>,
    signals: Signals,
}

impl Recorder {
    /// A recorder into the store.
    pub fn new(base: &Base) -> Self {
        Self { store: base.store.clone(), signals: base.signals.clone() }
    }
}

#[async_trait]
impl LogSink for Recorder {
    async fn keep(&self, job: JobId, attempt: u32, lines: Vec<Line>) -> Result<()> {
        self.store.log_append(job, attempt, lines).await?;
        self.signals.tell(job.to_u128());
        Ok(())
    }
}
