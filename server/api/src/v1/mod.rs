//! The native API, `/v1`. Its conventions, and `/v1/jobs` exactly, are those of seed 002.

pub(crate) mod error;
mod functions;
mod invoke;
mod jobs;
mod map;
mod model;
mod runs;

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, web};
use skep_domain::{Code, Error};

use self::error::{Failure, Native};
use crate::shared::panics::catch_panics;
use crate::shared::{allowed, body};

/// A caller with a permission, in this dialect.
type Allowed<P> = allowed::Allowed<P, Native>;
/// A JSON body, in this dialect.
type Json<T> = body::Json<T, Native>;
/// An uploaded body, in this dialect.
type Upload = body::Upload<Native>;

/// Every route, as the authorisation table and the documents list them.
pub(crate) const ROUTES: &[(&str, &str)] = &[
    ("GET", "/v1/functions"),
    ("GET", "/v1/functions/{name}"),
    ("PUT", "/v1/functions/{name}"),
    ("PATCH", "/v1/functions/{name}"),
    ("DELETE", "/v1/functions/{name}"),
    ("GET", "/v1/functions/{name}/versions"),
    ("GET", "/v1/functions/{name}/versions/{version}"),
    ("GET", "/v1/functions/{name}/versions/{version}/component"),
    ("POST", "/v1/functions/{name}/invoke"),
    ("GET", "/v1/runs"),
    ("POST", "/v1/runs"),
    ("GET", "/v1/runs/{runId}"),
    ("DELETE", "/v1/runs/{runId}"),
    ("POST", "/v1/runs/{runId}/cancel"),
    ("GET", "/v1/runs/{runId}/jobs"),
    ("GET", "/v1/jobs"),
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs/{jobId}"),
    ("POST", "/v1/jobs/{jobId}/cancel"),
    ("POST", "/v1/jobs/{jobId}/restart"),
    ("GET", "/v1/jobs/{jobId}/attempts"),
    ("GET", "/v1/jobs/{jobId}/logs"),
];

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    let resource = |path: &str| web::resource(path.to_owned()).default_service(other());
    config.service(
        web::scope("/v1")
            .wrap(from_fn(catch_panics::<Native>))
            .service(resource("/functions").route(web::get().to(functions::function_list)))
            .service(
                resource("/functions/{name}")
                    .route(web::get().to(functions::function_get))
                    .route(web::put().to(functions::function_upload))
                    .route(web::patch().to(functions::function_configure))
                    .route(web::delete().to(functions::function_delete)),
            )
            .service(resource("/functions/{name}/versions").route(web::get().to(functions::version_list)))
            .service(
                resource("/functions/{name}/versions/{version}").route(web::get().to(functions::version_get)),
            )
            .service(
                resource("/functions/{name}/versions/{version}/component")
                    .route(web::get().to(functions::version_component)),
            )
            .service(resource("/functions/{name}/invoke").route(web::post().to(invoke::function_invoke)))
            .service(
                resource("/runs")
                    .route(web::get().to(runs::run_list))
                    .route(web::post().to(runs::run_create)),
            )
            .service(
                resource("/runs/{run_id}")
                    .route(web::get().to(runs::run_get))
                    .route(web::delete().to(runs::run_delete)),
            )
            .service(resource("/runs/{run_id}/cancel").route(web::post().to(runs::run_cancel)))
            .service(resource("/runs/{run_id}/jobs").route(web::get().to(jobs::run_job_list)))
            .service(
                resource("/jobs")
                    .route(web::get().to(jobs::job_list))
                    .route(web::post().to(jobs::job_create)),
            )
            .service(resource("/jobs/{job_id}").route(web::get().to(jobs::job_get)))
            .service(resource("/jobs/{job_id}/cancel").route(web::post().to(jobs::job_cancel)))
            .service(resource("/jobs/{job_id}/restart").route(web::post().to(jobs::job_restart)))
            .service(resource("/jobs/{job_id}/attempts").route(web::get().to(jobs::attempt_list)))
            .service(resource("/jobs/{job_id}/logs").route(web::get().to(jobs::log_list)))
            .default_service(web::route().to(no_such_route)),
    );
    config.default_service(web::route().to(no_such_route));
}

async fn no_such_route(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let (method, path) = (request.method(), request.path());
    Err(Error::new(Code::NotFound, format!("there is no route {method} {path}")).into())
}

async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    error::method_not_allowed(&request)
}
