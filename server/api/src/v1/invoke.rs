//! `POST /v1/functions/{name}/invoke`

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use skep_domain::Error;
use skep_domain::model::run::Common;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::service::invoke::Invoked;

use super::error::Failure;
use super::map;
use super::model::{InvokeBody, InvokedView};
use super::runs::no_arguments;
use super::{Allowed, Json};
use crate::shared::allowed::RunsWrite;

/// How long a call is waited for where its caller does not say.
const WAIT_MS_DEFAULT: u64 = 60_000;
/// How long a call may be waited for.
const WAIT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// 200 whatever the guest did; 202 with the job where it is not over in time.
pub(super) async fn function_invoke(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
    Json { value: body, .. }: Json<InvokeBody>,
) -> Result<HttpResponse, Failure> {
    let wait = body.wait_ms.unwrap_or(WAIT_MS_DEFAULT);
    if wait > WAIT_MS_MAX {
        return Err(Error::invalid(format!("waitMs must be from 0 to {WAIT_MS_MAX}")).field("waitMs").into());
    }
    let request = Request {
        function: name.into_inner(),
        version: body.version,
        common: Common { timeout_ms: body.timeout_ms, ..map::common(body.export, body.stdin, body.env) },
        tuples: vec![body.arguments.unwrap_or_else(no_arguments)],
    };
    match services.invoke.call(&allowed.caller, request, Duration::from_millis(wait)).await? {
        Invoked::Over { job, stdout, stderr } => {
            let view = InvokedView { job: map::job(*job), stdout, stderr };
            Ok(map::success(StatusCode::OK, view, "invoked"))
        }
        Invoked::Running(job) => {
            Ok(map::success(StatusCode::ACCEPTED, map::job(*job), "still running; ask for the job"))
        }
    }
}
