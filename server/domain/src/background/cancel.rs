//! Tells running guests that they are cancelled.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::port::sandbox::Sandbox;
use crate::port::store::Store;
use crate::tasks::{Tasks, Wake};

/// How soon a mark is looked at again whose guest has not begun yet.
const AGAIN: Duration = Duration::from_millis(20);
/// How often marks are looked for without a wake-up.
const INTERVAL: Duration = Duration::from_secs(5);

/// Cancels every running guest whose job is marked. Says whether a marked job's guest is not here
/// (yet): between its claim and its start there is a moment.
///
/// # Errors
/// If the store fails.
pub async fn tick(store: &dyn Store, sandbox: &dyn Sandbox) -> Result<bool> {
    let marked = store.job_cancel_requested().await?;
    let missing = marked.into_iter().filter(|job| !sandbox.cancel(*job)).count();
    Ok(missing > 0)
}

/// Ticks until the tasks are stopped.
pub async fn run(store: Arc<dyn Store>, sandbox: Arc<dyn Sandbox>, tasks: Tasks) {
    loop {
        let pause = match tick(&*store, &*sandbox).await {
            Ok(true) => AGAIN,
            Ok(false) => INTERVAL,
            Err(error) => {
                tracing::error!(error = error.chain(), "cancelling failed; trying again");
                INTERVAL
            }
        };
        tokio::select! {
            () = tasks.woken(Wake::Cancel) => {}
            () = tokio::time::sleep(pause) => {}
            () = tasks.stopping() => return,
        }
    }
}
