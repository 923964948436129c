//! What the product asks of the outside, as traits: a store, an artifact store, a sandbox, a clock.

pub mod artifacts;
pub mod clock;
pub mod sandbox;
pub mod store;
