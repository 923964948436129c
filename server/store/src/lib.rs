//! Where Skep keeps things: SQLite, and files by their hash.
//!
//! Implements the ports of `skep-domain` and knows nothing of HTTP or Wasm. No transaction leaves
//! this crate: one method is one transaction, and many methods share one commit.

mod artifacts;
mod sqlite;

pub use artifacts::FileArtifacts;
pub use sqlite::{DataDirectory, SqliteStore};
