//! HTTP functions: requests to `/f/{account}/{function}/…`.
//!
//! A request leaves no row unless its function asks for that. What requests used is added up by day and
//! function, and written once a second by background work.

mod record;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use self::record::{Asked, Recorded};
use super::auth::Auth;
use super::input;
use super::places::Places;
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::{Account, AccountName, unauthenticated};
use crate::model::attempt::Failure;
use crate::model::function::Name;
use crate::model::id::AccountId;
use crate::model::scope::Scope;
use crate::model::settings::Access;
use crate::port::http_guest::{Body, Served, Target};

/// HTTP functions.
#[derive(Clone)]
pub struct Web {
    base: Arc<Base>,
    auth: Auth,
    places: Places,
    routes: Arc<Mutex<HashMap<(String, String), Route>>>,
}

/// Where an account's name and a function's lead, as of a revision of the base.
#[derive(Clone)]
struct Route {
    revision: u64,
    target: Arc<Target>,
    traffic: Arc<Traffic>,
}

/// What a function has to do just now.
#[derive(Default)]
struct Traffic {
    /// Requests that are being served.
    served: AtomicU32,
    recorded: Recorded,
}

/// Routes that are remembered; past it all are found again.
const ROUTES_MAX: usize = 10_000;

/// Why there is no response of the function's own.
pub enum Refused {
    /// The server says no.
    No(Error),
    /// The function failed before it answered.
    Failed(Failure),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::No(error)
    }
}

impl Web {
    pub(super) fn new(base: Arc<Base>, auth: Auth, places: Places) -> Self {
        Self { base, auth, places, routes: Arc::default() }
    }

    /// Serves a request to a function. `token` is what the caller shows, if it shows anything.
    ///
    /// # Errors
    /// Not found for a function that is not there, is not the caller's or does not serve HTTP;
    /// unauthenticated; unavailable where too many are served; or the function's failure.
    pub async fn serve(
        &self,
        (account, function): (&str, &str),
        token: Option<&str>,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Body>, Refused> {
        let route = self.route(account, function).await;
        let is_public = route.as_ref().is_ok_and(|route| route.target.settings.http.access == Access::Public);
        if !is_public {
            // Who may not know whether it is there is not told.
            let owner = route.as_ref().ok().map(|route| route.target.account);
            self.check(owner, account, token).await?;
            // What opens our door is none of the function's business.
            request.headers_mut().remove(http::header::AUTHORIZATION);
        }
        let route = route?;
        let target = &route.target;
        let place = self.places.take(target.account).map_err(busy)?;
        let serving = Serving::begin(&route)?;
        let asked = Asked::of(&request, self.base.clock.now());
        let (base, for_target, traffic) = (self.base.clone(), target.clone(), route.traffic.clone());
        let on_served = Box::new(move |served: Served| {
            record::count(&served);
            if !record::takes_room(&for_target, asked.at, &served, &traffic.recorded) {
                record::add_up(&base, &for_target, asked.at, &served);
                return drop((serving, place));
            }
            let tasks = base.tasks.clone();
            // Until it is written, it is under way.
            tasks.spawn(async move {
                record::keep(&base, &for_target, asked, served).await;
                drop((serving, place));
            });
        });
        self.base.http_guest.serve(target, request, on_served).await.map_err(Refused::Failed)
    }

    /// Whether what was shown may call functions of the account.
    async fn check(&self, owner: Option<AccountId>, account: &str, token: Option<&str>) -> Result<()> {
        let caller = self.auth.caller(token.ok_or_else(unauthenticated)?).await?;
        let owner = match owner {
            Some(owner) => owner,
            None => self.account(account).await?.id,
        };
        if caller.account() != owner {
            return Err(not_found());
        }
        caller.require(Scope::RunsWrite)
    }

    async fn route(&self, account: &str, function: &str) -> Result<Route> {
        let key = (account.to_owned(), function.to_owned());
        // Before anything is read: what changes meanwhile is read again the next time.
        let revision = self.base.revision.now();
        let known = self.routes().get(&key).cloned();
        if let Some(route) = known.as_ref().filter(|route| route.revision == revision) {
            return Ok(route.clone());
        }
        let target = self.find(account, function).await;
        let mut routes = self.routes();
        let target = target.inspect_err(|_| drop(routes.remove(&key)))?;
        // Somebody else may have found it meanwhile. What is as it was is the same object: instances that wait
        // for it are of use. Requests of the same function are counted together, whatever has changed.
        let route = match routes.get(&key).cloned().or(known) {
            Some(known) if same(&known.target, &target) => Route { revision, ..known },
            Some(known) if known.target.function == target.function => {
                Route { revision, target: Arc::new(target), traffic: known.traffic }
            }
            _ => Route { revision, target: Arc::new(target), traffic: Arc::default() },
        };
        if routes.len() >= ROUTES_MAX {
            routes.clear();
        }
        routes.insert(key, route.clone());
        Ok(route)
    }

    async fn find(&self, account: &str, function: &str) -> Result<Target> {
        let account = self.account(account).await?;
        let name = Name::parse(function).map_err(|_| not_found())?;
        let store = &self.base.store;
        let function = store.function_get(account.id, &name).await?.ok_or_else(not_found)?;
        input::check_ready(&function, &function.current)?;
        if !function.current.interface.kinds.iter().any(|kind| kind == "http") {
            return Err(Error::new(
                Code::NotFound,
                "this function does not serve HTTP: it exports no handler",
            ));
        }
        Ok(Target {
            account: account.id,
            weight: account.weight,
            function: function.id,
            version: function.current.number,
            code: function.current.code,
            settings: function.settings,
        })
    }

    async fn account(&self, name: &str) -> Result<Account> {
        let name = AccountName::parse(name).map_err(|_| not_found())?;
        self.base.store.account_get(&name).await?.ok_or_else(not_found)
    }

    fn routes(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found() -> Error {
    Error::not_found("function")
}

fn busy(error: Error) -> Error {
    Error::new(Code::Unavailable, error.message())
}

fn same(one: &Target, other: &Target) -> bool {
    one.function == other.function
        && one.version == other.version
        && one.code == other.code
        && one.weight == other.weight
        && one.settings == other.settings
}

/// One of the requests that a function serves at once, until it is dropped.
struct Serving(Arc<Traffic>);

impl Serving {
    fn begin(route: &Route) -> Result<Self> {
        let max = route.target.settings.http.concurrency_max;
        let serving = Self(route.traffic.clone());
        if route.traffic.served.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(Error::new(Code::Unavailable, format!("the function serves {max} requests already")));
        }
        Ok(serving)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.served.fetch_sub(1, Ordering::Relaxed);
    }
}
