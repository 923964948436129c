//! What Skep means by an account, a function, a run and a job. No I/O, no clock, no SQL, no HTTP.
//!
//! Inside, arrows point down too: [`model`] names nothing, [`port`] names `model`, [`service`] and
//! [`background`] name both.
#![warn(missing_docs)]

pub mod background;
pub mod error;
pub mod model;
pub mod port;
pub mod service;

pub use error::{Code, Error, Result};
