//! `/v1/accounts`: for whoever may manage them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use skep_domain::model::receipt;
use skep_domain::service::Services;
use skep_domain::service::accounts::{Change, MadeAccount, NewAccount};

use super::error::Failure;
use super::map;
use super::model::{AccountBody, AccountChangeBody, AccountView, List, MadeAccountView, Nothing, Success};
use super::query::{IdempotencyHeader, PageQuery};
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::Admin;
use crate::shared::once::respond;
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "accounts",
    params(PageQuery),
    responses((status = 200, description = "a page, newest first", body = Success<List<AccountView>>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[get("/accounts")]
pub(super) async fn account_list(
    _allowed: Allowed<Admin>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.accounts.list(page).await?;
    let list = map::list(listed, &cursors, |account| map::account(&account));
    Ok(map::success(StatusCode::OK, list, "accounts"))
}

#[utoipa::path(
    tag = "accounts",
    params(IdempotencyHeader),
    request_body = AccountBody,
    responses((status = 201, description = "the account and its first key", body = Success<MadeAccountView>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[post("/accounts")]
pub(super) async fn account_create(
    allowed: Allowed<Admin>,
    services: web::Data<Services>,
    body: Body,
) -> Answer {
    let mut json = body.json::<AccountBody>().await?;
    let once = json.once(created);
    let AccountBody { name, password, weight, scopes } = json.value;
    let new = NewAccount { name, password, weight, scopes: map::scopes(scopes)? };
    Ok(respond(services.accounts.create(&allowed.caller, new, once).await?, created))
}

fn created(made: &MadeAccount) -> receipt::Answer {
    let view = MadeAccountView { account: map::account(&made.account), key: made.key.clone() };
    map::answer(StatusCode::CREATED, view, "account created; its key is shown this once")
}

#[utoipa::path(
    tag = "accounts",
    params(("name" = String, Path, description = "the account's name")),
    responses((status = 200, description = "the account", body = Success<AccountView>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[get("/accounts/{name}")]
pub(super) async fn account_get(
    _allowed: Allowed<Admin>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    let account = services.accounts.get(&name).await?;
    Ok(map::success(StatusCode::OK, map::account(&account), "account"))
}

#[utoipa::path(
    tag = "accounts",
    params(("name" = String, Path, description = "the account's name")),
    request_body = Option<AccountChangeBody>,
    responses((status = 200, description = "the account as it is now", body = Success<AccountView>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[patch("/accounts/{name}")]
pub(super) async fn account_change(
    allowed: Allowed<Admin>,
    services: web::Data<Services>,
    name: web::Path<String>,
    body: Body,
) -> Answer {
    let json = body.json::<AccountChangeBody>().await?;
    let AccountChangeBody { password, weight, scopes } = json.value;
    let change = Change { weight, scopes: map::scopes(scopes)?, password };
    let account = services.accounts.change(&allowed.caller, &name, change).await?;
    Ok(map::success(StatusCode::OK, map::account(&account), "account changed"))
}

#[utoipa::path(
    tag = "accounts",
    params(("name" = String, Path, description = "the account's name")),
    responses((status = 200, description = "deleted, with all that it had", body = Success<Nothing>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[delete("/accounts/{name}")]
pub(super) async fn account_delete(
    allowed: Allowed<Admin>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    services.accounts.delete(&allowed.caller, &name).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "account deleted"))
}
