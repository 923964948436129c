//! `/v3/projects`: there is one, the caller's account.

use actix_web::{HttpRequest, HttpResponse, get, web};
use skep_domain::model::account::Account;
use skep_domain::model::id::AccountId;
use skep_domain::service::Services;
use skep_domain::{Code, Error, Result};

use super::error::Failure;
use super::filter::{self, Filter, Join, Rule};
use super::model::{Normal, Project};
use super::page::{Page, Paginated};
use super::schemas::Refusals;
use super::{Allowed, map, select};
use crate::shared::allowed::RunsRead;
use crate::shared::params::Params;

/// The caller's projects: the account.
#[utoipa::path(
    tag = "projects",
    params(("filter" = Option<String>, Query, description = "rules on id and name, as of jobs"), Page),
    responses((status = 200, description = "the projects", body = Paginated<Project>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/projects")]
pub(super) async fn project_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let mut params = Params::of(&request)?;
    let page = Page::of(&mut params)?;
    let account = services.accounts.own(&allowed.caller).await?;
    let fits = match params.take("filter") {
        Some(text) => fits(&filter::parse(&text)?, &account)?,
        None => true,
    };
    let total = usize::from(fits);
    let items = (page.offset == 0 && fits).then(|| map::project(&account)).into_iter().collect();
    Ok(HttpResponse::Ok().json(Paginated::new(items, total as u64, page)))
}

/// A project, by its id.
#[utoipa::path(
    tag = "projects",
    params(("project_id" = String, Path, format = "uuid", description = "the account's id")),
    responses((status = 200, description = "the project", body = Normal<Project>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/projects/{project_id}")]
pub(super) async fn project_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let account = services.accounts.own(&allowed.caller).await?;
    if !id.parse().is_ok_and(|id: AccountId| id == account.id) {
        return Err(Error::new(Code::NotFound, "Project not found for the given identifier").into());
    }
    Ok(HttpResponse::Ok().json(Normal::new(map::project(&account))))
}

fn fits(filter: &Filter, account: &Account) -> Result<bool> {
    let of_rule = |rule: &Rule| match rule.field.as_str() {
        "name" => Ok(select::texts(rule)?.fit(account.name.as_str())),
        "id" => Ok(select::texts(rule)?.fit(&account.id.to_string())),
        other => Err(rule.wrong(&format!("there is no field \"{other}\", but id and name"))),
    };
    filter.fold(&of_rule, &|join, rules| match join {
        Join::Or => rules.contains(&true),
        Join::And => !rules.contains(&false),
    })
}
