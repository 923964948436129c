//! `/v1/usage`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use skep_domain::model::usage::By;
use skep_domain::service::Services;

use super::Allowed;
use super::error::Failure;
use super::map;
use super::model::{List, ReportedView, Success};
use super::query::{DateQuery, PageQuery, UsageQuery};
use super::schemas::Refusals;
use crate::shared::allowed::UsageRead;
use crate::shared::params::Params;

/// What the account used, and what was charged for it: of the last 30 days, where no dates are named.
#[utoipa::path(
    tag = "usage",
    params(UsageQuery, DateQuery, PageQuery),
    responses((status = 200, description = "a page", body = Success<List<ReportedView>>), Refusals),
    security(("bearer" = ["usage:read"])),
)]
#[get("/usage")]
pub(super) async fn usage_list(
    allowed: Allowed<UsageRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let mut params = Params::of(&request)?;
    let by = params.parse("by")?.unwrap_or(By::Day);
    let (dates, page) = (params.dates()?, params.page()?);
    let cursors = params.finish()?;
    let listed = services.usage.list(&allowed.caller, by, dates, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, map::reported), "usage"))
}
