//! Ticks of what looks for itself when to look again: schedules, webhooks.

use std::sync::Arc;
use std::time::Duration;

use crate::base::Base;
use crate::error::Result;
use crate::model::time::Millis;
use crate::tasks::Wake;

/// How often is looked without a wake-up.
const INTERVAL: Duration = Duration::from_secs(1);

/// Ticks until the tasks are stopped. A tick is told the time, and says when the next time comes.
pub async fn run<T: Future<Output = Result<Option<Millis>>> + Send>(
    base: Arc<Base>,
    who: Wake,
    tick: impl Fn(Millis) -> T + Send,
) {
    loop {
        let pause = match tick(base.clock.now()).await {
            Ok(next) => {
                let left = next.map(|next| next.0.saturating_sub(base.clock.now().0));
                left.map_or(INTERVAL, |left| Duration::from_millis(left).min(INTERVAL))
            }
            Err(error) => {
                tracing::error!(?who, error = error.chain(), "a tick failed; trying again");
                INTERVAL
            }
        };
        tokio::select! {
            () = base.tasks.woken(who) => {}
            () = tokio::time::sleep(pause) => {}
            () = base.tasks.stopping() => return,
        }
    }
}
