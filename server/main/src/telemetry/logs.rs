//! Logs to stderr: for people on a terminal, JSON elsewhere.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Starts logging. Where it was started before, nothing changes.
pub(crate) fn start(filter: &str) {
    // The HTTP server tells of each start in its own words, and of each stranger's nonsense.
    let quiet = if filter.contains("actix") { "" } else { ",actix_server=warn,actix_http=off" };
    let filter = EnvFilter::try_new(format!("{filter}{quiet}"));
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(format!("info{quiet}")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let _ = if stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}
