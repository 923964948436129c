//! What a job has for itself, beside what it shares with its run: what a plan made of its templates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::log::Line;
use crate::error::{Code, Error, Result};

/// What a job has for itself. What may hold a secret is sealed where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    /// Environment variables on top of the run's.
    pub env: BTreeMap<String, String>,
    /// What a command reads, instead of what the run says.
    pub stdin: Option<String>,
    /// Texts that its log must not show.
    pub redact: Vec<String>,
}

/// What stands before the bytes of one that is sealed. JSON does not begin with it.
const SEALED: u8 = 0;
/// What stands in a log where a secret was.
pub const REDACTED: &str = "[REDACTED]";

impl Own {
    /// Checks its size.
    ///
    /// # Errors
    /// Too large, with the limit.
    pub fn check(&self, bytes_max: usize) -> Result<()> {
        let env: usize = self.env.iter().map(|(name, value)| name.len() + value.len()).sum();
        if env + self.stdin.as_ref().map_or(0, String::len) <= bytes_max {
            return Ok(());
        }
        let message = format!("the stdin and env of a job may have {bytes_max} bytes together at most");
        Err(Error::new(Code::TooLarge, message))
    }

    /// As it is kept: nothing where there is nothing; sealed where there are secrets.
    ///
    /// # Errors
    /// If it cannot be sealed.
    pub fn to_bytes(&self, seal: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<Option<Vec<u8>>> {
        if *self == Self::default() {
            return Ok(None);
        }
        let bytes = serde_json::to_vec(self).map_err(Error::internal)?;
        if self.redact.is_empty() {
            return Ok(Some(bytes));
        }
        Ok(Some([vec![SEALED], seal(&bytes)?].concat()))
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// If it was sealed by another server.
    pub fn from_bytes(bytes: &[u8], open: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<Self> {
        let bytes = match bytes.split_first() {
            Some((&SEALED, sealed)) => open(sealed)?,
            _ => bytes.to_vec(),
        };
        serde_json::from_slice(&bytes).map_err(Error::internal)
    }

    /// A line of a log without the secrets.
    pub fn redacted(&self, line: Line) -> Line {
        Line { text: self.redacted_text(line.text), ..line }
    }

    fn redacted_text(&self, mut line: String) -> String {
        for secret in self.redact.iter().flat_map(|secret| secret.lines()).filter(|secret| !secret.is_empty())
        {
            if line.contains(secret) {
                line = line.replace(secret, REDACTED);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_secret_is_sealed_and_no_log_shows_it() {
        let own = |redact: &[&str]| Own {
            env: BTreeMap::from([("KEY".to_owned(), "1111".to_owned())]),
            stdin: None,
            redact: redact.iter().map(|text| (*text).to_owned()).collect(),
        };
        let reversed = |bytes: &[u8]| Ok(bytes.iter().rev().copied().collect());
        for own in [own(&[]), own(&["1111", ""])] {
            let bytes = own.to_bytes(reversed).expect("sealed").expect("something");
            let is_open = String::from_utf8_lossy(&bytes).contains("KEY");
            assert_eq!(is_open, own.redact.is_empty());
            assert_eq!(Own::from_bytes(&bytes, reversed).expect("opened"), own);
        }
        assert_eq!(Own::default().to_bytes(reversed).expect("nothing"), None);
        assert_eq!(own(&["1111", ""]).redacted_text("a 1111 b".into()), "a [REDACTED] b");
    }
}
