//! Login, and the caller's account.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use skep_domain::model::account::Caller;
use skep_domain::service::Services;
use skep_domain::service::accounts::Change;
use skep_domain::{Code, Error};

use super::body::{Body, fields, some_fields};
use super::error::{Failure, wrong};
use super::model::{Account, AccountBody, LoginBody, NewAccountBody, Token};
use super::schemas::Refusals;
use super::{Allowed, map, slash};
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

/// Makes an account, where whoever runs the server lets strangers do that (`[accounts] registration`).
#[utoipa::path(
    tag = "account",
    request_body(content = NewAccountBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "the account; 200 where the path has no slash at its end", body = Account), (status = 200, description = "the account", body = Account), Refusals),
    security(()),
)]
#[post("/users")]
pub(super) async fn user_create(services: web::Data<Services>, request: HttpRequest, body: Body) -> Answer {
    let mut fields = fields(body).await?;
    let (name, password) = (fields.required("username")?, fields.required("password")?);
    let made = services.accounts.register(name, password).await.map_err(in_its_words)?;
    Ok(slash::made(&request, map::account(&made, services.base().clock.now())))
}

/// What an account is refused for, by the names that its fields have here.
fn in_its_words(error: Error) -> Error {
    match error.field_at_fault() {
        Some("password") => wrong("password", format!("This password is too short or too long: {error}.")),
        Some("name") if error.code() == Code::Conflict => {
            wrong("username", "A user with that username already exists.")
        }
        Some("name") => wrong("username", error.to_string()),
        _ => error,
    }
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
    change(&allowed.caller, &services, body).await
}

/// The same as PATCH.
#[utoipa::path(
    tag = "account",
    request_body(content = AccountBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the account", body = Account), Refusals),
    security(("bearer" = ["keys:write"])),
)]
#[put("/users/account")]
pub(super) async fn account_replace(
    allowed: Allowed<KeysWrite>,
    services: web::Data<Services>,
    body: Body,
) -> Answer {
    change(&allowed.caller, &services, body).await
}

/// Deletes the caller's account, with all that it has.
#[utoipa::path(
    tag = "account",
    responses((status = 204, description = "deleted; 200 where the path has no slash at its end"), (status = 200, description = "deleted"), Refusals),
    security(("bearer" = ["keys:write"])),
)]
#[delete("/users/account")]
pub(super) async fn account_delete(
    allowed: Allowed<KeysWrite>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    will_last(&allowed.caller)?;
    services.accounts.leave(&allowed.caller).await?;
    Ok(slash::deleted(&request))
}

async fn change(caller: &Caller, services: &Services, body: Body) -> Answer {
    let mut fields = some_fields(body).await?;
    let account = services.accounts.own(caller).await?;
    // A password gives all that the account may, for as long as it is there: who has less must not choose it.
    caller.hand_on(Some(account.scopes))?;
    will_last(caller)?;
    for (field, now) in [("username", account.name.as_str()), ("email", "")] {
        if fields.take(field).is_some_and(|wanted| wanted != now) {
            return Err(wrong(field, "This server keeps an account's name, and no address.").into());
        }
    }
    let change = Change { password: fields.take("password"), ..Change::default() };
    let changed =
        services.accounts.change(caller, account.name.as_str(), change).await.map_err(in_its_words)?;
    Ok(HttpResponse::Ok().json(map::account(&changed, services.base().clock.now())))
}

fn will_last(caller: &Caller) -> Result<(), Error> {
    match caller.until() {
        None => Ok(()),
        Some(_) => Err(Error::new(Code::ScopeRequired, "What ends by itself cannot change an account.")),
    }
}
