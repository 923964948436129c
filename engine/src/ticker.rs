//! The thread that advances the epoch each millisecond, so that no guest keeps a thread longer.

use std::thread;
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::error::Error;

/// How long a guest may run before it must let others: one epoch.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Starts the thread. It holds the runtime weakly, so it ends when the engine does.
pub(crate) fn start(engine: EngineWeak) -> Result<(), Error> {
    thread::Builder::new()
        .name("skep-epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(Error::files("starting its clock"))
}
