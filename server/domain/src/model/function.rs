//! Functions and their versions.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, FunctionId, JobId, Sha256};
use super::name::{self, NAME_LENGTH_MAX};
use super::named::named;
use super::settings::Settings;
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
        Self::parse_of("function", text)
    }

    /// Reads the name of something else that is named as functions are.
    ///
    /// # Errors
    /// Says what a name of that may be.
    pub fn parse_of(noun: &str, text: &str) -> Result<Self> {
        if name::fits(text, &[]) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "a {noun}'s name is 1 to {NAME_LENGTH_MAX} letters, digits, '.', '_' or '-', beginning with a letter or digit"
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
    /// The version that runs where none is named: the last that became ready, or the first if none has yet.
    pub current: Version,
    /// How it runs. Read when a job is claimed.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Millis,
    /// When a version or a setting changed last.
    pub updated_at: Millis,
}

named! {
    /// Where a version is.
    State, "version state", "state":
    /// A job makes it of its source.
    Building = 0, "BUILDING";
    /// It can be run.
    Ready = 1, "READY";
    /// Nothing came of its build.
    Failed = 2, "FAILED";
}

/// What runs: a component, and where that is a runtime, the script that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    /// The hash of the component: where its artifact lies.
    pub component: Sha256,
    /// The hash of the script.
    pub script: Option<Sha256>,
}

impl From<Sha256> for Code {
    fn from(component: Sha256) -> Self {
        Self { component, script: None }
    }
}

/// What a build made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What runs.
    pub code: Code,
    /// What it offers.
    pub interface: Interface,
}

/// How a version is made of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The runtime: `python@2`.
    pub runtime: String,
    /// The job that makes it; it may be gone, its log is kept.
    pub job: JobId,
}

/// One upload of a function. Once it is ready it never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// The hash of what was uploaded; of source, with the runtime that it is for.
    pub sha256: Sha256,
    /// Bytes of what was uploaded.
    pub size_bytes: u64,
    /// Where it is.
    pub state: State,
    /// How it is made, where source was uploaded.
    pub build: Option<Build>,
    /// What was made of it; the runtime, as long as nothing was.
    pub code: Code,
    /// What it offers; nothing, as long as it is not ready.
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
}
