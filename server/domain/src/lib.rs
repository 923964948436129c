//! What Skep means by an account, a function, a run and a job. No I/O, no clock, no SQL, no HTTP.
//!
//! Inside, arrows point down too: [`error`] names nothing, [`model`] names it, [`port`] names `model`,
//! [`base`] names `port`, and [`service`] and [`background`], strangers to each other, name all of these.
#![warn(missing_docs)]

pub mod background;
pub mod base;
pub mod error;
pub mod meter;
pub mod model;
pub mod model_files;
pub mod port;
pub mod service;
pub mod signals;
pub mod tasks;

pub use error::{Code, Error, Result};
