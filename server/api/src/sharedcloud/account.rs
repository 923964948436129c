//! Login, and the caller's account.

use actix_web::{HttpResponse, get, patch, post, web};
use skep_domain::service::Services;
use skep_domain::service::accounts::Change;
use skep_domain::{Code, Error};

use super::body::{Body, fields, some_fields};
use super::error::{Failure, wrong};
use super::model::{Account, AccountBody, LoginBody, Token};
use super::schemas::Refusals;
use super::{Allowed, map};
use crate::shared::allowed::{KeysWrite, RunsRead};

type Answer = Result<HttpResponse, Failure>;

/// Gives a token for a password, good until the password is changed.
#[utoipa::path(
    tag = "account",
    request_body(content = LoginBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the token", body = Token), Refusals),
    security(()),
)]
#[post("/api-token-auth")]
pub(super) async fn login(services: web::Data<Services>, body: Body) -> Answer {
    let mut fields = fields(body).await?;
    let (name, password) = (fields.required("username")?, fields.required("password")?);
    let refused = |error: Error| match error.code() {
        Code::Unauthenticated => Error::invalid("Unable to log in with provided credentials."),
        _ => error,
    };
    let token = services.auth.login(&name, password).await.map_err(refused)?;
    Ok(HttpResponse::Ok().json(Token { token }))
}

/// Nobody makes an account here: whoever runs the server does.
#[utoipa::path(tag = "account", responses(Refusals), security(()))]
#[post("/users")]
pub(super) async fn user_create() -> Answer {
    let message = "Accounts are made by whoever runs this server: skep accounts create NAME.";
    Err(Error::new(Code::ScopeRequired, message).into())
}

/// The caller's account, as a list of one.
#[utoipa::path(
    tag = "account",
    responses((status = 200, description = "the account", body = Vec<Account>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/users")]
pub(super) async fn user_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let account = services.accounts.own(&allowed.caller).await?;
    Ok(HttpResponse::Ok().json([map::account(&account, services.base().clock.now())]))
}

/// The caller's account, as a list of one.
#[utoipa::path(
    tag = "account",
    responses((status = 200, description = "the account", body = Vec<Account>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/users/account")]
pub(super) async fn account_get(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let account = services.accounts.own(&allowed.caller).await?;
    Ok(HttpResponse::Ok().json([map::account(&account, services.base().clock.now())]))
}

/// Changes the caller's password.
#[utoipa::path(
    tag = "account",
    request_body(content = AccountBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the account", body = Account), Refusals),
    security(("bearer" = ["keys:write"])),
)]
#[patch("/users/account")]
pub(super) async fn account_change(
    allowed: Allowed<KeysWrite>,
    services: web::Data<Services>,
    body: Body,
) -> Answer {
    let mut fields = some_fields(body).await?;
    let account = services.accounts.own(&allowed.caller).await?;
    // A password gives all that the account may, for as long as it is there: who has less must not choose it.
    allowed.caller.hand_on(Some(account.scopes))?;
    if allowed.caller.until().is_some() {
        return Err(Error::new(Code::ScopeRequired, "What ends by itself cannot change a password.").into());
    }
    for (field, now) in [("username", account.name.as_str()), ("email", "")] {
        if fields.take(field).is_some_and(|wanted| wanted != now) {
            return Err(wrong(field, "This server keeps an account's name, and no address.").into());
        }
    }
    let change = Change { password: fields.take("password"), ..Change::default() };
    let changed = services.accounts.change(&allowed.caller, account.name.as_str(), change).await;
    let too_short = |error: Error| match error.field_at_fault() {
        Some("password") => wrong("password", format!("This password is too short or too long: {error}.")),
        _ => error,
    };
    Ok(HttpResponse::Ok().json(map::account(&changed.map_err(too_short)?, services.base().clock.now())))
}
