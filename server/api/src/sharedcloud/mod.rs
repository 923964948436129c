//! sharedcloud's API, `/api/v1`: functions of source with an image, runs with a tuple of tuples, jobs, and instances that take
//! jobs. What the product has and this has not is listed in `docs/sharedcloud.md`.

mod account;
mod body;
mod catalog;
pub(crate) mod error;
mod functions;
mod instances;
mod jobs;
mod list;
mod literal;
mod map;
mod model;
mod reports;
mod resources;
mod runs;
pub(crate) mod schemas;
pub(crate) mod slash;
mod wrapped;

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use self::error::SharedCloud;
use crate::shared::allowed;
use crate::shared::panics::catch_panics;

/// A caller with a permission, in this dialect.
type Allowed<P> = allowed::Allowed<P, SharedCloud>;

/// Where it lies.
pub(crate) const PREFIX: &str = "/api/v1";

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope::scope(PREFIX)
            .wrap(from_fn(catch_panics::<SharedCloud>))
            .service(account::login)
            .service(account::user_create)
            .service(account::user_list)
            .service(account::account_get)
            .service(account::account_change)
            .service(account::account_replace)
            .service(account::account_delete)
            .service(functions::function_list)
            .service(functions::function_create)
            .service(functions::function_get)
            .service(functions::function_replace)
            .service(functions::function_change)
            .service(functions::function_delete)
            .service(runs::run_list)
            .service(runs::run_create)
            .service(runs::run_get)
            .service(runs::run_delete)
            .service(jobs::job_list)
            .service(jobs::job_get)
            .service(reports::job_report)
            .service(instances::instance_list)
            .service(instances::instance_create)
            .service(instances::instance_get)
            .service(instances::instance_replace)
            .service(instances::instance_change)
            .service(instances::instance_delete)
            .service(instances::instance_start)
            .service(instances::instance_stop)
            .service(instances::instance_image_add)
            .service(instances::instance_image_delete)
            .service(instances::instance_jobs)
            .service(instances::offer_list)
            .service(resources::image_list)
            .service(resources::image_get)
            .service(resources::gpu_list)
            .service(resources::gpu_get),
    );
}
