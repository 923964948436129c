//! The configuration file, in TOML.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use skep_domain::model::limits::Limits;
use skep_domain::model::scope::Scopes;
use skep_domain::model::worker::Patience;
use skep_domain::{Error, Result};
use skep_engine::{Block, Worker};

use super::prices::PricesSection;
use crate::credentials::Issuer;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) server: ServerSection,
    pub(super) prices: PricesSection,
    pub(super) issuers: Vec<IssuerEntry>,
    pub(super) limits: LimitsSection,
    pub(super) telemetry: TelemetrySection,
    pub(super) egress: EgressSection,
    pub(super) compiler: CompilerSection,
    pub(super) builds: BuildsSection,
    pub(super) inference: InferenceSection,
    pub(super) accounts: AccountsSection,
    pub(super) tork: TorkSection,
    /// `[images]`: patterns of names of images, and the runtime that stands for them.
    pub(super) images: BTreeMap<String, String>,
}

/// `[server]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerSection {
    pub(super) listen: Option<SocketAddr>,
    pub(super) data: Option<PathBuf>,
    pub(super) threads: Option<u16>,
    pub(super) instances: Option<u32>,
    pub(super) scratch_disk_bytes_max: Option<u64>,
    pub(super) grace_seconds: Option<u64>,
    pub(super) clock_resolution_us: Option<u64>,
}

/// `[accounts]`: who may have one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountsSection {
    /// Whether strangers may make accounts for themselves.
    pub(super) registration: bool,
}

/// `[tork]`: who may use the API of that name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TorkSection {
    /// `required`, as where nobody says, or `none`.
    auth: Option<String>,
}

impl TorkSection {
    /// Whether requests without any proof are the admin's: only where nobody else can send any.
    pub(super) fn has_anonymous(&self, listen: SocketAddr) -> Result<bool> {
        match self.auth.as_deref() {
            None | Some("required") => Ok(false),
            Some("none") if listen.ip().is_loopback() => Ok(true),
            Some("none") => {
                let message = format!(
                    "tork.auth = \"none\" lets everybody in who can reach the server, as the admin: listen on 127.0.0.1 instead of {}",
                    listen.ip()
                );
                Err(Error::invalid(message))
            }
            Some(other) => Err(Error::invalid(format!("tork.auth = {other:?}: it must be required or none"))),
        }
    }
}

/// `[egress]`: where guests' requests may go, if they are granted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EgressSection {
    /// Blocks of addresses, beside those that the whole world can reach.
    allow: Vec<String>,
}

impl EgressSection {
    pub(super) fn read(self) -> Result<Vec<Block>> {
        let block =
            |text: &String| text.parse().map_err(|why| Error::invalid(format!("egress.allow: {why}")));
        self.allow.iter().map(block).collect()
    }
}

/// `[compiler]`: what compiling one upload may take.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CompilerSection {
    memory_bytes_max: Option<u64>,
    cpu_seconds: Option<u64>,
    wall_seconds: Option<u64>,
}

/// What is executed again is what runs now, also where its file has been replaced.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// What keeps our allocator from taking a GiB at its start, which would count against the memory allowed.
const ALLOCATOR: &str = "MIMALLOC_ARENA_EAGER_COMMIT";
/// The command of a child that compiles.
const COMPILE_WORKER: &str = "compile-worker";

/// This program, as a compiler with the usual limits.
pub(crate) fn own_compiler() -> Worker {
    let env = vec![(ALLOCATOR.into(), "0".into())];
    Worker { env, ..Worker::new(OWN_PROGRAM.into(), vec![COMPILE_WORKER.into()]) }
}

impl CompilerSection {
    pub(super) fn read(self) -> Result<Worker> {
        let usual = own_compiler();
        let values = [self.memory_bytes_max, self.cpu_seconds, self.wall_seconds];
        if values.contains(&Some(0)) {
            return Err(Error::invalid("what [compiler] allows must be 1 at least"));
        }
        Ok(Worker {
            memory_bytes_max: self.memory_bytes_max.unwrap_or(usual.memory_bytes_max),
            cpu: self.cpu_seconds.map_or(usual.cpu, Duration::from_secs),
            wall: self.wall_seconds.map_or(usual.wall, Duration::from_secs),
            ..usual
        })
    }
}

/// `[inference]`: what computing models may take of this machine.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InferenceSection {
    /// Threads that compute on the processor.
    threads: Option<u16>,
    /// Bytes of the models in memory.
    models_bytes_max: Option<u64>,
    /// Bytes of what one inference computes, at any time.
    inference_bytes_max: Option<u64>,
}

impl InferenceSection {
    pub(super) fn read(self) -> Result<skep_inference::Config> {
        let usual = skep_inference::Config::default();
        let values = [self.threads.map(u64::from), self.models_bytes_max, self.inference_bytes_max];
        if values.contains(&Some(0)) {
            return Err(Error::invalid("what [inference] allows must be 1 at least"));
        }
        Ok(skep_inference::Config {
            threads: self.threads.map_or(usual.threads, usize::from),
            models_bytes_max: self.models_bytes_max.unwrap_or(usual.models_bytes_max),
            inference_bytes_max: self.inference_bytes_max.unwrap_or(usual.inference_bytes_max),
        })
    }
}

/// `[builds]`: what the build of one version may take.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BuildsSection {
    memory_bytes_max: Option<u64>,
    timeout_seconds: Option<u64>,
}

/// Bytes of memory of a build if nobody says.
const BUILD_MEMORY_BYTES_MAX: u64 = 512 << 20;
/// How long a build may take if nobody says.
const BUILD_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes that the host takes of what a build makes, before it looks whether that is too much.
const BUILD_HOSTCALL_BYTES_MAX: u64 = 64 << 20;

impl BuildsSection {
    pub(super) fn read(self) -> Result<skep_engine::Limits> {
        if [self.memory_bytes_max, self.timeout_seconds].contains(&Some(0)) {
            return Err(Error::invalid("what [builds] allows must be 1 at least"));
        }
        let timeout = self.timeout_seconds.map_or(BUILD_TIMEOUT, Duration::from_secs);
        Ok(skep_engine::Limits {
            memory_bytes_max: self.memory_bytes_max.unwrap_or(BUILD_MEMORY_BYTES_MAX),
            hostcall_bytes_max: BUILD_HOSTCALL_BYTES_MAX,
            timeout,
            cpu: timeout,
            ..skep_engine::Limits::default()
        })
    }
}

/// `[telemetry]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TelemetrySection {
    pub(super) otlp_endpoint: Option<String>,
    pub(super) log: Option<String>,
}

/// `[limits]`: sizes and counts; what is not named stays at its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsSection {
    component_bytes_max: Option<usize>,
    runtime_bytes_max: Option<usize>,
    model_bytes_max: Option<usize>,
    models_bytes_max: Option<u64>,
    source_bytes_max: Option<usize>,
    run_body_bytes_max: Option<usize>,
    body_bytes_max: Option<usize>,
    body_stall_ms: Option<u64>,
    arguments_bytes_max: Option<usize>,
    run_jobs_max: Option<usize>,
    invocations_max: Option<usize>,
    streams_max: Option<usize>,
    accounts_max: Option<usize>,
    keys_max: Option<usize>,
    functions_max: Option<usize>,
    versions_max: Option<u32>,
    workers_max: Option<usize>,
    schedules_max: Option<usize>,
    plans_max: Option<usize>,
    webhooks_max: Option<usize>,
    webhook_pause_ms: Option<u64>,
    webhook_attempts_max: Option<u32>,
    worker_idle_ms: Option<u64>,
    worker_busy_ms: Option<u64>,
    /// 0 keeps them for good.
    runs_kept_days: Option<u64>,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl LimitsSection {
    /// What may not be 0 and is.
    fn zero(&self) -> Option<&'static str> {
        let sizes = [
            ("component_bytes_max", self.component_bytes_max),
            ("runtime_bytes_max", self.runtime_bytes_max),
            ("model_bytes_max", self.model_bytes_max),
            ("source_bytes_max", self.source_bytes_max),
            ("run_body_bytes_max", self.run_body_bytes_max),
            ("body_bytes_max", self.body_bytes_max),
            ("arguments_bytes_max", self.arguments_bytes_max),
            ("run_jobs_max", self.run_jobs_max),
            ("invocations_max", self.invocations_max),
            ("streams_max", self.streams_max),
            ("accounts_max", self.accounts_max),
            ("keys_max", self.keys_max),
            ("functions_max", self.functions_max),
            ("workers_max", self.workers_max),
            ("schedules_max", self.schedules_max),
            ("plans_max", self.plans_max),
            ("webhooks_max", self.webhooks_max),
        ];
        let others = [
            ("models_bytes_max", self.models_bytes_max),
            ("worker_idle_ms", self.worker_idle_ms),
            ("worker_busy_ms", self.worker_busy_ms),
            ("webhook_pause_ms", self.webhook_pause_ms),
            ("webhook_attempts_max", self.webhook_attempts_max.map(u64::from)),
        ];
        let sizes = sizes.into_iter().map(|(name, value)| (name, value.map(|value| value as u64)));
        sizes.chain(others).find(|(_, value)| *value == Some(0)).map(|(name, _)| name)
    }

    pub(super) fn read(self, accounts: &AccountsSection) -> Result<Limits> {
        let usual = Limits::default();
        let runs_kept_ms = match self.runs_kept_days {
            None => usual.runs_kept_ms,
            Some(0) => None,
            Some(days) => Some(days.saturating_mul(DAY_MS)),
        };
        if let Some(name) = self.zero() {
            return Err(Error::invalid(format!("limits.{name} must be 1 at least")));
        }
        // Places in a run are counted in 32 bits.
        if self.run_jobs_max.is_some_and(|max| max > 1_000_000) {
            return Err(Error::invalid("limits.run_jobs_max must be 1000000 at most"));
        }
        Ok(Limits {
            component_bytes_max: self.component_bytes_max.unwrap_or(usual.component_bytes_max),
            runtime_bytes_max: self.runtime_bytes_max.unwrap_or(usual.runtime_bytes_max),
            model_bytes_max: self.model_bytes_max.unwrap_or(usual.model_bytes_max),
            models_bytes_max: self.models_bytes_max.unwrap_or(usual.models_bytes_max),
            source_bytes_max: self.source_bytes_max.unwrap_or(usual.source_bytes_max),
            run_body_bytes_max: self.run_body_bytes_max.unwrap_or(usual.run_body_bytes_max),
            body_bytes_max: self.body_bytes_max.unwrap_or(usual.body_bytes_max),
            body_stall_ms: self.body_stall_ms.unwrap_or(usual.body_stall_ms),
            arguments_bytes_max: self.arguments_bytes_max.unwrap_or(usual.arguments_bytes_max),
            run_jobs_max: self.run_jobs_max.unwrap_or(usual.run_jobs_max),
            invocations_max: self.invocations_max.unwrap_or(usual.invocations_max),
            streams_max: self.streams_max.unwrap_or(usual.streams_max),
            has_registration: accounts.registration,
            has_anonymous: usual.has_anonymous,
            accounts_max: self.accounts_max.unwrap_or(usual.accounts_max),
            keys_max: self.keys_max.unwrap_or(usual.keys_max),
            functions_max: self.functions_max.unwrap_or(usual.functions_max),
            versions_max: self.versions_max.unwrap_or(usual.versions_max),
            schedules_max: self.schedules_max.unwrap_or(usual.schedules_max),
            plans_max: self.plans_max.unwrap_or(usual.plans_max),
            webhooks_max: self.webhooks_max.unwrap_or(usual.webhooks_max),
            webhook_pause_ms: self.webhook_pause_ms.unwrap_or(usual.webhook_pause_ms),
            webhook_attempts_max: self.webhook_attempts_max.unwrap_or(usual.webhook_attempts_max),
            workers_max: self.workers_max.unwrap_or(usual.workers_max),
            worker_patience: Patience {
                idle_ms: self.worker_idle_ms.unwrap_or(usual.worker_patience.idle_ms),
                busy_ms: self.worker_busy_ms.unwrap_or(usual.worker_patience.busy_ms),
            },
            runs_kept_ms,
        })
    }
}

/// `[[issuers]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerEntry {
    name: String,
    audience: String,
    algorithm: String,
    jwks: PathBuf,
    scopes: Option<Vec<String>>,
}

impl IssuerEntry {
    pub(super) fn read(self) -> Result<Issuer> {
        let algorithm = match self.algorithm.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            other => {
                let message = format!("issuer {}: \"{other}\" is not one of RS256, ES256, EdDSA", self.name);
                return Err(Error::invalid(message));
            }
        };
        let scopes = match &self.scopes {
            Some(names) => Scopes::parse(names.iter().map(String::as_str))?,
            None => Scopes::tenant(),
        };
        Ok(Issuer { name: self.name, audience: self.audience, algorithm, jwks: self.jwks, scopes })
    }
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let at_fault = |why: String| Error::invalid(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| at_fault(error.to_string()))?;
        toml::from_str(&text).map_err(|error| at_fault(error.to_string().trim_end().to_owned()))
    }
}
