//! sharedcloud's API, `/api/v1`: functions of source with an image, runs with a tuple of tuples, jobs. What the product has
//! and this has not is listed in `docs/sharedcloud.md`.

mod account;
mod body;
mod catalog;
pub(crate) mod error;
mod functions;
mod jobs;
mod literal;
mod map;
mod model;
mod resources;
mod runs;
pub(crate) mod schemas;
pub(crate) mod slash;

use actix_web::middleware::from_fn;
use skep_domain::model::page::{PAGE_MAX, Page};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use self::error::SharedCloud;
use crate::shared::allowed;
use crate::shared::panics::catch_panics;

/// A caller with a permission, in this dialect.
type Allowed<P> = allowed::Allowed<P, SharedCloud>;

/// Where it lies.
pub(crate) const PREFIX: &str = "/api/v1";

/// Things that a list shows at most, newest first: its lists have no pages.
const LIST_MAX: usize = 1000;
/// Bytes of source, logs, arguments and results after which a list ends.
const LIST_BYTES_MAX: usize = 8 << 20;
/// The first page of what such a list is made of.
const FIRST: Page = Page { limit: PAGE_MAX, after: None };

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope::scope(PREFIX)
            .wrap(from_fn(catch_panics::<SharedCloud>))
            .service(account::login)
            .service(account::user_create)
            .service(account::user_list)
            .service(account::account_get)
            .service(account::account_change)
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
            .service(resources::image_list)
            .service(resources::image_get)
            .service(resources::gpu_list)
            .service(resources::gpu_get),
    );
}
