//! The permission, in a handler's type: without [`Allowed`] a handler has no caller, and without a
//! caller no service does anything.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use skep_domain::model::account::{Caller, unauthenticated};
use skep_domain::model::scope::Scope;
use skep_domain::service::Services;
use skep_domain::{Code, Error};

use super::failure::{Dialect, Failure};

/// A permission as a type.
pub(crate) trait Permission: 'static {
    /// The scope that it needs.
    const SCOPE: Scope;
    /// Whether a missing scope looks like a missing token, as seed 002 has it for `/v1/jobs`.
    const HIDDEN: bool = false;
}

macro_rules! permissions {
    ($($name:ident = $scope:ident $(, hidden = $hidden:literal)?;)*) => {$(
        pub(crate) struct $name;
        impl Permission for $name {
            const SCOPE: Scope = Scope::$scope;
            $(const HIDDEN: bool = $hidden;)?
        }
    )*};
}

permissions! {
    FunctionsRead = FunctionsRead;
    FunctionsWrite = FunctionsWrite;
    RunsRead = RunsRead;
    RunsWrite = RunsWrite;
    ModelsRead = ModelsRead;
    ModelsWrite = ModelsWrite;
    UsageRead = UsageRead;
    KeysWrite = KeysWrite;
    Admin = Admin;
    JobsRead = RunsRead, hidden = true;
    JobsWrite = RunsWrite, hidden = true;
}

/// A caller who has the permission `P`; whoever has not, is told so in the dialect `D`.
pub(crate) struct Allowed<P, D> {
    pub(crate) caller: Caller,
    /// What it showed.
    token: String,
    permission: PhantomData<(P, D)>,
}

/// What a stream asks again, each time that it reads: whether its reader still may.
pub(crate) struct Again<P> {
    token: String,
    permission: PhantomData<P>,
}

impl<P: Permission> Again<P> {
    pub(crate) fn of<D>(allowed: Allowed<P, D>) -> Self {
        Self { token: allowed.token, permission: PhantomData }
    }

    /// The caller, if it still has the permission.
    pub(crate) async fn caller(&self, services: &Services) -> Result<Caller, Error> {
        let caller = services.auth.caller(&self.token).await?;
        caller.require(P::SCOPE)?;
        Ok(caller)
    }
}

impl<P: Permission, D: Dialect> FromRequest for Allowed<P, D> {
    type Error = Failure<D>;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure<D>>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = shown(request, D::SCHEMES).map(str::to_owned);
        let services = request.app_data::<web::Data<Services>>().cloned();
        Box::pin(async move {
            let services = services.ok_or_else(|| Error::internal("the services are not there"))?;
            let token = token.ok_or_else(unauthenticated)?;
            let caller = services.auth.caller(&token).await?;
            caller.require(P::SCOPE).map_err(|error| match (P::HIDDEN, error.code()) {
                (true, Code::ScopeRequired) => unauthenticated(),
                _ => error,
            })?;
            Ok(Self { caller, token, permission: PhantomData })
        })
    }
}

/// The key or token of a request.
fn shown<'a>(request: &'a HttpRequest, schemes: &[&str]) -> Option<&'a str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    schemes.iter().any(|one| scheme.eq_ignore_ascii_case(one)).then(|| token.trim())
}
