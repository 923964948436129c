//! Takes back the jobs of workers that nothing is heard of, and of those that were cancelled.

use std::sync::Arc;
use std::time::Duration;

use crate::base::Base;
use crate::error::Result;
use crate::model::time::Millis;
use crate::model::worker::HELD_MS_MAX;
use crate::port::store::Lost;
use crate::tasks::Wake;

/// How often it is looked without a wake-up.
const INTERVAL: Duration = Duration::from_secs(1);

/// Ends the attempts that are lost, and tells whoever waits for them. Nobody could say anything before the server
/// began: silence counts from then on.
///
/// # Errors
/// If the store fails.
pub async fn tick(base: &Base, began: Millis, now: Millis) -> Result<()> {
    let silence = base.limits.worker_patience.busy_ms;
    let is_begun = now.0.saturating_sub(began.0) >= silence;
    let lost = Lost {
        heard_before: if is_begun { Millis(now.0.saturating_sub(silence)) } else { Millis(0) },
        taken_before: Millis(now.0.saturating_sub(HELD_MS_MAX)),
    };
    let reaped = base.store.worker_reap(lost, now).await?;
    for (job, run) in &reaped {
        base.signals.tell(job.to_u128());
        base.signals.tell(run.to_u128());
    }
    if !reaped.is_empty() {
        tracing::info!(jobs = reaped.len(), "jobs of workers are taken back");
        base.tasks.wake(Wake::Dispatch);
    }
    Ok(())
}

/// Ticks until the tasks are stopped.
pub async fn run(base: Arc<Base>) {
    let began = base.clock.now();
    loop {
        if let Err(error) = tick(&base, began, base.clock.now()).await {
            tracing::error!(error = error.chain(), "jobs of workers could not be taken back; trying again");
        }
        tokio::select! {
            () = base.tasks.woken(Wake::Reap) => {}
            () = tokio::time::sleep(INTERVAL) => {}
            () = base.tasks.stopping() => return,
        }
    }
}
