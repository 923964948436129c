//! What instances say of the jobs that they have.

use actix_web::{HttpResponse, patch, web};
use skep_domain::model::attempt::{Failure, FailureCode, Outcome};
use skep_domain::model::log::{self, Stream};
use skep_domain::service::Services;
use skep_domain::service::workers::Report;
use skep_domain::{Code, Error};

use super::body::{Body, Fields, fields};
use super::error::{Failure as Refusal, wrong};
use super::jobs::Shower;
use super::model::ReportBody;
use super::schemas::Refusals;
use super::{Allowed, model, wrapped};
use crate::shared::allowed::RunsWrite;

/// Bytes that are kept of each of its texts.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Reports of a job that one of the caller's instances has: that it is in progress (status 2), or how it ended (3 to
/// 5). Where the instance has the attempt no more, nothing is changed.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, description = "the job as it was given: its id, and from the second attempt on `-` and the number")),
    request_body(content = ReportBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the job", body = model::Job), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/jobs/{uuid}")]
pub(super) async fn job_report(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Refusal> {
    let (caller, attempt) = (&allowed.caller, wrapped::attempt_named(&uuid)?);
    let mut fields = match fields(body).await {
        // Its client reports once: what is too long to be read is the end of the attempt all the same.
        Err(refused) if refused.code() == Code::TooLarge => {
            let outcome = Outcome::Failed(Failure::new(FailureCode::OutputTooLarge, refused.to_string()));
            let report = Report { outcome, lines: Vec::new() };
            let job = services.workers.report(caller, attempt, report).await?;
            return Ok(HttpResponse::Ok().json(Shower::new(&services, caller).show(job).await?));
        }
        fields => fields?,
    };
    let job = match fields.required("status")?.as_str() {
        "2" => services.workers.hear(caller, attempt).await?,
        status => {
            let report = report(status, &mut fields, &services, &uuid)?;
            services.workers.report(caller, attempt, report).await?
        }
    };
    Ok(HttpResponse::Ok().json(Shower::new(&services, caller).show(job).await?))
}

fn report(status: &str, fields: &mut Fields, services: &Services, name: &str) -> Result<Report, Error> {
    let mut text = |name: &str| fields.take(name).unwrap_or_default();
    let (build_logs, output, stderr) = (text("build_logs"), text("output"), text("error"));
    let (stdout, parted) = wrapped::parted(&output, name);
    let failed = |code, message: &str| Outcome::Failed(Failure::new(code, message));
    let outcome = match status {
        "3" => parted,
        "4" => {
            let last = stderr.lines().rfind(|line| !line.trim().is_empty());
            failed(FailureCode::GuestError, last.unwrap_or("the program ended with another code than 0"))
        }
        "5" => failed(FailureCode::Timeout, "its instance gave it no more time"),
        other => return Err(wrong("status", format!("\"{other}\" is not a valid choice."))),
    };
    let at = services.base().clock.now();
    let texts =
        [(Stream::Host, build_logs.as_str()), (Stream::Stdout, stdout.as_str()), (Stream::Stderr, &stderr)];
    let lines = texts.into_iter().flat_map(|(stream, text)| log::lines(stream, text, TEXT_BYTES_MAX, at));
    Ok(Report { outcome, lines: lines.collect() })
}
