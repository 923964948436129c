//! What the benches share: a server in a process of its own, clients that load it, and baselines.
//!
//! A bench's executable is the server too: it starts itself with the arguments of `skep`, so that a
//! bench needs no other binary and measures the code that it was built with.

pub mod baseline;
pub mod get;
pub mod load;
pub mod others;
pub mod raw_sqlite;
pub mod server;

use std::io::Write;

/// Whether to measure (`cargo bench`), or only to show that the bench runs (`cargo test`).
pub fn is_measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Prints a line of a report.
pub fn report(line: &str) {
    // A reader that went away is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{line}");
}
