//! Who asks: by a key or token (`Bearer`), by an account's name and password (`Basic`), or, where the operator allows
//! it on a server that only its own machine can reach, nobody in particular.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HOST, ORIGIN};
use actix_web::{FromRequest, HttpRequest, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use skep_domain::model::account::{Caller, unauthenticated};
use skep_domain::service::Services;
use skep_domain::{Code, Error, Result};

use super::error::Failure;
use crate::shared::allowed::Permission;

/// Names of this machine for itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A caller who has the permission `P`.
pub(super) struct Allowed<P> {
    pub(super) caller: Caller,
    permission: PhantomData<P>,
}

/// What a request shows of whoever sent it.
enum Shown {
    Nothing,
    Bearer(String),
    Basic { name: String, password: String },
}

impl<P: Permission> FromRequest for Allowed<P> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let services = request.app_data::<web::Data<Services>>().cloned();
        let (shown, is_local, is_foreign) = (shown(request), is_local(request), is_foreign(request));
        Box::pin(async move {
            let services = services.ok_or_else(|| Error::internal("the services are not there"))?;
            let shown = shown?;
            if is_foreign && !matches!(shown, Shown::Bearer(_)) {
                let message = "a page of another site may not do this";
                return Err(Error::new(Code::ScopeRequired, message).into());
            }
            let caller = match shown {
                Shown::Bearer(token) => services.auth.caller(&token).await?,
                Shown::Basic { name, password } => services.auth.by_basic(&name, password).await?,
                Shown::Nothing if is_local => services.auth.anonymous().await?,
                Shown::Nothing => return Err(unauthenticated().into()),
            };
            caller.require(P::SCOPE)?;
            Ok(Self { caller, permission: PhantomData })
        })
    }
}

fn shown(request: &HttpRequest) -> Result<Shown> {
    let Some(header) = request.headers().get(AUTHORIZATION) else { return Ok(Shown::Nothing) };
    let header = header.to_str().map_err(|_| unauthenticated())?;
    let (scheme, rest) = header.split_once(' ').ok_or_else(unauthenticated)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Shown::Bearer(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(unauthenticated());
    }
    let bad = || Error::invalid("Bad Request");
    let text = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
    let (name, password) = text.split_once(':').ok_or_else(bad)?;
    Ok(Shown::Basic { name: name.to_owned(), password: password.to_owned() })
}

/// Whether a page of another site had a browser send it, and it changes something. Browsers show a password that they know
/// to whoever they send anything to, and reach what listens on their own machine.
fn is_foreign(request: &HttpRequest) -> bool {
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, host)| host) == text(HOST.as_str()),
        (None, None) => true,
    };
    !request.method().is_safe() && !is_own
}

/// Whether it was sent to a name that only this machine has for itself: a page of somewhere else in a browser here would
/// name that instead.
fn is_local(request: &HttpRequest) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    LOOPBACK.iter().any(|known| name.eq_ignore_ascii_case(known))
}
