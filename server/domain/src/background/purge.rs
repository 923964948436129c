//! Takes away what was deleted, what is older than it is kept, and receipts that have served.

use std::sync::Arc;
use std::time::Duration;

use crate::base::Base;
use crate::error::Result;
use crate::model::receipt;
use crate::model::time::Millis;
use crate::port::store::{Purged, Store};
use crate::tasks::Wake;

/// How often it is looked for without a wake-up.
const INTERVAL: Duration = Duration::from_secs(60);
/// The pause between two parts: the store has other work.
const BREATH: Duration = Duration::from_millis(10);

/// Purges a part of what there is. Says whether there may be more.
///
/// # Errors
/// If the store fails.
pub async fn tick(store: &dyn Store, kept_ms: Option<u64>, now: Millis) -> Result<Purged> {
    let before = |ms: u64| Millis(now.0.saturating_sub(ms));
    let receipts = store.receipt_purge(before(receipt::KEPT_MS)).await?;
    let purged = store.purge(kept_ms.map(before), now).await?;
    Ok(if receipts > 0 { Purged::Some } else { purged })
}

/// Ticks until the tasks are stopped.
pub async fn run(base: Arc<Base>) {
    loop {
        let kept_ms = base.limits.runs_kept_ms;
        let pause = match tick(&*base.store, kept_ms, base.clock.now()).await {
            Ok(Purged::Some) => BREATH,
            Ok(Purged::Nothing) => {
                if let Err(error) = base.model_files.sweep(&*base.store).await {
                    tracing::error!(
                        error = error.chain(),
                        "files of models could not be swept; trying again"
                    );
                }
                INTERVAL
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "purging failed; trying again");
                INTERVAL
            }
        };
        tokio::select! {
            () = base.tasks.woken(Wake::Purge) => {}
            () = tokio::time::sleep(pause) => {}
            () = base.tasks.stopping() => return,
        }
    }
}
