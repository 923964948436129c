//! Keys of the caller's own account.

use std::sync::Arc;

use super::once::{Looked, Pending, replay};
use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::{Caller, KEY_NAME_LENGTH_MAX, Key, LOGIN_KEY};
use crate::model::id::KeyId;
use crate::model::page::{Listed, PAGE_MAX, Page};
use crate::model::receipt::{Answered, Once};
use crate::model::scope::{Scope, Scopes};
use crate::model::time::Millis;
use crate::port::store::Identity;

/// How long a key may last: ten years.
const LIFE_MS_MAX: u64 = 3653 * 24 * 60 * 60 * 1000;

/// Keys.
#[derive(Clone)]
pub struct Keys {
    base: Arc<Base>,
}

/// A key to be made.
#[derive(Debug, Default)]
pub struct NewKey {
    /// What it is for.
    pub name: Option<String>,
    /// What it may do; all that the caller may, where they are not named.
    pub scopes: Option<Scopes>,
    /// When it ends, if it does.
    pub expires_at: Option<Millis>,
}

/// A key with its digits, which are shown this once.
#[derive(Debug)]
pub struct MadeKey {
    /// The key as it is listed.
    pub key: Key,
    /// Its 40 hex digits.
    pub secret: String,
}

impl Keys {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Makes a key, which may do at most what the caller may.
    ///
    /// # Errors
    /// Invalid with the field; scope required for a scope that the caller lacks.
    pub async fn create(
        &self,
        caller: &Caller,
        new: NewKey,
        once: Option<Once<MadeKey>>,
    ) -> Result<Answered<MadeKey>> {
        let pending =
            match Pending::look(&self.base, caller, once.map(|once| once.by(caller.scopes()))).await? {
                Looked::Todo(pending) => pending,
                Looked::Done(receipt) => return replay(&self.base, receipt),
            };
        let (base, now) = (&self.base, self.base.clock.now());
        let name = new.name.unwrap_or_default();
        if name.chars().count() > KEY_NAME_LENGTH_MAX {
            let message = format!("a key's name has {KEY_NAME_LENGTH_MAX} characters at most");
            return Err(Error::invalid(message).field("name"));
        }
        if name == LOGIN_KEY {
            return Err(
                Error::invalid(format!("\"{LOGIN_KEY}\" is what keys of logins are called")).field("name")
            );
        }
        if new.expires_at.is_some_and(|end| end <= now || end > now.plus(LIFE_MS_MAX)) {
            let message = "expiresAt must be in the future, within ten years, in Unix milliseconds";
            return Err(Error::invalid(message).field("expiresAt"));
        }
        let secret = base.credentials.key_create()?;
        let key = Key {
            id: base.ids.next(now),
            account: caller.account(),
            name,
            scopes: caller.hand_on(new.scopes)?,
            // Nobody hands on what lasts longer than what it showed.
            expires_at: [new.expires_at, caller.until()].into_iter().flatten().min(),
            hash: Key::hash_of(&secret),
            created_at: now,
        };
        let made = MadeKey { key, secret };
        let receipt = pending.receipt(&made)?;
        let written = base.store.key_create(made.key.clone(), base.limits.keys_max, receipt).await?;
        pending.written(made, written)
    }

    /// The caller's account's keys, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Key>> {
        self.base.store.key_list(caller.account(), page).await
    }

    /// Revokes a key: from now on it is unknown, and so is every token that was given for it.
    ///
    /// # Errors
    /// Not found; scope required for a key that may do more than the caller; a conflict for the last one with
    /// the scope `admin`.
    pub async fn revoke(&self, caller: &Caller, id: KeyId) -> Result<()> {
        let not_found = || Error::not_found("key");
        let found = self.base.store.identity_find(Identity::Key(id)).await?;
        let key = found.and_then(|(_, key)| key).filter(|key| key.account == caller.account());
        let key = key.ok_or_else(not_found)?;
        // What may do more than the caller is not the caller's to take away.
        caller.hand_on(Some(key.scopes))?;
        if key.scopes.contains(Scope::Admin) && self.is_last_admin(caller, id).await? {
            return Err(Error::conflict(
                "this is the account's last key with the scope admin; make another first",
            ));
        }
        let revoked = self.base.store.key_delete(caller.account(), id).await?;
        if revoked { Ok(()) } else { Err(not_found()) }
    }

    /// Whether no other key of the account that goes on may manage accounts.
    async fn is_last_admin(&self, caller: &Caller, id: KeyId) -> Result<bool> {
        let (now, mut page) = (self.base.clock.now(), Page { limit: PAGE_MAX, after: None });
        loop {
            let listed = self.base.store.key_list(caller.account(), page).await?;
            let may = |key: &&Key| key.id != id && key.scopes.contains(Scope::Admin) && !key.has_ended(now);
            match (listed.items.iter().find(may), listed.next) {
                (Some(_), _) => return Ok(false),
                (None, None) => return Ok(true),
                (None, next) => page.after = next,
            }
        }
    }
}
