//! Who is asking.

use std::sync::Arc;

use crate::base::Base;
use crate::error::Result;
use crate::model::account::{Account, Caller, KEY_DIGITS, Key, unauthenticated};
use crate::model::id::Sha256;
use crate::model::scope::Scopes;

/// Authentication.
#[derive(Clone)]
pub struct Auth {
    base: Arc<Base>,
}

/// The name of the account that is there from the first start.
const ADMIN: &str = "admin";

impl Auth {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// The caller that a key speaks for.
    ///
    /// # Errors
    /// Unauthenticated: the key is malformed, unknown or has ended, and the answer does not say which.
    pub async fn caller(&self, key: &str) -> Result<Caller> {
        if key.len() != KEY_DIGITS || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unauthenticated());
        }
        let found = self.base.store.key_find(hash_of(key)).await?;
        let (account, key) = found.ok_or_else(unauthenticated)?;
        Caller::of(&account, &key, self.base.clock.now())
    }

    /// Whether the server has no account yet: then its first key is to be made.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn is_first_start(&self) -> Result<bool> {
        self.base.store.account_any().await.map(|any| !any)
    }

    /// Makes the admin account with a key of every scope. The key must already lie where the
    /// operator finds it: from here on its hash is all that is known.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn create_admin(&self, key: &str) -> Result<()> {
        let now = self.base.clock.now();
        let account =
            Account { id: self.base.ids.next(now), name: ADMIN.to_owned(), weight: 1, created_at: now };
        let key = Key {
            id: self.base.ids.next(now),
            account: account.id,
            scopes: Scopes::all(),
            expires_at: None,
            hash: hash_of(key),
            created_at: now,
        };
        self.base.store.account_create(account, key).await
    }
}

/// A key is 160 random bits: one round of a fast hash is enough, there is nothing to guess.
fn hash_of(key: &str) -> Sha256 {
    Sha256::of(key.to_ascii_lowercase().as_bytes())
}
