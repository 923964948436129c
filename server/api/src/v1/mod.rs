//! The native API, `/v1`. Its conventions, and `/v1/jobs` exactly, are those of seed 002.

mod accounts;
pub(crate) mod error;
mod events;
mod functions;
mod invoke;
mod jobs;
mod keys;
mod logs;
mod map;
pub(crate) mod metrics;
mod model;
mod models;
mod plans;
mod query;
mod runs;
mod runtimes;
mod schedules;
pub(crate) mod schemas;
mod sources;
mod usage;
mod webhooks;

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use self::error::Native;
use crate::shared::panics::catch_panics;
use crate::shared::{allowed, body};

pub(crate) use self::webhooks::views::put as told;

/// A caller with a permission, in this dialect.
type Allowed<P> = allowed::Allowed<P, Native>;
/// A body, in this dialect.
type Body = body::Body<Native>;

/// Adds every route; what is asked for most comes first, for routes are tried in this order.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope::scope("/v1")
            .wrap(from_fn(catch_panics::<Native>))
            .service(invoke::function_invoke)
            .service(jobs::job_get)
            .service(jobs::job_list)
            .service(jobs::job_create)
            .service(jobs::job_cancel)
            .service(jobs::job_restart)
            .service(jobs::attempt_list)
            .service(logs::log_list)
            .service(runs::run_create)
            .service(runs::run_list)
            .service(runs::run_get)
            .service(runs::run_delete)
            .service(runs::run_cancel)
            .service(jobs::run_job_list)
            .service(events::run_events)
            .service(events::run_results)
            .service(functions::function_list)
            .service(functions::function_get)
            .service(functions::function_upload)
            .service(functions::function_configure)
            .service(functions::function_delete)
            .service(functions::version_list)
            .service(functions::version_get)
            .service(functions::version_component)
            .service(functions::version_source)
            .service(runtimes::runtime_list)
            .service(runtimes::runtime_get)
            .service(runtimes::runtime_add)
            .service(runtimes::runtime_remove)
            .service(models::model_list)
            .service(models::model_get)
            .service(models::model_put)
            .service(models::model_remove)
            .service(schedules::schedule_list)
            .service(schedules::schedule_get)
            .service(schedules::schedule_put)
            .service(schedules::schedule_change)
            .service(schedules::schedule_delete)
            .service(plans::plan_create)
            .service(plans::plan_list)
            .service(plans::plan_get)
            .service(plans::plan_delete)
            .service(plans::plan_stages)
            .service(plans::plan_cancel)
            .service(plans::plan_restart)
            .service(webhooks::webhook_create)
            .service(webhooks::webhook_list)
            .service(webhooks::webhook_get)
            .service(webhooks::webhook_change)
            .service(webhooks::webhook_delete)
            .service(webhooks::delivery_list)
            .service(webhooks::delivery_replay)
            .service(webhooks::webhook_replay)
            .service(usage::usage_list)
            .service(keys::token_give)
            .service(keys::key_list)
            .service(keys::key_create)
            .service(keys::key_revoke)
            .service(accounts::account_list)
            .service(accounts::account_create)
            .service(accounts::account_get)
            .service(accounts::account_change)
            .service(accounts::account_delete),
    );
}
