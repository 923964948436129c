//! The tenant, its keys, and the caller that they make of a request.

use super::id::{AccountId, KeyId, Sha256};
use super::name::{self, NAME_LENGTH_MAX};
use super::scope::{Scope, Scopes};
use super::time::Millis;
use crate::error::{Code, Error, Result};

/// A tenant. Everything else belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, unique on the server.
    pub name: AccountName,
    /// Its share of the executor against other accounts': 1 to [`WEIGHT_MAX`].
    pub weight: u32,
    /// What its keys and tokens may do at most.
    pub scopes: Scopes,
    /// The hash of its password, if it has one.
    pub password: Option<String>,
    /// When it was made.
    pub created_at: Millis,
}

/// The largest weight of an account.
pub const WEIGHT_MAX: u32 = 1000;
/// The shortest password, in characters.
pub const PASSWORD_LENGTH_MIN: usize = 8;
/// The longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1000;

impl Account {
    /// Checks a weight that somebody sent.
    ///
    /// # Errors
    /// Says what a weight may be.
    pub fn check_weight(weight: u32) -> Result<u32> {
        if (1..=WEIGHT_MAX).contains(&weight) {
            return Ok(weight);
        }
        Err(Error::invalid(format!("weight must be from 1 to {WEIGHT_MAX}")).field("weight"))
    }

    /// Checks a password that somebody chose.
    ///
    /// # Errors
    /// Says how long a password may be.
    pub fn check_password(password: &str) -> Result<()> {
        if password.chars().count() >= PASSWORD_LENGTH_MIN && password.len() <= PASSWORD_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "a password has {PASSWORD_LENGTH_MIN} characters at least and {PASSWORD_BYTES_MAX} bytes at most"
        );
        Err(Error::invalid(message).field("password"))
    }
}

/// The name of the keys that logins by password give. They end with the password; no other key is called so.
pub const LOGIN_KEY: &str = "password login";

/// An account's name: 1 to 100 of `a-z A-Z 0-9 . _ - @`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName(String);

impl AccountName {
    /// Reads a name.
    ///
    /// # Errors
    /// Says what a name may be.
    pub fn parse(text: &str) -> Result<Self> {
        if name::fits(text, &['@']) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "an account's name is 1 to {NAME_LENGTH_MAX} letters, digits, '.', '_', '-' or '@', beginning with a letter or digit"
        ))
        .field("name"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key of an account. The key itself is shown once and never stored, only its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// The account that it speaks for.
    pub account: AccountId,
    /// What it is for, in its owner's words: up to [`KEY_NAME_LENGTH_MAX`] characters.
    pub name: String,
    /// What it may do, as far as its account may.
    pub scopes: Scopes,
    /// When it ends, if it does.
    pub expires_at: Option<Millis>,
    /// The hash of the 40 hex digits.
    pub hash: Sha256,
    /// When it was made.
    pub created_at: Millis,
}

/// Characters of a key's name.
pub const KEY_NAME_LENGTH_MAX: usize = 100;
/// Hex digits of a key: 20 random bytes.
pub const KEY_DIGITS: usize = 40;

impl Key {
    /// Whether a text has the form of a key.
    pub fn is_one(text: &str) -> bool {
        text.len() == KEY_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The hash under which a key is kept. It has 160 random bits: one round of a fast hash is enough,
    /// there is nothing to guess.
    pub fn hash_of(key: &str) -> Sha256 {
        Sha256::of(key.to_ascii_lowercase().as_bytes())
    }

    /// Whether it has ended.
    pub fn has_ended(&self, now: Millis) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// Who is asking: an account and what it may do now. Every service method takes one.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    account: AccountId,
    weight: u32,
    scopes: Scopes,
    until: Option<Millis>,
}

impl Caller {
    /// The caller that speaks for an account with what a key or token gives it, until that ends.
    pub fn new(account: &Account, scopes: Scopes, until: Option<Millis>) -> Self {
        let scopes = scopes.and(account.scopes);
        Self { account: account.id, weight: account.weight, scopes, until }
    }

    /// When what the caller showed ends: nothing that it hands on lasts longer.
    pub fn until(&self) -> Option<Millis> {
        self.until
    }

    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The account's weight.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// What the caller may do.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Whether the caller has a scope.
    ///
    /// # Errors
    /// [`Code::ScopeRequired`] if not.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(scope_required(scope)) }
    }

    /// The scopes that the caller hands on: those that it names, or else all that it has.
    ///
    /// # Errors
    /// [`Code::ScopeRequired`] for one that it does not have itself.
    pub fn hand_on(&self, scopes: Option<Scopes>) -> Result<Scopes> {
        let scopes = scopes.unwrap_or(self.scopes);
        scopes.beyond(self.scopes).map_or(Ok(scopes), |scope| Err(scope_required(scope).field("scopes")))
    }
}

fn scope_required(scope: Scope) -> Error {
    Error::new(Code::ScopeRequired, format!("this key lacks the scope {}", scope.name()))
}

/// The one answer to a missing, wrong or ended key: it does not say which.
pub fn unauthenticated() -> Error {
    Error::new(Code::Unauthenticated, "Unauthorized - Invalid or missing token")
}
