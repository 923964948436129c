//! How a server is set up: flag > environment > file > default. Unknown names in the file are errors.

mod file;
mod prices;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skep_domain::model::image::Images;
use skep_domain::model::limits::Limits;
use skep_domain::model::price::Prices;
use skep_domain::{Error, Result};
use skep_engine::{Block, Worker};

use self::file::File;
pub(crate) use self::file::own_compiler;
use crate::credentials::Issuer;

/// How a server is set up.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where it listens; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Its data directory.
    pub(crate) data: PathBuf,
    /// Threads that run guests.
    pub(crate) threads: usize,
    /// Guests that may live at once.
    pub(crate) instances: u32,
    /// The child that compiles.
    pub(crate) compiler: Worker,
    /// What the build of a version may take.
    pub(crate) builds: skep_engine::Limits,
    /// Bytes of disk for the scratch files of all guests together.
    pub(crate) scratch_disk_bytes_max: u64,
    /// Addresses that guests' requests may go to, beside those that the whole world can reach.
    pub(crate) egress_blocks: Vec<Block>,
    /// In which steps guests' clocks move.
    pub(crate) clock_resolution: Duration,
    /// Threads and memory for inference.
    pub(crate) inference: skep_inference::Config,
    /// How long running jobs may go on when the server stops.
    pub(crate) grace: Duration,
    /// What things cost.
    pub(crate) prices: Prices,
    pub(crate) images: Images,
    /// Other issuers whose tokens are taken.
    pub(crate) issuers: Vec<Issuer>,
    /// Sizes and counts.
    pub(crate) limits: Limits,
    /// Where spans are sent, by OTLP over HTTP.
    pub(crate) otlp_endpoint: Option<String>,
    /// What is logged.
    pub(crate) log: String,
}

/// What a command line or the environment says; it goes before the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) threads: Option<u16>,
    pub(crate) instances: Option<u32>,
    pub(crate) grace_seconds: Option<u64>,
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) log: Option<String>,
}

/// Where a server listens if nobody says.
pub(crate) const LISTEN: &str = "127.0.0.1:7070";
/// Where its data lies if nobody says.
pub(crate) const DATA: &str = "./skep-data";
/// How long running jobs may go on if nobody says.
pub(crate) const GRACE_SECONDS: u64 = 10;
/// What is logged if nobody says.
pub(crate) const LOG: &str = "info";

impl Config {
    /// Reads the file, if there is one, and puts what the overrides say over it.
    ///
    /// # Errors
    /// Which file cannot be read, and which name or value in it is at fault.
    pub(crate) fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self> {
        let file = file.map_or_else(|| Ok(File::default()), File::read)?;
        let engine = skep_engine::Config::default();
        let server = file.server;
        let listen = match overrides.listen.or(server.listen) {
            Some(listen) => listen,
            None => LISTEN.parse().map_err(Error::internal)?,
        };
        let log = overrides.log.or(file.telemetry.log).unwrap_or_else(|| LOG.into());
        check_log(&log)?;
        let grace = overrides.grace_seconds.or(server.grace_seconds).unwrap_or(GRACE_SECONDS);
        Ok(Self {
            listen,
            data: overrides.data.or(server.data).unwrap_or_else(|| DATA.into()),
            threads: overrides.threads.or(server.threads).map_or(engine.threads, usize::from),
            instances: overrides.instances.or(server.instances).unwrap_or(engine.instances),
            compiler: file.compiler.read()?,
            builds: file.builds.read()?,
            inference: file.inference.read()?,
            scratch_disk_bytes_max: server.scratch_disk_bytes_max.unwrap_or(skep_engine::DISK_BYTES_MAX),
            egress_blocks: file.egress.read()?,
            clock_resolution: server
                .clock_resolution_us
                .map_or(engine.clock_resolution, Duration::from_micros),
            grace: Duration::from_secs(grace),
            prices: prices::read(file.prices)?,
            issuers: file.issuers.into_iter().map(file::IssuerEntry::read).collect::<Result<_>>()?,
            limits: Limits {
                has_anonymous: file.tork.has_anonymous(listen)?,
                ..file.limits.read(&file.accounts)?
            },
            images: Images::with(file.images)?,
            otlp_endpoint: overrides.otlp_endpoint.or(file.telemetry.otlp_endpoint),
            log,
        })
    }
}

/// What is no level would be taken for the name of a module, and nothing be logged.
fn check_log(filter: &str) -> Result<()> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |text: &str| LEVELS.contains(&text.to_ascii_lowercase().as_str());
    let fits = |part: &str| is_level(part.rsplit_once('=').map_or(part, |(_, level)| level));
    match filter.split(',').find(|part| !fits(part.trim())) {
        None => Ok(()),
        Some(part) => Err(Error::invalid(format!(
            "\"{part}\" is no log filter: it is one of {}, or MODULE=LEVEL, and several with commas",
            LEVELS.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests;
