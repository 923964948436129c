//! How a function runs: its limits, its environment, what it may reach.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::labels::{self, Labels};
use super::retry::Policy;
use crate::error::{Error, Result};

/// How a function runs. Deny by default: what is not here, a guest does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The export that is called where none is named.
    pub export: Option<String>,
    /// What a call may use.
    pub limits: Limits,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// What a call may reach.
    pub grants: Grants,
    /// What a call may send without knowing it, by the environment variable that has a placeholder for it.
    pub secrets: BTreeMap<String, Secret>,
    /// When a failed job is tried again.
    pub retry: Policy,
    /// How it serves HTTP, if it does.
    pub http: Http,
    /// What its clients keep with it for themselves: 16 labels, 4 KiB in all.
    pub labels: Labels,
}

/// How a function serves HTTP under `/f/{account}/{function}/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Http {
    /// Who may call it.
    pub access: Access,
    /// Requests that it serves at once: 1 to 10,000. More are answered with 503.
    pub concurrency_max: u32,
    /// Whether an instance serves more than one request, one after another; each has a fresh one where it is
    /// null.
    pub reuse: Option<Reuse>,
    /// Which requests are kept as jobs, with their log, and so cost a row each: none, those that failed (60 a
    /// minute at most, with the last 16 KiB of their log; the others are only counted), or all: then whoever calls a
    /// public function adds to the disk. Their path is kept, without its query.
    pub record: Record,
}

/// Which requests to an HTTP function are kept as jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Record {
    /// None: what they used is added up.
    None,
    /// Those in which the function failed.
    #[default]
    Failed,
    /// All.
    All,
}

/// Who may call a function over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Whoever shows a key or token of its account with the scope `runs:write`.
    #[default]
    Key,
    /// Everybody.
    Public,
}

/// How long an instance that has served is kept for the next request. What one request leaves in its memory,
/// the next one finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Reuse {
    /// Requests that one instance serves at most: 2 to 100,000.
    pub requests_max: u32,
    /// How long it may wait for the next, in milliseconds: 1 to 600,000.
    pub idle_ms: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self { access: Access::Key, concurrency_max: 256, reuse: None, record: Record::default() }
    }
}

impl Default for Reuse {
    fn default() -> Self {
        Self { requests_max: 1000, idle_ms: 10_000 }
    }
}

impl Http {
    fn check(&self) -> Result<()> {
        bound("http.concurrencyMax", self.concurrency_max.into(), 1, 10_000)?;
        let reuse = self.reuse.unwrap_or_default();
        bound("http.reuse.requestsMax", reuse.requests_max.into(), 2, 100_000)?;
        bound("http.reuse.idleMs", reuse.idle_ms, 1, 600_000)
    }
}

fn bound(field: &str, value: u64, min: u64, max: u64) -> Result<()> {
    let field = format!("settings.{field}");
    let error = || Error::invalid(format!("{field} must be from {min} to {max}")).field(&field);
    if (min..=max).contains(&value) { Ok(()) } else { Err(error()) }
}

/// A secret: a call has a placeholder for it in its environment, and where that stands in a header of a request
/// that it sends, the value is put in its place on the way out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Secret {
    /// The value, at most 8 KiB. It is taken, and never shown again.
    pub value: Option<String>,
    /// Where it may be sent, written as grants of `egress` are.
    pub hosts: Vec<String>,
    /// The value as it is kept. It is never taken, and never shown.
    #[schema(ignore)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// What a call may reach outside its own memory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grants {
    /// Where it may send requests: `https://api.example.com`, `GET,POST https://*.example.com:8443/v1/`. Redirects
    /// are not followed, and addresses that are not the whole world's are refused.
    pub egress: Vec<String>,
    /// Models that it may load by name (`load-by-name` of `wasi:nn`): the account's, or those that are shared with
    /// all accounts. A name means the model's current version when a call starts.
    pub models: Vec<String>,
}

/// What a call of a function may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of the whole instance: linear memories, tables, and what the host keeps in memory for it: 64
    /// KiB to 4 GiB.
    pub memory_bytes_max: u64,
    /// Wall time of an attempt, in milliseconds: 1 to 24 h.
    pub timeout_ms: u64,
    /// CPU time of an attempt, in milliseconds; as the timeout where it is null.
    pub cpu_ms: Option<u64>,
    /// Bytes of a result: 1 to 4 MiB. A list of bytes takes some thirty times that while it is read.
    pub output_bytes_max: u64,
    /// Bytes of stdout, and of stderr, each an attempt: 0 to 16 MiB.
    pub log_bytes_max: u64,
    /// Bytes of all its scratch files: 0 to 16 GiB.
    pub scratch_bytes_max: u64,
    /// Scratch files, directories and links: 0 to 100,000.
    pub scratch_files_max: u64,
    /// Elements of one table: 0 to 100,000.
    pub table_elements_max: u64,
    /// Handles that it holds at once (streams, pollables, descriptors, requests): 16 to 10,000.
    pub resources_max: u32,
    /// Bytes that one host call may copy out of it, beside a result: 64 KiB to 256 MiB. A tensor is one such copy.
    pub hostcall_bytes_max: u64,
    /// Inferences of an attempt: 0 to a billion.
    pub inferences_max: u64,
    /// Bytes of the tensors that one inference is given: 0 to 1 GiB. They count as memory too.
    pub tensor_bytes_max: u64,
    /// Time on devices for inference, with loading models, in milliseconds: 1 to 24 h; as the timeout where it is null.
    pub device_ms: Option<u64>,
}

/// The longest timeout: 24 hours.
pub const TIMEOUT_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Bytes of a function's environment, names and values together.
pub const ENV_BYTES_MAX: usize = 64 << 10;
/// Secrets of a function.
pub const SECRETS_MAX: usize = 50;
/// Bytes of a secret.
pub const SECRET_BYTES_MAX: usize = 8 << 10;
/// Grants of one kind.
pub const RULES_MAX: usize = 100;
/// Environment variables of a function or a call.
pub const ENV_MAX: usize = 200;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 << 20,
            timeout_ms: 60_000,
            cpu_ms: None,
            output_bytes_max: 1 << 20,
            log_bytes_max: 1 << 20,
            scratch_bytes_max: 64 << 20,
            scratch_files_max: 1000,
            table_elements_max: 100_000,
            resources_max: 10_000,
            hostcall_bytes_max: 16 << 20,
            inferences_max: 1_000_000,
            tensor_bytes_max: 64 << 20,
            device_ms: None,
        }
    }
}

/// Checks how much memory an instance is to have.
///
/// # Errors
/// Invalid, with the bounds.
pub fn check_memory(field: &'static str, bytes: u64) -> Result<()> {
    bound(field, bytes, 64 << 10, 4 << 30)
}

impl Limits {
    fn check(&self) -> Result<()> {
        let limits = self;
        check_memory("limits.memoryBytesMax", limits.memory_bytes_max)?;
        bound("limits.timeoutMs", limits.timeout_ms, 1, TIMEOUT_MS_MAX)?;
        bound("limits.cpuMs", limits.cpu_ms.unwrap_or(1), 1, TIMEOUT_MS_MAX)?;
        bound("limits.outputBytesMax", limits.output_bytes_max, 1, 4 << 20)?;
        bound("limits.logBytesMax", limits.log_bytes_max, 0, 16 << 20)?;
        bound("limits.scratchBytesMax", limits.scratch_bytes_max, 0, 16 << 30)?;
        bound("limits.scratchFilesMax", limits.scratch_files_max, 0, 100_000)?;
        bound("limits.tableElementsMax", limits.table_elements_max, 0, 100_000)?;
        bound("limits.resourcesMax", limits.resources_max.into(), 16, 10_000)?;
        bound("limits.hostcallBytesMax", limits.hostcall_bytes_max, 64 << 10, 256 << 20)?;
        bound("limits.inferencesMax", limits.inferences_max, 0, 1_000_000_000)?;
        bound("limits.tensorBytesMax", limits.tensor_bytes_max, 0, 1 << 30)?;
        bound("limits.deviceMs", limits.device_ms.unwrap_or(1), 1, TIMEOUT_MS_MAX)
    }
}

impl Settings {
    /// Checks settings that somebody sent.
    ///
    /// # Errors
    /// Names the field that is out of bounds.
    pub fn check(&self) -> Result<()> {
        self.limits.check()?;
        self.http.check()?;
        check_env(self.env.keys().map(String::as_str), "settings.env")?;
        let env: usize = self.env.iter().map(|(name, value)| name.len() + value.len()).sum();
        if env > ENV_BYTES_MAX {
            let message = format!("settings.env may have {ENV_BYTES_MAX} bytes in all");
            return Err(Error::invalid(message).field("settings.env"));
        }
        self.check_secrets()?;
        labels::check(&self.labels, "settings.labels")?;
        self.retry.check()
    }
}

impl Settings {
    fn check_secrets(&self) -> Result<()> {
        let granted = [self.grants.egress.len(), self.grants.models.len()];
        let rules = self.secrets.values().map(|secret| secret.hosts.len()).chain(granted);
        if rules.max().unwrap_or(0) > RULES_MAX || self.secrets.len() > SECRETS_MAX {
            let message =
                format!("a function has {SECRETS_MAX} secrets and {RULES_MAX} grants of each at most");
            return Err(Error::invalid(message).field("settings"));
        }
        check_env(self.secrets.keys().map(String::as_str), "settings.secrets")?;
        for (name, secret) in &self.secrets {
            let field = format!("settings.secrets.{name}");
            if self.env.contains_key(name) {
                return Err(Error::invalid(format!("{field}: env has a variable of this name")).field(field));
            }
            if secret.hosts.is_empty() {
                return Err(Error::invalid(format!("{field}.hosts: where may it be sent?")).field(field));
            }
        }
        Ok(())
    }

    /// The settings as they are shown: without what is kept of secrets.
    #[must_use]
    pub fn shown(mut self) -> Self {
        self.secrets.values_mut().for_each(|secret| (secret.value, secret.sealed) = (None, None));
        self
    }
}

/// Checks the names of environment variables.
///
/// # Errors
/// Names the variable that cannot be one, or says that there are too many.
pub fn check_env<'a>(names: impl ExactSizeIterator<Item = &'a str>, field: &str) -> Result<()> {
    if names.len() > ENV_MAX {
        return Err(Error::invalid(format!("{field} may have {ENV_MAX} variables at most")).field(field));
    }
    for name in names {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Error::invalid(format!("{field}: \"{name}\" cannot name a variable")).field(field));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_bounds_name_their_field() {
        let mut settings = Settings::default();
        settings.limits.timeout_ms = 0;
        let error = settings.check().expect_err("zero is no time");
        assert_eq!(error.field_at_fault(), Some("settings.limits.timeoutMs"));
    }
}
