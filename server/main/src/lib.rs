//! Puts the parts together: reads the configuration, wires engine, store and API, and speaks to the
//! operator. Only here are the clock, the environment and the terminal.

mod cli;
mod clock;
mod config;
mod credentials;
mod expressions;
mod post;
mod runtimes;
mod sandbox;
mod server;
mod telemetry;

pub use cli::run;
pub use server::services;

/// What a guest needs is made on one thread and freed on another, at a high rate: the system's
/// allocator takes a lock for that, mimalloc does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
