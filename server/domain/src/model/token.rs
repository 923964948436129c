//! What a token (a JWT) says about whoever sends it.

use super::id::{AccountId, KeyId};
use super::scope::Scopes;
use super::time::Millis;
use crate::error::{Error, Result};

/// Bytes of a token at most.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;
/// How long a token of this server lasts where nobody says, in seconds.
pub const TOKEN_SECONDS_DEFAULT: u64 = 60 * 60;
/// How long a token of this server may last, in seconds: a day.
pub const TOKEN_SECONDS_MAX: u64 = 24 * 60 * 60;

/// What a token says, once its signature, issuer and audience are known to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The account that it speaks for.
    pub subject: Subject,
    /// What it may do, as far as its account may.
    pub scopes: Scopes,
    /// Before this it is not valid yet.
    pub not_before: Millis,
    /// From this on it is not valid any more.
    pub expires_at: Millis,
    /// The key that it was given for: it ends with that.
    pub key: Option<KeyId>,
    /// What the password's hash began with that it was given for: another password ends it.
    pub password: Option<String>,
}

/// How a token names its account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// By id.
    Id(AccountId),
    /// By name, as other issuers do.
    Name(String),
}

impl Claims {
    /// Whether the token is valid now.
    pub fn is_valid(&self, now: Millis) -> bool {
        self.not_before <= now && now < self.expires_at
    }
}

/// Checks how long a token is asked to last.
///
/// # Errors
/// Says how long it may.
pub fn check_seconds(seconds: u64) -> Result<u64> {
    if (1..=TOKEN_SECONDS_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    let message = format!("expiresInSeconds must be from 1 to {TOKEN_SECONDS_MAX}");
    Err(Error::invalid(message).field("expiresInSeconds"))
}
