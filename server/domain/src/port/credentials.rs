//! Secrets: making keys, hashing passwords, signing and checking tokens.

use async_trait::async_trait;

use crate::error::Result;
use crate::model::token::Claims;

/// What knows the server's secrets and other issuers' public keys.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// A new key: 40 hex digits, 160 random bits.
    ///
    /// # Errors
    /// If the system has no randomness.
    fn key_create(&self) -> Result<String>;

    /// A new secret for signatures: `whsec_` and 32 random bytes in base64.
    ///
    /// # Errors
    /// If the system has no randomness.
    fn secret_create(&self) -> Result<String>;

    /// Bytes that only this server can read again, and that nobody can change unnoticed.
    ///
    /// # Errors
    /// If the system has no randomness.
    fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>>;

    /// Reads sealed bytes.
    ///
    /// # Errors
    /// If they were sealed by another server, or changed.
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>>;

    /// The hash of a password, slow to make and with its own salt.
    ///
    /// # Errors
    /// Too many where too many are being hashed.
    async fn password_hash(&self, password: String) -> Result<String>;

    /// Whether a password has this hash. Takes as long where there is no hash.
    ///
    /// # Errors
    /// Too many where too many are being checked.
    async fn password_verify(&self, password: String, hash: Option<String>) -> Result<bool>;

    /// A token of this server.
    ///
    /// # Errors
    /// If it cannot be signed.
    fn token_issue(&self, claims: &Claims) -> Result<String>;

    /// What a token says, if its signature, algorithm, issuer and audience are right. Whether it is valid
    /// *now* is for the caller to ask. A token that was seen before costs a look-up.
    ///
    /// # Errors
    /// Unauthenticated, without saying why.
    fn token_verify(&self, token: &str) -> Result<Claims>;
}
