//! The tenant, its keys, and the caller that they make of a request.

use super::id::{AccountId, KeyId, Sha256};
use super::scope::{Scope, Scopes};
use super::time::Millis;
use crate::error::{Code, Error};

/// A tenant. Everything else belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, unique on the server.
    pub name: String,
    /// Its share of the executor against other accounts'.
    pub weight: u32,
    /// When it was made.
    pub created_at: Millis,
}

/// A key of an account. The key itself is shown once and never stored, only its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// The account that it speaks for.
    pub account: AccountId,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends, if it does.
    pub expires_at: Option<Millis>,
    /// The hash of the 40 hex digits.
    pub hash: Sha256,
    /// When it was made.
    pub created_at: Millis,
}

/// Hex digits of a key: 20 random bytes.
pub const KEY_DIGITS: usize = 40;

/// Who is asking: an account and what its key allows. Every service method takes one.
#[derive(Debug, Clone)]
pub struct Caller {
    account: AccountId,
    weight: u32,
    scopes: Scopes,
}

impl Caller {
    /// The caller that a key makes, unless it has ended.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for a key that has ended.
    pub fn of(account: &Account, key: &Key, now: Millis) -> Result<Self, Error> {
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(unauthenticated());
        }
        Ok(Self { account: account.id, weight: account.weight, scopes: key.scopes })
    }

    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The account's weight.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// Whether the caller has a scope.
    ///
    /// # Errors
    /// [`Code::ScopeRequired`] if not.
    pub fn require(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        Err(Error::new(Code::ScopeRequired, format!("this key lacks the scope {}", scope.name())))
    }
}

/// The one answer to a missing, wrong or ended key: it does not say which.
pub fn unauthenticated() -> Error {
    Error::new(Code::Unauthenticated, "Unauthorized - Invalid or missing token")
}
