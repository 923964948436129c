//! `/v3/jobs`.

use actix_web::{HttpRequest, HttpResponse, get, web};
use skep_domain::model::id::JobId;
use skep_domain::service::Services;
use skep_domain::{Code, Error};

use super::error::Failure;
use super::model::{Job, Normal};
use super::schemas::Refusals;
use super::{Allowed, map};
use crate::shared::allowed::RunsRead;
use crate::shared::params::Params;

/// A job, by its id: dashed, or 32 hex digits.
#[utoipa::path(
    tag = "jobs",
    params(("job_id" = String, Path, format = "uuid", description = "the job's id"), ("verbose" = Option<bool>, Query, description = "whether `extras` are to be there")),
    responses((status = 200, description = "the job", body = Normal<Job>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs/{job_id}")]
pub(super) async fn job_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let mut params = Params::of(&request)?;
    let verbose = verbose(params.take("verbose"))?;
    let id: JobId = id.parse().map_err(|_| no_job())?;
    let job = services.jobs.get(&allowed.caller, id).await.map_err(as_job)?;
    let account = services.accounts.own(&allowed.caller).await?;
    let function = match services.functions.get(&allowed.caller, &job.job_type).await {
        Ok(function) => Some(function),
        // It is being deleted, and its jobs with it.
        Err(error) if error.code() == Code::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    Ok(HttpResponse::Ok().json(Normal::new(map::job(job, function.as_ref(), &account, verbose))))
}

/// Python writes `True`.
fn verbose(text: Option<String>) -> Result<bool, Error> {
    match text.map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Error::invalid("verbose must be true or false")),
    }
}

fn as_job(error: Error) -> Error {
    if error.code() == Code::NotFound { no_job() } else { error }
}

fn no_job() -> Error {
    Error::new(Code::NotFound, "Job not found for the given identifier")
}
