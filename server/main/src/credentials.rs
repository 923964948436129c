//! The server's secrets, and what is done with them: keys, passwords, tokens, seals.

mod issuers;
mod passwords;
mod secret;
mod tokens;

use async_trait::async_trait;
use skep_domain::model::account::KEY_DIGITS;
use skep_domain::model::token::Claims;
use skep_domain::model::webhook::SECRET_PREFIX;
use skep_domain::port::credentials::Credentials;
use skep_domain::{Error, Result};

pub(crate) use self::issuers::{Issuer, Issuers};
use self::passwords::Passwords;
pub(crate) use self::secret::{Secret, write_durably};
use self::tokens::Tokens;

/// Bytes of a secret that a webhook's requests are signed with.
const SIGNATURE_KEY_BYTES: usize = 32;

/// Keys, passwords, tokens and seals under the server's secret.
pub(crate) struct HostCredentials {
    secret: Secret,
    passwords: Passwords,
    tokens: Tokens,
}

impl HostCredentials {
    pub(crate) fn new(secret: Secret, issuers: Issuers) -> Self {
        Self { tokens: Tokens::new(&secret, issuers), passwords: Passwords::default(), secret }
    }
}

/// A new key: 40 hex digits.
pub(crate) fn random_key() -> std::io::Result<String> {
    let mut bytes = [0; KEY_DIGITS / 2];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(hex::encode(bytes))
}

#[async_trait]
impl Credentials for HostCredentials {
    fn key_create(&self) -> Result<String> {
        random_key().map_err(Error::internal)
    }

    fn secret_create(&self) -> Result<String> {
        use base64::Engine;
        let mut bytes = [0; SIGNATURE_KEY_BYTES];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(format!("{SECRET_PREFIX}{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
    }

    fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        self.secret.seal(bytes)
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        self.secret.open(sealed)
    }

    async fn password_hash(&self, password: String) -> Result<String> {
        self.passwords.hash(password).await
    }

    async fn password_verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.passwords.verify(password, hash).await
    }

    fn token_issue(&self, claims: &Claims) -> Result<String> {
        self.tokens.issue(claims)
    }

    fn token_verify(&self, token: &str) -> Result<Claims> {
        self.tokens.verify(token)
    }
}
