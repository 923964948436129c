//! What dialects have in common: who asks, what they send, how a no becomes a status.

pub(crate) mod allowed;
pub(crate) mod body;
pub(crate) mod date;
pub(crate) mod failure;
pub(crate) mod health;
pub(crate) mod observe;
pub(crate) mod once;
pub(crate) mod panics;
pub(crate) mod params;
pub(crate) mod refusals;
pub(crate) mod status;
pub(crate) mod stream;
