//! `/v1/runs`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::value::RawValue;
use skep_domain::Error;
use skep_domain::model::page::Order;
use skep_domain::model::run::Common;
use skep_domain::model::time::Millis;
use skep_domain::port::store::RunFilter;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::service::runs::Submission;

use super::error::Failure;
use super::map;
use super::model::RunBody;
use super::{Allowed, Json};
use crate::shared::allowed::{RunsRead, RunsWrite};
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

pub(super) async fn run_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    Json { value: body, .. }: Json<RunBody>,
) -> Answer {
    if let Some(device) = body.device.as_deref().filter(|device| *device != "cpu") {
        let message = format!("this server has no device \"{device}\"; it has cpu");
        return Err(Error::invalid(message).field("device").into());
    }
    let bid_nanodollars =
        body.bid_price.map(|price| map::nanodollars("bidPrice", price.get())).transpose()?;
    let request = Request {
        function: body.function,
        version: body.version,
        common: Common {
            timeout_ms: body.timeout_ms,
            retry: body.retry,
            ..map::common(body.export, body.stdin, body.env)
        },
        tuples: body.parameters,
    };
    let submission = Submission { request, bid_nanodollars, run_at: body.run_at.map(Millis) };
    let run = services.runs.create(&allowed.caller, submission).await?;
    Ok(map::success(StatusCode::CREATED, map::run(run), "run created"))
}

pub(super) async fn run_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let (date_from, date_to) = params.dates()?;
    let filter = RunFilter {
        source: params.parse("source")?,
        function: params.take("function"),
        date_from,
        date_to,
        order: params.order(Order::Descending)?,
    };
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.runs.list(&allowed.caller, filter, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, map::run), "runs"))
}

pub(super) async fn run_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let run = services.runs.get(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::run(run), "run"))
}

pub(super) async fn run_cancel(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let run = services.runs.cancel(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::run(run), "run cancelled"))
}

pub(super) async fn run_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    services.runs.delete(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, serde_json::json!({}), "run deleted"))
}

/// The tuple of a call without arguments.
pub(super) fn no_arguments() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).expect("an empty array is JSON")
}
