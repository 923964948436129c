//! Passwords, by Argon2id with its usual parameters. Each check takes some 20 MiB and tens of milliseconds:
//! so few at once, and a short line before them.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use skep_domain::{Code, Error, Result};
use tokio::sync::Semaphore;

/// Passwords that are hashed or checked at once.
const AT_ONCE_MAX: usize = 2;
/// Passwords that wait for that.
const WAITING_MAX: usize = 16;

pub(super) struct Passwords {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            working: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Arc::new(Semaphore::new(AT_ONCE_MAX + WAITING_MAX)),
        }
    }
}

impl Passwords {
    pub(super) async fn hash(&self, password: String) -> Result<String> {
        self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
        })
        .await
    }

    /// Hashes the password also where there is nothing to compare it with: the time says nothing.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.in_turn(move || match hash {
            None => Argon2::default()
                .hash_password(password.as_bytes())
                .map(|_| false)
                .map_err(|error| Error::internal(error.to_string())),
            Some(hash) => {
                let hash = PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _waiting = self.waiting.try_acquire().map_err(|_| {
            Error::new(Code::TooMany, "too many passwords are being checked; try again in a moment")
        })?;
        let working = self.working.clone().acquire_owned().await.map_err(Error::internal)?;
        // The place goes with the work, which goes on when its caller has gone.
        let work = move || (work(), working).0;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.expect("it is hashed");
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.expect("it answers"));
        assert!(!passwords.verify("battery staple".into(), Some(hash)).await.expect("it answers"));
        assert!(!passwords.verify("correct horse".into(), None).await.expect("it answers"));
    }
}
