//! The nouns, and the pure decisions about them. Nothing here does I/O or asks the time.

pub mod account;
pub mod attempt;
pub mod fairness;
pub mod function;
pub mod id;
pub mod job;
pub mod labels;
pub mod limits;
pub mod log;
pub mod money;
mod name;
mod named;
pub mod page;
pub mod price;
pub mod receipt;
pub mod retry;
pub mod run;
pub mod runtime;
pub mod scope;
pub mod selection;
pub mod settings;
pub mod source;
pub mod step;
pub mod time;
pub mod token;
pub mod trace;
pub mod usage;
