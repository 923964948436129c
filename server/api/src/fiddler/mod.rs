//! The API of Fiddler's client, `/v3`: jobs to be read and waited for, and what a client asks before it does so. What
//! the product has and this has not is listed in `docs/fiddler.md`.

pub(crate) mod error;
mod filter;
mod info;
mod jobs;
mod map;
mod model;
mod page;
mod projects;
pub(crate) mod schemas;
mod select;

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use self::error::Fiddler;
use crate::shared::allowed;
use crate::shared::panics::catch_panics;

/// A caller with a permission, in this dialect.
type Allowed<P> = allowed::Allowed<P, Fiddler>;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope::scope(PREFIX)
            .wrap(from_fn(catch_panics::<Fiddler>))
            .service(jobs::job_list)
            .service(jobs::job_get)
            .service(projects::project_list)
            .service(projects::project_get)
            .service(info::server_info)
            .service(info::version_compatibility),
    );
}

/// Where it lies: its client takes no other place.
pub(crate) const PREFIX: &str = "/v3";
