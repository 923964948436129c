//! Writes once a second what HTTP functions used: a request leaves no row of its own, and a crash loses the
//! last second of their usage.

use std::sync::Arc;
use std::time::Duration;

use crate::base::Base;
use crate::error::Result;
use crate::meter::Meter;
use crate::port::store::Store;

/// How often it is written.
const INTERVAL: Duration = Duration::from_secs(1);

/// Writes what there is.
///
/// # Errors
/// If the store fails; then it is written with what comes next.
pub async fn tick(store: &dyn Store, meter: &Meter) -> Result<()> {
    let lines = meter.take();
    if lines.is_empty() {
        return Ok(());
    }
    store.usage_add(lines.clone()).await.inspect_err(|_| meter.put_back(lines))
}

/// Ticks until the tasks are stopped, and once more.
pub async fn run(base: Arc<Base>) {
    loop {
        let is_last = tokio::select! {
            () = tokio::time::sleep(INTERVAL) => false,
            () = base.tasks.stopping() => true,
        };
        if let Err(error) = tick(&*base.store, &base.meter).await {
            tracing::error!(error = error.chain(), "usage could not be written; trying again");
        }
        if is_last {
            return;
        }
    }
}
