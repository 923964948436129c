//! A queue that is fair between owners, whatever they bring: for guests on threads, and for inferences on devices.
#![warn(missing_docs)]

mod queue;

pub use queue::{Queue, ShareGroup};
