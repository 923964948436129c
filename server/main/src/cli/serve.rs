//! `skep serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use crate::server::{Config, Server};
use crate::telemetry;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "SKEP_LISTEN", default_value = "127.0.0.1:7070", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The data directory
    #[arg(long, env = "SKEP_DATA", default_value = "./skep-data", value_name = "DIRECTORY")]
    data: PathBuf,
    /// Threads that run guests [default: one a core]
    #[arg(long, env = "SKEP_THREADS", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Guests that may live at once [default: up to 1000, by what the machine allows]
    #[arg(long, env = "SKEP_INSTANCES", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    instances: Option<u32>,
    /// How long running jobs may go on when the server is told to stop
    #[arg(long, env = "SKEP_GRACE_SECONDS", default_value_t = 10, value_name = "SECONDS")]
    grace_seconds: u64,
}

pub(super) fn serve(arguments: Arguments, log: &str) -> Result<ExitCode, Failure> {
    telemetry::start(log);
    let defaults = skep_engine::Config::default();
    let server = Server::start(&Config {
        listen: arguments.listen,
        data: arguments.data,
        threads: arguments.threads.map_or(defaults.threads, usize::from),
        instances: arguments.instances.unwrap_or(defaults.instances),
        grace: Duration::from_secs(arguments.grace_seconds),
    })?;
    let output = super::output::Output { json: false };
    output.line(&format!("skep listens on http://{}", server.address()));
    output.line(&format!("the admin key is in {}", server.key_file().display()));
    server.wait_for_signal()?;
    server.stop();
    Ok(ExitCode::SUCCESS)
}
