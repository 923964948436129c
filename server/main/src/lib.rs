//! Puts the parts together: reads the configuration, wires engine, store and API, and speaks to the
//! operator. Only here are the clock, the environment and the terminal.

mod cli;
mod clock;
mod sandbox;
mod server;
mod telemetry;

pub use cli::run;
