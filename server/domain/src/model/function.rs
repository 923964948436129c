//! Functions, their settings, and their versions.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, FunctionId, Sha256};
use super::name::{self, NAME_LENGTH_MAX};
use super::retry::Policy;
use super::time::Millis;
use crate::error::{Error, Result};

/// A function's name: 1 to 100 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// Says what a name may be.
    pub fn parse(text: &str) -> Result<Self> {
        if name::fits(text, &[]) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "a function's name is 1 to {NAME_LENGTH_MAX} letters, digits, '.', '_' or '-', beginning with a letter or digit"
        ))
        .field("name"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its id.
    pub id: FunctionId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub name: Name,
    /// The version that runs where none is named.
    pub current: Version,
    /// How it runs. Read when a job is claimed.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Millis,
    /// When a version or a setting changed last.
    pub updated_at: Millis,
}

/// One upload of a function. It never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// The hash of what was uploaded.
    pub sha256: Sha256,
    /// Bytes of what was uploaded.
    pub size_bytes: u64,
    /// The hash of the component that was made of it: where its artifact lies.
    pub component: Sha256,
    /// What it offers.
    pub interface: Interface,
    /// When it was uploaded.
    pub created_at: Millis,
}

/// What a component offers and needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Interface {
    /// `command`, `exports`, `http`.
    pub kinds: Vec<String>,
    /// Functions that can be called by name.
    pub exports: Vec<Export>,
    /// Names of what it imports.
    pub imports: Vec<String>,
}

/// A function that can be called by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type.
    pub wit: String,
}

/// How a function runs. Deny by default: what is not here, a guest does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The export that is called where none is named.
    pub export: Option<String>,
    /// What a call may use.
    pub limits: Limits,
    /// Environment variables.
    pub env: std::collections::BTreeMap<String, String>,
    /// What a call may reach.
    pub grants: Grants,
    /// When a failed job is tried again.
    pub retry: Policy,
}

/// What a call may reach outside its own memory. Nothing can be granted yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grants {
    /// Hosts that it may send requests to.
    pub egress: Vec<String>,
    /// Models that it may use.
    pub models: Vec<String>,
}

/// What a call of a function may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of all its linear memories together: 64 KiB to 4 GiB.
    pub memory_bytes_max: u64,
    /// Wall time of an attempt, in milliseconds: 1 to 24 h.
    pub timeout_ms: u64,
    /// CPU time of an attempt, in milliseconds; as the timeout where it is null.
    pub cpu_ms: Option<u64>,
    /// Bytes of a result: 1 to 4 MiB. A list of bytes takes some thirty times that while it is read.
    pub output_bytes_max: u64,
    /// Bytes of stdout, and of stderr, each an attempt: 0 to 16 MiB.
    pub log_bytes_max: u64,
}

/// The longest timeout: 24 hours.
pub const TIMEOUT_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Bytes of a function's environment, names and values together.
pub const ENV_BYTES_MAX: usize = 64 << 10;
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
        }
    }
}

impl Settings {
    /// Checks settings that somebody sent.
    ///
    /// # Errors
    /// Names the field that is out of bounds.
    pub fn check(&self) -> Result<()> {
        let bound = |field: &str, value: u64, min: u64, max: u64| {
            let field = format!("settings.limits.{field}");
            let error = || Error::invalid(format!("{field} must be from {min} to {max}")).field(&field);
            if (min..=max).contains(&value) { Ok(()) } else { Err(error()) }
        };
        let limits = &self.limits;
        bound("memoryBytesMax", limits.memory_bytes_max, 64 << 10, 4 << 30)?;
        bound("timeoutMs", limits.timeout_ms, 1, TIMEOUT_MS_MAX)?;
        bound("cpuMs", limits.cpu_ms.unwrap_or(1), 1, TIMEOUT_MS_MAX)?;
        bound("outputBytesMax", limits.output_bytes_max, 1, 4 << 20)?;
        bound("logBytesMax", limits.log_bytes_max, 0, 16 << 20)?;
        check_env(self.env.keys().map(String::as_str), "settings.env")?;
        let env: usize = self.env.iter().map(|(name, value)| name.len() + value.len()).sum();
        if env > ENV_BYTES_MAX {
            let message = format!("settings.env may have {ENV_BYTES_MAX} bytes in all");
            return Err(Error::invalid(message).field("settings.env"));
        }
        for (field, granted) in [("egress", &self.grants.egress), ("models", &self.grants.models)] {
            if !granted.is_empty() {
                let field = format!("settings.grants.{field}");
                return Err(Error::invalid(format!("{field}: this server cannot grant it yet")).field(field));
            }
        }
        self.retry.check()
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
    fn names_are_checked() {
        for good in ["a", "hello-world", "A.b_c", "0day"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a/b", "..", "ü", "a b", &"x".repeat(101)] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_out_of_bounds_name_their_field() {
        let mut settings = Settings::default();
        settings.limits.timeout_ms = 0;
        let error = settings.check().expect_err("zero is no time");
        assert_eq!(error.field_at_fault(), Some("settings.limits.timeoutMs"));
    }
}
