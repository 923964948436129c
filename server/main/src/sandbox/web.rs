//! HTTP functions on the engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use skep_domain::model::attempt::{Failure, FailureCode};
use skep_domain::model::usage::Usage;
use skep_domain::port::http_guest::{Body, HttpGuest, OnServed, Served, Target};
use skep_engine::{Grants, HttpCall, HttpPlan, Kind, LogLine, Program, Report, Reuse, ShareGroup};

use super::{EngineSandbox, grants, host_failed, map};

/// What the engine knows of targets: the program and the plan, which must be the same objects for the same
/// target.
#[derive(Default)]
pub(super) struct Targets {
    known: Mutex<HashMap<usize, Known>>,
}

struct Known {
    target: Weak<Target>,
    program: Program,
    plan: Arc<HttpPlan>,
}

/// Targets that are remembered before those that are gone are looked for.
const SWEEP_AT: usize = 1000;

impl Targets {
    fn get(&self, target: &Arc<Target>) -> Option<(Program, Arc<HttpPlan>)> {
        let known = self.lock();
        let known = known.get(&Arc::as_ptr(target).addr())?;
        // Another may lie where one lay that is gone.
        let is_same = known.target.upgrade().is_some_and(|same| Arc::ptr_eq(&same, target));
        is_same.then(|| (known.program.clone(), known.plan.clone()))
    }

    fn keep(&self, target: &Arc<Target>, program: &Program, plan: &Arc<HttpPlan>) {
        let mut known = self.lock();
        if known.len() >= SWEEP_AT {
            known.retain(|_, known| known.target.strong_count() > 0);
        }
        let (program, plan) = (program.clone(), plan.clone());
        known.insert(Arc::as_ptr(target).addr(), Known { target: Arc::downgrade(target), program, plan });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn plan(target: &Target, grants: Grants) -> HttpPlan {
    let settings = &target.settings;
    let reuse = settings.http.reuse.map(|reuse| Reuse {
        requests_max: reuse.requests_max,
        idle_max: Duration::from_millis(reuse.idle_ms),
    });
    let env = settings.env.clone().into_iter().collect();
    HttpPlan { env, limits: map::limits(&settings.limits), grants: Arc::new(grants), reuse }
}

#[async_trait]
impl HttpGuest for EngineSandbox {
    async fn serve(
        &self,
        target: &Arc<Target>,
        request: http::Request<Body>,
        on_served: OnServed,
    ) -> Result<http::Response<Body>, Failure> {
        let (program, plan) = match self.targets.get(target) {
            Some(known) => known,
            None => {
                let program = self.programs.get(target.code).await;
                let program = program.map_err(|error| host_failed(&error))?;
                let grants =
                    grants::read(&target.settings, target.account, &*self.credentials, &self.shelf).await;
                let plan = Arc::new(plan(target, grants.map_err(|error| host_failed(&error))?));
                self.targets.keep(target, &program, &plan);
                (program, plan)
            }
        };
        if !program.interface().kinds.contains(&Kind::Http) {
            return Err(Failure::new(FailureCode::Host, "the function does not serve HTTP"));
        }
        let group = ShareGroup { id: target.account.to_u128(), weight: target.weight };
        let call = HttpCall { program, request, plan, group };
        let serving = self.engine.serve(call, move |report, lines| on_served(served(report, lines)));
        serving.await.map_err(map::failure)
    }
}

fn served(report: Result<Report, skep_engine::Error>, lines: Vec<LogLine>) -> Served {
    let lines = lines.into_iter().map(map::line).collect();
    match report {
        Ok(report) => {
            let (usage, devices) = (map::usage(&report.usage), map::devices(report.devices));
            let failure = match report.outcome {
                skep_engine::Outcome::Failed(failure) => Some(map::failure(failure)),
                _ => None,
            };
            Served { usage, devices, failure, lines }
        }
        Err(error) => {
            let failure = host_failed(&skep_domain::Error::internal(error));
            Served { usage: Usage::default(), devices: Vec::new(), failure: Some(failure), lines }
        }
    }
}
