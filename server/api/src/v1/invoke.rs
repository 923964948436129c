//! `POST /v1/functions/{name}/invoke`

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, post, web};
use skep_domain::Error;
use skep_domain::model::receipt::Answer;
use skep_domain::model::run::Common;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::service::invoke::Invoked;

use super::error::Failure;
use super::map;
use super::model::{InvokeBody, InvokedView, JobView, Success};
use super::query::IdempotencyHeader;
use super::runs::no_arguments;
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::RunsWrite;
use crate::shared::observe::Traced;
use crate::shared::once::REPLAYED;
use crate::shared::params::{WAIT_MS_DEFAULT, WAIT_MS_MAX};

/// 200 whatever the guest did; 202 with the job where it is not over in time.
#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name"), IdempotencyHeader),
    request_body = Option<InvokeBody>,
    responses((status = 200, description = "the call is over, well or not", body = Success<InvokedView>), (status = 202, description = "the call goes on as a job", body = Success<JobView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/functions/{name}/invoke")]
pub(super) async fn function_invoke(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    Traced(trace): Traced,
    name: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let mut json = body.json::<InvokeBody>().await?;
    // What answers is kept as a job, not as an answer.
    let once = json.once::<()>(|()| Answer { status: 200, body: Vec::new() });
    let body = json.value;
    let wait = body.wait_ms.unwrap_or(WAIT_MS_DEFAULT);
    if wait > WAIT_MS_MAX {
        return Err(Error::invalid(format!("waitMs must be from 0 to {WAIT_MS_MAX}")).field("waitMs").into());
    }
    let request = Request {
        function: name.into_inner(),
        version: body.version,
        common: Common { timeout_ms: body.timeout_ms, ..map::common(body.export, body.stdin, body.env) },
        tuples: vec![body.arguments.unwrap_or_else(no_arguments)],
        trace,
    };
    match services.invoke.call(&allowed.caller, request, Duration::from_millis(wait), once).await? {
        Invoked::Over { job, stdout, stderr, replayed } => {
            let view = InvokedView { job: map::job(*job, None), stdout, stderr };
            let mut response = map::success(StatusCode::OK, view, "invoked");
            if replayed {
                let (name, value) = REPLAYED;
                response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            Ok(response)
        }
        Invoked::Running(job) => {
            let view = map::job(*job, None);
            Ok(map::success(StatusCode::ACCEPTED, view, "still running; ask for the job"))
        }
    }
}
