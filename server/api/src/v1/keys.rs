//! `/v1/keys` of the caller's own account, and `/v1/auth/token`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use skep_domain::Error;
use skep_domain::model::receipt;
use skep_domain::model::time::Millis;
use skep_domain::service::Services;
use skep_domain::service::auth::Proof;
use skep_domain::service::keys::{MadeKey, NewKey};

use super::error::Failure;
use super::map;
use super::model::{KeyBody, KeyView, List, MadeKeyView, Nothing, Success, TokenBody, TokenView};
use super::query::{IdempotencyHeader, PageQuery};
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::KeysWrite;
use crate::shared::once::respond;
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "keys",
    params(PageQuery),
    responses((status = 200, description = "a page, newest first", body = Success<List<KeyView>>), Refusals),
    security(("bearer" = ["keys:write"])),
)]
#[get("/keys")]
pub(super) async fn key_list(
    allowed: Allowed<KeysWrite>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.keys.list(&allowed.caller, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, |key| map::key(&key)), "keys"))
}

#[utoipa::path(
    tag = "keys",
    params(IdempotencyHeader),
    request_body = Option<KeyBody>,
    responses((status = 201, description = "the key", body = Success<MadeKeyView>), Refusals),
    security(("bearer" = ["keys:write"])),
)]
#[post("/keys")]
pub(super) async fn key_create(
    allowed: Allowed<KeysWrite>,
    services: web::Data<Services>,
    body: Body,
) -> Answer {
    let mut json = body.json::<KeyBody>().await?;
    let once = json.once(created);
    let KeyBody { name, scopes, expires_at } = json.value;
    let new = NewKey { name, scopes: map::scopes(scopes)?, expires_at: expires_at.map(Millis) };
    Ok(respond(services.keys.create(&allowed.caller, new, once).await?, created))
}

fn created(made: &MadeKey) -> receipt::Answer {
    let view = MadeKeyView { view: map::key(&made.key), key: made.secret.clone() };
    map::answer(StatusCode::CREATED, view, "key created; it is shown this once")
}

#[utoipa::path(
    tag = "keys",
    params(("key_id" = String, Path, description = "the key's id")),
    responses((status = 200, description = "revoked, with all tokens given for it", body = Success<Nothing>), Refusals),
    security(("bearer" = ["keys:write"])),
)]
#[delete("/keys/{key_id}")]
pub(super) async fn key_revoke(
    allowed: Allowed<KeysWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    services.keys.revoke(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "key revoked"))
}

/// Gives a token for a key, or for an account's name and password. It needs no key itself.
#[utoipa::path(
    tag = "keys",
    request_body = TokenBody,
    responses((status = 200, description = "the token", body = Success<TokenView>), Refusals),
    security(()),
)]
#[post("/auth/token")]
pub(super) async fn token_give(services: web::Data<Services>, body: Body) -> Answer {
    let json = body.json::<TokenBody>().await?;
    let TokenBody { key, name, password, scopes, expires_in_seconds } = json.value;
    let proof = match (key, name, password) {
        (Some(key), None, None) => Proof::Key(key),
        (None, Some(name), Some(password)) => Proof::Password { name, password },
        _ => return Err(Error::invalid("send either key, or name and password").into()),
    };
    let given = services.auth.give_token(proof, map::scopes(scopes)?, expires_in_seconds).await?;
    let view = TokenView {
        token: given.token,
        token_type: "Bearer",
        scopes: given.scopes.names(),
        expires_at: given.expires_at.0,
    };
    Ok(map::success(StatusCode::OK, view, "token"))
}
