//! Work that no request waits for. Each part takes no input, reads the state again, and acts
//! idempotently; a wake-up only says that now is a good time, so happy path and recovery are one.

pub mod appetite;
pub mod cancel;
pub mod dispatch;
pub mod meter;
pub mod purge;
pub mod reap;
pub mod ticks;
pub mod turns;
