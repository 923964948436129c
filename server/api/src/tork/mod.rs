//! Tork's API: jobs that are plans, in YAML and JSON, with tasks that run in images. What differs from the product is listed
//! in `docs/tork.md`.

mod auth;
mod definition;
pub(crate) mod error;
mod execution;
mod jobs;
mod logs;
mod nodes;
mod page;
mod plan;
mod scheduled;
pub(crate) mod schemas;
mod tasks;
mod users;
mod view;
mod webhooks;

use actix_web::middleware::from_fn;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use skep_domain::service::Services;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use self::error::Tork;
use crate::shared::allowed::RunsRead;
use crate::shared::body;
use crate::shared::panics::catch_panics;

pub(crate) use self::webhooks::put as told;

/// A body, in this dialect.
type Body = body::Body<Tork>;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(
            scope::scope("/jobs")
                .wrap(from_fn(catch_panics::<Tork>))
                .service(jobs::job_create)
                .service(jobs::job_list)
                .service(jobs::job_get)
                .service(jobs::job_delete)
                .service(jobs::job_cancel)
                .service(jobs::job_restart)
                .service(logs::job_log),
        )
        .service(
            scope::scope("/tasks")
                .wrap(from_fn(catch_panics::<Tork>))
                .service(tasks::task_get)
                .service(logs::task_log),
        )
        .service(
            scope::scope("/queues")
                .wrap(from_fn(catch_panics::<Tork>))
                .service(nodes::queue_list)
                .service(nodes::queue_get),
        )
        .service(
            scope::scope("/scheduled-jobs")
                .wrap(from_fn(catch_panics::<Tork>))
                .service(scheduled::scheduled_job_create)
                .service(scheduled::scheduled_job_list)
                .service(scheduled::scheduled_job_get)
                .service(scheduled::scheduled_job_delete)
                .service(scheduled::scheduled_job_pause)
                .service(scheduled::scheduled_job_resume),
        )
        .service(scope::scope("/users").wrap(from_fn(catch_panics::<Tork>)).service(users::user_create))
        .service(scope::scope("/nodes").wrap(from_fn(catch_panics::<Tork>)).service(nodes::node_list));
}

/// What the caller has under way.
pub(crate) async fn metrics(
    request: &HttpRequest,
    services: &Services,
) -> Result<HttpResponse, error::Failure> {
    let allowed: auth::Allowed<RunsRead> = auth::Allowed::extract(request).await?;
    Ok(HttpResponse::Ok().json(nodes::metrics(services, &allowed.caller).await?))
}

/// Where it lies: its clients take no other places.
pub(crate) const PREFIXES: [&str; 6] = ["/jobs", "/scheduled-jobs", "/tasks", "/queues", "/nodes", "/users"];
