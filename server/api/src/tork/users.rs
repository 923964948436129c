//! `/users`: an account for somebody, with a password.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use skep_domain::model::receipt::Answered;
use skep_domain::service::Services;
use skep_domain::service::accounts::NewAccount;
use skep_domain::{Code, Error};
use utoipa::ToSchema;

use super::Body;
use super::auth::Allowed;
use super::error::Failure;
use super::schemas::Refusals;
use super::view;
use crate::shared::allowed::Admin;
use crate::shared::date::timestamp;

/// A user to be made. Keys that are not known are passed over, as the product does.
#[derive(Deserialize, ToSchema)]
struct NewUser {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    /// What the product shows beside the username. It is not kept.
    #[serde(default)]
    name: String,
}

/// A user: an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: String,
    name: String,
    username: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// Makes an account with a tenant's scopes.
#[utoipa::path(
    tag = "users",
    request_body = NewUser,
    responses((status = 200, description = "the user", body = User), Refusals),
    security(("bearer" = ["admin"]), ("basic" = [])),
)]
#[post("")]
pub(super) async fn user_create(
    allowed: Allowed<Admin>,
    services: web::Data<Services>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let (_, bytes) = body.typed().await?;
    let new: NewUser = serde_json::from_slice(&bytes).map_err(|_| Error::invalid("Bad Request"))?;
    for (value, name) in [(&new.username, "username"), (&new.password, "password")] {
        if value.is_empty() {
            return Err(Error::invalid(format!("must provide {name}")).into());
        }
    }
    let account = NewAccount { name: new.username, password: Some(new.password), ..NewAccount::default() };
    let in_its_words = |error: Error| match error.field_at_fault() {
        Some("password") => Error::invalid(format!("invalid password: {error}")),
        _ if error.code() == Code::Conflict => Error::invalid("user already exists"),
        _ => error,
    };
    let made = services.accounts.create(&allowed.caller, account, None).await.map_err(in_its_words)?;
    let Answered::Made(made) = made else { return Err(Error::internal("it was to be made now").into()) };
    let account = made.account;
    Ok(HttpResponse::Ok().json(User {
        id: view::hex(account.id.to_u128()),
        name: if new.name.is_empty() { account.name.as_str().to_owned() } else { new.name },
        username: account.name.as_str().to_owned(),
        created_at: timestamp(account.created_at).to_string(),
    }))
}
