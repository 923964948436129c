//! Functions and their versions.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, FunctionId, Sha256};
use super::name::{self, NAME_LENGTH_MAX};
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
