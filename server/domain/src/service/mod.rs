//! What can be done, in the product's words: one noun a file, each method takes a [`Caller`].
//!
//! [`Caller`]: crate::model::account::Caller

pub mod accounts;
pub mod auth;
pub mod builds;
pub mod functions;
pub mod input;
pub mod invoke;
pub mod jobs;
pub mod keys;
pub mod models;
mod once;
mod places;
pub mod plans;
pub mod runs;
pub mod runtimes;
pub mod schedules;
pub mod usage;
pub mod web;
pub mod webhooks;
pub mod workers;

use std::sync::Arc;

use crate::base::Base;
use crate::error::Result;
use crate::model::account::Caller;
use crate::model::id::AccountId;
use crate::model::limits::Limits;
use crate::model::token::Subject;
use crate::port::store::Identity;

/// All services.
#[derive(Clone)]
pub struct Services {
    /// Who is asking.
    pub auth: auth::Auth,
    /// Accounts.
    pub accounts: accounts::Accounts,
    /// Keys.
    pub keys: keys::Keys,
    /// Functions and versions.
    pub functions: functions::Functions,
    /// Uploads of source.
    pub builds: builds::Builds,
    /// Models.
    pub models: models::Models,
    /// Runtimes.
    pub runtimes: runtimes::Runtimes,
    /// Calls that somebody waits for.
    pub invoke: invoke::Invoke,
    /// Runs.
    pub runs: runs::Runs,
    /// Plans.
    pub plans: plans::Plans,
    /// Jobs, attempts, logs.
    pub jobs: jobs::Jobs,
    /// What was used.
    pub usage: usage::Usage,
    /// HTTP functions.
    pub web: web::Web,
    /// Schedules.
    pub schedules: schedules::Schedules,
    /// Webhooks.
    pub webhooks: webhooks::Webhooks,
    /// Workers.
    pub workers: workers::Workers,
    base: Arc<Base>,
}

impl Services {
    /// Builds the services on their base.
    pub fn new(base: Arc<Base>) -> Self {
        let auth = auth::Auth::new(base.clone());
        // Calls and requests of an account are in each other's way, nobody else's.
        let places = places::Places::new(base.limits.invocations_max);
        Self {
            auth: auth.clone(),
            accounts: accounts::Accounts::new(base.clone()),
            keys: keys::Keys::new(base.clone()),
            functions: functions::Functions::new(base.clone()),
            builds: builds::Builds::new(base.clone()),
            models: models::Models::new(base.clone()),
            runtimes: runtimes::Runtimes::new(base.clone()),
            invoke: invoke::Invoke::new(base.clone(), places.clone()),
            runs: runs::Runs::new(base.clone()),
            plans: plans::Plans::new(base.clone()),
            jobs: jobs::Jobs::new(base.clone()),
            usage: usage::Usage::new(base.clone()),
            web: web::Web::new(base.clone(), auth, places),
            schedules: schedules::Schedules::new(base.clone()),
            webhooks: webhooks::Webhooks::new(base.clone()),
            workers: workers::Workers::new(base.clone()),
            base,
        }
    }

    /// What things stand on, for whoever tells of requests.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Sizes and counts, for whoever reads bodies.
    pub fn limits(&self) -> &Limits {
        &self.base.limits
    }
}

/// An account as a caller, for what it asked for earlier; none where it is gone.
async fn on_behalf_of(base: &Base, account: AccountId) -> Result<Option<Caller>> {
    let found = base.store.identity_find(Identity::Subject(Subject::Id(account))).await?;
    Ok(found.map(|(account, _)| Caller::new(&account, account.scopes, None)))
}
