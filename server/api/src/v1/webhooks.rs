//! `/v1/webhooks`: where an account is told of what happens.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use skep_domain::model::id::PlanId;
use skep_domain::service::Services;

use super::error::Failure;
use super::model::webhooks::{
    CreatedWebhookView, DeliveryView, ReplayedView, WebhookBody, WebhookChangeBody, WebhookView,
};
use super::model::{List, Nothing, Success};
use super::query::PageQuery;
use super::schemas::Refusals;
use super::{Allowed, Body, map};
use crate::shared::allowed::{RunsRead, RunsWrite};
use crate::shared::params::Params;

pub(super) mod views;

type Answer = Result<HttpResponse, Failure>;

/// Makes a webhook: it is told of runs, jobs and plans that are submitted from now on.
#[utoipa::path(
    tag = "webhooks",
    request_body = WebhookBody,
    responses((status = 201, description = "the webhook, with the secret that its requests are signed with", body = Success<CreatedWebhookView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/webhooks")]
pub(super) async fn webhook_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    body: Body,
) -> Answer {
    let hook = views::hook(body.json::<WebhookBody>().await?.value)?;
    let (webhook, secret) = services.webhooks.create(&allowed.caller, hook).await?;
    let created = CreatedWebhookView { webhook: views::webhook(webhook), secret };
    Ok(map::success(StatusCode::CREATED, created, "webhook created"))
}

#[utoipa::path(
    tag = "webhooks",
    params(("planId" = Option<String>, Query, description = "those of this plan, instead of those of the account")),
    responses((status = 200, description = "all of them, in the order of their making", body = Success<List<WebhookView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/webhooks")]
pub(super) async fn webhook_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let plan: Option<PlanId> = params.parse("planId")?;
    params.finish()?;
    let webhooks = services.webhooks.list(&allowed.caller, plan).await?;
    let items: Vec<_> = webhooks.into_iter().map(views::webhook).collect();
    let list = List { count: items.len(), items, last_evaluated_key: None };
    Ok(map::success(StatusCode::OK, list, "webhooks"))
}

#[utoipa::path(
    tag = "webhooks",
    params(("webhook_id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "the webhook", body = Success<WebhookView>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/webhooks/{webhook_id}")]
pub(super) async fn webhook_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let webhook = services.webhooks.get(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, views::webhook(webhook), "webhook"))
}

/// Disables a webhook, or enables it again. What happens while it is disabled is not told later.
#[utoipa::path(
    tag = "webhooks",
    params(("webhook_id" = String, Path, description = "the webhook's id")),
    request_body = WebhookChangeBody,
    responses((status = 200, description = "the webhook", body = Success<WebhookView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/webhooks/{webhook_id}")]
pub(super) async fn webhook_change(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
    body: Body,
) -> Answer {
    let is_disabled = body.json::<WebhookChangeBody>().await?.value.disabled;
    let webhook = services.webhooks.turn(&allowed.caller, id.parse()?, is_disabled).await?;
    let message = if is_disabled { "webhook disabled" } else { "webhook enabled" };
    Ok(map::success(StatusCode::OK, views::webhook(webhook), message))
}

#[utoipa::path(
    tag = "webhooks",
    params(("webhook_id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "deleted, with what it had to tell", body = Success<Nothing>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/webhooks/{webhook_id}")]
pub(super) async fn webhook_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    services.webhooks.delete(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "webhook deleted"))
}

/// What a webhook is still to tell, and what it gave up. What was delivered is counted, not kept.
#[utoipa::path(
    tag = "webhooks",
    params(("webhook_id" = String, Path, description = "the webhook's id"), ("status" = Option<String>, Query, description = "`WAITING` or `DEAD`"), PageQuery),
    responses((status = 200, description = "a page of them, the oldest first", body = Success<List<DeliveryView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/webhooks/{webhook_id}/deliveries")]
pub(super) async fn delivery_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let status = params.parse("status")?;
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.webhooks.deliveries(&allowed.caller, id.parse()?, status, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, views::delivery), "deliveries"))
}

/// Tries again what was given up: all of it.
#[utoipa::path(
    tag = "webhooks",
    params(("webhook_id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "how many", body = Success<ReplayedView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/webhooks/{webhook_id}/replay")]
pub(super) async fn webhook_replay(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let replayed = services.webhooks.replay(&allowed.caller, id.parse()?, None).await?;
    Ok(map::success(StatusCode::OK, ReplayedView { replayed }, "deliveries wait again"))
}

/// Tries again one delivery that was given up.
#[utoipa::path(
    tag = "webhooks",
    params(("webhook_id" = String, Path, description = "the webhook's id"), ("delivery_id" = String, Path, description = "the delivery's id")),
    responses((status = 200, description = "it waits again", body = Success<ReplayedView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")]
pub(super) async fn delivery_replay(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    ids: web::Path<(String, String)>,
) -> Answer {
    let (webhook, delivery) = ids.into_inner();
    let replayed =
        services.webhooks.replay(&allowed.caller, webhook.parse()?, Some(delivery.parse()?)).await?;
    Ok(map::success(StatusCode::OK, ReplayedView { replayed }, "delivery waits again"))
}
