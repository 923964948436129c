//! `/v1/plans`: stages that follow from each other.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use skep_domain::model::page::Order;
use skep_domain::model::plan::Plan;
use skep_domain::model::receipt;
use skep_domain::model::search::Search;
use skep_domain::port::store::PlanFilter;
use skep_domain::service::Services;

use super::error::Failure;
use super::model::plans::{PlanBody, PlanView, StageView};
use super::model::{List, Nothing, Success};
use super::query::{IdempotencyHeader, OrderQuery, PageQuery};
use super::schemas::Refusals;
use super::{Allowed, Body, map};
use crate::shared::allowed::{RunsRead, RunsWrite};
use crate::shared::once::respond;
use crate::shared::params::Params;

mod views;

pub(super) use self::views::{plan as view, stage as stage_view, submission};

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "plans",
    params(IdempotencyHeader),
    request_body = PlanBody,
    responses((status = 201, description = "the plan, which is on disk and begins at once or at its time", body = Success<PlanView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/plans")]
pub(super) async fn plan_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    body: Body,
) -> Answer {
    let mut json = body.json::<PlanBody>().await?;
    let once = json.once(created);
    let submission = views::submission(json.value)?;
    Ok(respond(services.plans.create(&allowed.caller, submission, once).await?, created))
}

fn created(plan: &Plan) -> receipt::Answer {
    map::answer(StatusCode::CREATED, views::plan(plan.clone()), "plan created")
}

#[utoipa::path(
    tag = "plans",
    params(("status" = Option<String>, Query, description = "`QUEUED`, `RUNNING`, `SUCCEEDED`, `FAILED` or `CANCELLED`"), ("q" = Option<String>, Query, description = "words of its name and description, `tag:nightly`, `tags:a,b` for one of them: all of it must be there"), OrderQuery, PageQuery),
    responses((status = 200, description = "a page of the plans that are no stages of others", body = Success<List<PlanView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/plans")]
pub(super) async fn plan_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let filter = PlanFilter {
        status: params.parse("status")?,
        search: params.take("q").map(|text| Search::parse(&text)).transpose()?,
        order: params.order(Order::Descending)?,
    };
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.plans.list(&allowed.caller, filter, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, views::plan), "plans"))
}

#[utoipa::path(
    tag = "plans",
    params(("plan_id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "the plan", body = Success<PlanView>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/plans/{plan_id}")]
pub(super) async fn plan_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = services.plans.get(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, views::plan(plan), "plan"))
}

#[utoipa::path(
    tag = "plans",
    params(("plan_id" = String, Path, description = "the plan's id"), PageQuery),
    responses((status = 200, description = "a page of the stages that have begun, in the order of their making; of a stage that was begun again, both", body = Success<List<StageView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/plans/{plan_id}/stages")]
pub(super) async fn plan_stages(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.plans.stages(&allowed.caller, id.parse()?, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, views::stage), "stages"))
}

#[utoipa::path(
    tag = "plans",
    params(("plan_id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "cancelled, with its runs, the plans in it, and the plan that it is in", body = Success<PlanView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/plans/{plan_id}/cancel")]
pub(super) async fn plan_cancel(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = services.plans.cancel(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, views::plan(plan), "plan cancelled"))
}

/// Goes on with a plan that failed or was cancelled: with the stage of the first level at which it ended.
#[utoipa::path(
    tag = "plans",
    params(("plan_id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "the plan, which runs again", body = Success<PlanView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/plans/{plan_id}/restart")]
pub(super) async fn plan_restart(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = services.plans.restart(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, views::plan(plan), "plan restarted"))
}

#[utoipa::path(
    tag = "plans",
    params(("plan_id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "deleted, with its stages and runs", body = Success<Nothing>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/plans/{plan_id}")]
pub(super) async fn plan_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    services.plans.delete(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "plan deleted"))
}
