//! `skep serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::failure::Failure;
use crate::config::{Config, Overrides};
use crate::server::Server;
use crate::telemetry;

#[derive(Args)]
pub(super) struct Arguments {
    /// A configuration file; what is said here and in the environment goes before it
    #[arg(long, env = "SKEP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:7070]
    #[arg(long, env = "SKEP_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The data directory [default: ./skep-data]
    #[arg(long, env = "SKEP_DATA", value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Threads that run guests [default: one a core]
    #[arg(long, env = "SKEP_THREADS", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Guests that may live at once [default: up to 1000, by what the machine allows]
    #[arg(long, env = "SKEP_INSTANCES", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    instances: Option<u32>,
    /// How long running jobs may go on when the server is told to stop [default: 10]
    #[arg(long, env = "SKEP_GRACE_SECONDS", value_name = "SECONDS")]
    grace_seconds: Option<u64>,
    /// Where to send spans, by OTLP over HTTP: http://127.0.0.1:4318
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// What to log: error, warn, info, debug, or by module as in skep=debug [default: info]
    #[arg(long, env = "SKEP_LOG", value_name = "FILTER")]
    log: Option<String>,
}

/// Takes as many open files as the machine allows: a connection is one, and the usual soft limit is for programs
/// that use `select`.
fn raise_files() {
    let most = getrlimit(Resource::Nofile).maximum;
    // With fewer it works, too.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
}

pub(super) fn serve(arguments: Arguments) -> Result<ExitCode, Failure> {
    let overrides = Overrides {
        listen: arguments.listen,
        data: arguments.data,
        threads: arguments.threads,
        instances: arguments.instances,
        grace_seconds: arguments.grace_seconds,
        otlp_endpoint: arguments.otlp_endpoint,
        log: arguments.log,
    };
    let config = Config::load(arguments.config.as_deref(), overrides)?;
    telemetry::start_logs(&config.log);
    raise_files();
    // What it writes is its own.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let server = Server::start(&config)?;
    let output = super::output::Output { json: false };
    output.line(&format!("skep listens on http://{}", server.address()));
    if server.key_file().is_file() {
        output.line(&format!("the admin key is in {}", server.key_file().display()));
    }
    server.wait_for_signal()?;
    server.stop();
    Ok(ExitCode::SUCCESS)
}
