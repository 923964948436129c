//! Who is asking: keys, tokens, passwords.

use std::sync::Arc;

use crate::base::Base;
use crate::error::Result;
use crate::model::account::{Account, AccountName, Caller, Key, LOGIN_KEY, unauthenticated};
use crate::model::id::Sha256;
use crate::model::scope::Scopes;
use crate::model::time::Millis;
use crate::model::token::{Claims, Subject, TOKEN_BYTES_MAX, TOKEN_SECONDS_DEFAULT, check_seconds};
use crate::port::store::Identity;

/// Authentication.
#[derive(Clone)]
pub struct Auth {
    base: Arc<Base>,
}

/// The name of the account that is there from the first start.
const ADMIN: &str = "admin";

/// Keys that an account has by logins at once.
const LOGINS_MAX: u32 = 20;

/// What somebody shows to be given a token.
#[derive(Debug)]
pub enum Proof {
    /// A key.
    Key(String),
    /// An account's name and password.
    Password {
        /// The name.
        name: String,
        /// The password.
        password: String,
    },
}

/// A token that was given.
#[derive(Debug)]
pub struct Given {
    /// The token.
    pub token: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Millis,
}

impl Auth {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// The caller that a key or token speaks for.
    ///
    /// # Errors
    /// Unauthenticated: it is malformed, unknown, foreign or has ended, and the answer does not say which.
    pub async fn caller(&self, shown: &str) -> Result<Caller> {
        if Key::is_one(shown) {
            let (account, key) = self.by_key(shown).await?;
            return Ok(Caller::new(&account, key.scopes, key.expires_at));
        }
        if shown.len() > TOKEN_BYTES_MAX {
            return Err(unauthenticated());
        }
        let claims = self.base.credentials.token_verify(shown)?;
        let now = self.base.clock.now();
        if !claims.is_valid(now) {
            return Err(unauthenticated());
        }
        let identity = match claims.key {
            Some(key) => Identity::Key(key),
            None => Identity::Subject(claims.subject),
        };
        let (account, key) = self.base.store.identity_find(identity).await?.ok_or_else(unauthenticated)?;
        // A token ends with the key that it was given for.
        let scopes = match key {
            Some(key) if key.has_ended(now) => return Err(unauthenticated()),
            Some(key) => claims.scopes.and(key.scopes),
            None => claims.scopes,
        };
        // And with the password.
        if claims.password.is_some() && claims.password != fingerprint(&account) {
            return Err(unauthenticated());
        }
        Ok(Caller::new(&account, scopes, Some(claims.expires_at)))
    }

    /// Gives a token for a key or a password. It may do at most what these may, and lasts no longer.
    ///
    /// # Errors
    /// Unauthenticated; scope required for a scope that the key lacks; too many where too many passwords
    /// are being checked.
    pub async fn give_token(
        &self,
        proof: Proof,
        scopes: Option<Scopes>,
        seconds: Option<u64>,
    ) -> Result<Given> {
        let seconds = check_seconds(seconds.unwrap_or(TOKEN_SECONDS_DEFAULT))?;
        let (account, key) = match proof {
            Proof::Key(key) => self.by_key(&key).await.map(|(account, key)| (account, Some(key)))?,
            Proof::Password { name, password } => (self.by_password(&name, password).await?, None),
        };
        let now = self.base.clock.now();
        let all = key.as_ref().map_or(account.scopes, |key| key.scopes);
        let scopes = Caller::new(&account, all, None).hand_on(scopes)?;
        let end = now.plus(seconds * 1000);
        let end = key.as_ref().and_then(|key| key.expires_at).map_or(end, |key| key.min(end));
        // A token tells of whole seconds.
        let expires_at = Millis(end.0.div_ceil(1000) * 1000);
        let claims = Claims {
            subject: Subject::Id(account.id),
            scopes,
            not_before: now,
            expires_at,
            password: if key.is_none() { fingerprint(&account) } else { None },
            key: key.map(|key| key.id),
        };
        Ok(Given { token: self.base.credentials.token_issue(&claims)?, scopes, expires_at })
    }

    /// A new key for a password, which ends with it. An account has 20 of them: the oldest goes for
    /// another.
    ///
    /// # Errors
    /// Unauthenticated; too many where too many passwords are being checked.
    pub async fn login(&self, name: &str, password: String) -> Result<String> {
        let account = self.by_password(name, password).await?;
        let secret = self.base.credentials.key_create()?;
        let now = self.base.clock.now();
        let key = Key {
            id: self.base.ids.next(now),
            account: account.id,
            name: LOGIN_KEY.to_owned(),
            scopes: account.scopes,
            expires_at: None,
            hash: Key::hash_of(&secret),
            created_at: now,
        };
        // It may have been changed while it was checked.
        let password = account.password.unwrap_or_default();
        let made = self.base.store.key_login(key, password, LOGINS_MAX).await?;
        if made { Ok(secret) } else { Err(unauthenticated()) }
    }

    /// The caller that an account's name and password speak for, with all that the account may do.
    ///
    /// # Errors
    /// Unauthenticated; too many where too many passwords are being checked.
    pub async fn by_basic(&self, name: &str, password: String) -> Result<Caller> {
        let account = self.by_password(name, password).await?;
        Ok(Caller::new(&account, account.scopes, None))
    }

    /// The caller that a request without any proof is from: the admin, where the operator allows it.
    ///
    /// # Errors
    /// Unauthenticated.
    pub async fn anonymous(&self) -> Result<Caller> {
        if !self.base.limits.has_anonymous {
            return Err(unauthenticated());
        }
        let admin = self.base.store.account_get(&AccountName::parse(ADMIN)?).await?;
        let admin = admin.ok_or_else(unauthenticated)?;
        Ok(Caller::new(&admin, admin.scopes, None))
    }

    async fn by_key(&self, key: &str) -> Result<(Account, Key)> {
        if !Key::is_one(key) {
            return Err(unauthenticated());
        }
        let found = self.base.store.identity_find(Identity::KeyHash(Key::hash_of(key))).await?;
        match found {
            Some((account, Some(key))) if !key.has_ended(self.base.clock.now()) => Ok((account, key)),
            _ => Err(unauthenticated()),
        }
    }

    async fn by_password(&self, name: &str, password: String) -> Result<Account> {
        let account = match AccountName::parse(name) {
            Ok(name) => self.base.store.account_get(&name).await?,
            Err(_) => None,
        };
        let hash = account.as_ref().and_then(|account| account.password.clone());
        // Takes as long for an account that is not there.
        let right = self.base.credentials.password_verify(password, hash).await?;
        account.filter(|_| right).ok_or_else(unauthenticated)
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
        let account = Account {
            id: self.base.ids.next(now),
            name: AccountName::parse(ADMIN)?,
            weight: 1,
            scopes: Scopes::all(),
            password: None,
            created_at: now,
        };
        let key = Key {
            id: self.base.ids.next(now),
            account: account.id,
            name: ADMIN.to_owned(),
            scopes: Scopes::all(),
            expires_at: None,
            hash: Key::hash_of(key),
            created_at: now,
        };
        self.base.store.account_create(account, key, 1, None).await.map(drop)
    }
}

/// What tells one password of an account from the next, and nothing else.
fn fingerprint(account: &Account) -> Option<String> {
    let hash = account.password.as_ref()?;
    Some(Sha256::of(hash.as_bytes()).to_string()[..16].to_owned())
}
