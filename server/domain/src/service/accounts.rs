//! Accounts: made, changed and deleted by whoever may manage them.

use std::sync::Arc;

use super::once::{Looked, Pending, replay};
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::{Account, AccountName, Caller, Key};
use crate::model::page::{Listed, Page};
use crate::model::receipt::{Answered, Once};
use crate::model::scope::{Scope, Scopes};
use crate::model::token::Subject;
use crate::port::store::{AccountChange, Identity};
use crate::tasks::Wake;

/// Accounts.
#[derive(Clone)]
pub struct Accounts {
    base: Arc<Base>,
}

/// An account to be made.
#[derive(Debug, Default)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its password, if it is to have one.
    pub password: Option<String>,
    /// Its weight; 1 where it is not named.
    pub weight: Option<u32>,
    /// What it may do at most; [`Scopes::tenant`] where they are not named.
    pub scopes: Option<Scopes>,
}

/// What is to be changed of an account.
#[derive(Debug, Default)]
pub struct Change {
    /// Its weight.
    pub weight: Option<u32>,
    /// What it may do at most.
    pub scopes: Option<Scopes>,
    /// Its password.
    pub password: Option<String>,
}

/// An account and its first key, which is shown this once.
#[derive(Debug)]
pub struct MadeAccount {
    /// The account.
    pub account: Account,
    /// The key.
    pub key: String,
}

/// What an account's first key is called.
const FIRST_KEY: &str = "first";

impl Accounts {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Makes an account and its first key, which may do what the account may.
    ///
    /// # Errors
    /// Invalid with the field; a conflict where the name is taken.
    pub async fn create(
        &self,
        caller: &Caller,
        new: NewAccount,
        once: Option<Once<MadeAccount>>,
    ) -> Result<Answered<MadeAccount>> {
        let pending =
            match Pending::look(&self.base, caller, once.map(|once| once.by(caller.scopes()))).await? {
                Looked::Todo(pending) => pending,
                Looked::Done(receipt) => return replay(&self.base, receipt),
            };
        let (made, key) = self.made(new).await?;
        let receipt = pending.receipt(&made)?;
        let max = self.base.limits.accounts_max;
        let written = self.base.store.account_create(made.account.clone(), key, max, receipt).await?;
        pending.written(made, written)
    }

    /// Makes an account for whoever asks, with a password and a tenant's scopes.
    ///
    /// # Errors
    /// Where the server does not do that; otherwise as [`Accounts::create`].
    pub async fn register(&self, name: String, password: String) -> Result<Account> {
        if !self.base.limits.has_registration {
            let message =
                "accounts are made by whoever runs this server: skep accounts create NAME --password-stdin";
            return Err(Error::new(Code::ScopeRequired, message));
        }
        let new = NewAccount { name, password: Some(password), ..NewAccount::default() };
        let (MadeAccount { account, .. }, key) = self.made(new).await?;
        let max = self.base.limits.accounts_max;
        self.base.store.account_create(account.clone(), key, max, None).await?;
        Ok(account)
    }

    /// An account and its first key, which may do what the account may.
    async fn made(&self, new: NewAccount) -> Result<(MadeAccount, Key)> {
        let (name, weight) =
            (AccountName::parse(&new.name)?, Account::check_weight(new.weight.unwrap_or(1))?);
        let (base, now) = (&self.base, self.base.clock.now());
        let account = Account {
            id: base.ids.next(now),
            name,
            weight,
            scopes: new.scopes.unwrap_or(Scopes::tenant()),
            password: self.hashed(new.password).await?,
            created_at: now,
        };
        let secret = base.credentials.key_create()?;
        let key = Key {
            id: base.ids.next(now),
            account: account.id,
            name: FIRST_KEY.to_owned(),
            scopes: account.scopes,
            expires_at: None,
            hash: Key::hash_of(&secret),
            created_at: now,
        };
        Ok((MadeAccount { account, key: secret }, key))
    }

    /// An account by name.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, name: &str) -> Result<Account> {
        self.base.store.account_get(&parse(name)?).await?.ok_or_else(not_found)
    }

    /// The caller's own account.
    ///
    /// # Errors
    /// Not found where it was deleted since the caller was let in.
    pub async fn own(&self, caller: &Caller) -> Result<Account> {
        let identity = Identity::Subject(Subject::Id(caller.account()));
        let (account, _) = self.base.store.identity_find(identity).await?.ok_or_else(not_found)?;
        Ok(account)
    }

    /// All accounts, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, page: Page) -> Result<Listed<Account>> {
        self.base.store.account_list(page).await
    }

    /// Changes an account. Its keys and tokens may do what it may from the next request on.
    ///
    /// # Errors
    /// Not found; invalid with the field; a conflict where an account would take its own right to manage.
    pub async fn change(&self, caller: &Caller, name: &str, change: Change) -> Result<Account> {
        let account = self.get(name).await?;
        let weight = change.weight.map(Account::check_weight).transpose()?;
        let lost = change.scopes.and_then(|scopes| caller.scopes().and(account.scopes).beyond(scopes));
        if account.id == caller.account() && lost.is_some() {
            return Err(Error::conflict("an account cannot take scopes from itself").field("scopes"));
        }
        let password = self.hashed(change.password).await?;
        let change = AccountChange { weight, scopes: change.scopes, password };
        let base = self.base.clone();
        let changed = self.base.tasks.finish(async move {
            let changed = base.store.account_change(&account.name, change).await;
            base.revision.advance();
            changed
        });
        changed.await?.ok_or_else(not_found)
    }

    /// Deletes an account and all that it has. Its keys end at once, its running guests soon.
    ///
    /// # Errors
    /// Not found; a conflict for the caller's own.
    pub async fn delete(&self, caller: &Caller, name: &str) -> Result<()> {
        let account = self.get(name).await?;
        if account.id == caller.account() {
            return Err(Error::conflict("an account cannot delete itself"));
        }
        self.take_away(account).await
    }

    /// Deletes the caller's own account and all that it has.
    ///
    /// # Errors
    /// A conflict for one that manages others; where the caller may less than its account.
    pub async fn leave(&self, caller: &Caller) -> Result<()> {
        let account = self.own(caller).await?;
        caller.hand_on(Some(account.scopes))?;
        if account.scopes.contains(Scope::Admin) {
            return Err(Error::conflict("an account that manages others cannot delete itself"));
        }
        self.take_away(account).await
    }

    async fn take_away(&self, account: Account) -> Result<()> {
        let base = self.base.clone();
        let deleted = self.base.tasks.finish(async move {
            let deleted = base.store.account_delete(&account.name).await;
            base.revision.advance();
            deleted
        });
        let deleted = deleted.await?;
        for who in [Wake::Cancel, Wake::Reap, Wake::Purge] {
            self.base.tasks.wake(who);
        }
        if deleted { Ok(()) } else { Err(not_found()) }
    }

    async fn hashed(&self, password: Option<String>) -> Result<Option<String>> {
        let Some(password) = password else { return Ok(None) };
        Account::check_password(&password)?;
        self.base.credentials.password_hash(password).await.map(Some)
    }
}

/// What cannot be a name names nothing.
fn parse(name: &str) -> Result<AccountName> {
    AccountName::parse(name).map_err(|_| not_found())
}

fn not_found() -> Error {
    Error::not_found("account")
}
