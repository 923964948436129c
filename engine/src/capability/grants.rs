//! What an invocation is granted beyond its own memory.

use std::path::PathBuf;

use skep_inference::Batching;

use super::http::{EgressRule, Secret};

/// What a guest may reach outside its sandbox. Nothing, by default.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Where it may send requests.
    pub egress: Vec<EgressRule>,
    /// What it may send without knowing it.
    pub secrets: Vec<Secret>,
    /// Models that it may load by name.
    pub models: Vec<GrantedModel>,
    /// The host's network as it is: sockets and names. For code that is trusted.
    pub network: bool,
}

/// A model that a guest may load by its name. It was taken before: nothing looks for harm in it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedModel {
    /// What the guest calls it.
    pub name: String,
    /// The SHA-256 of its file.
    pub hash: [u8; 32],
    /// Its file.
    pub file: PathBuf,
    /// How its inferences may be computed together; none where they may not.
    pub batching: Option<Batching>,
    /// Whose inferences of it may be computed together: those of guests that are granted the same number.
    pub scope: u128,
}
