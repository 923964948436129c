//! What the product asks of the outside, as traits: a store, an artifact store, a sandbox, a clock, secrets, telemetry.

pub mod artifacts;
pub mod clock;
pub mod credentials;
pub mod expressions;
pub mod http_guest;
pub mod post;
pub mod sandbox;
pub mod store;
pub mod telemetry;
pub mod wording;
