//! The engine as the product's sandbox.

mod builds;
mod grants;
mod map;
mod models;
mod programs;
mod watch;
mod web;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use skep_domain::model::attempt::{Attempt, Failure, FailureCode, Outcome};
use skep_domain::model::function::Code;
use skep_domain::model::id::{AccountId, JobId};
use skep_domain::model::ml_model::{Batching, Found};
use skep_domain::model::own::Own;
use skep_domain::model::settings::Settings;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::Usage;
use skep_domain::port::artifacts::Artifacts;
use skep_domain::port::clock::Clock;
use skep_domain::port::credentials::Credentials;
use skep_domain::port::sandbox::{Assignment, Attempted, Prepared, Record, Sandbox, Task};
use skep_domain::{Error, Result};
use skep_engine::{Call, Canceller, Engine, Grants, Invocation, Limits, Program, Running, ShareGroup, Stdio};

pub(crate) use self::models::ModelShelf;
use self::programs::Programs;
use self::web::Targets;

/// Calls that are checked on an async thread; more go to one that may block.
const CHECK_INLINE_MAX: usize = 16;

/// Runs guests on the engine.
pub(crate) struct EngineSandbox {
    engine: Engine,
    programs: Programs,
    clock: Arc<dyn Clock>,
    running: Mutex<HashMap<JobId, Canceller>>,
    targets: Targets,
    credentials: Arc<dyn Credentials>,
    artifacts: Arc<dyn Artifacts>,
    shelf: ModelShelf,
    /// What a build may use.
    build_limits: Limits,
    /// What most functions have.
    no_grants: Arc<Grants>,
}

impl EngineSandbox {
    pub(crate) fn new(
        engine: Engine,
        artifacts: Arc<dyn Artifacts>,
        clock: Arc<dyn Clock>,
        credentials: Arc<dyn Credentials>,
        shelf: ModelShelf,
        build_limits: Limits,
    ) -> Self {
        let programs = Programs::new(engine.clone(), artifacts.clone());
        Self {
            engine,
            programs,
            clock,
            running: Mutex::default(),
            targets: Targets::default(),
            credentials,
            artifacts,
            shelf,
            build_limits,
            no_grants: Arc::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<JobId, Canceller>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the guest, or says why it cannot be started.
    async fn start(&self, assignment: &Assignment, own: &Own) -> Result<Running, Failure> {
        let recipe = &assignment.recipe;
        let program = self.programs.get(recipe.code).await.map_err(|error| host_failed(&error))?;
        let (call, limits) = match recipe.task {
            Task::Build(source) => {
                let call = builds::call(&program, source, &*self.artifacts).await;
                (call.map_err(|error| host_failed(&error))?, self.build_limits.clone())
            }
            Task::Call => {
                let call = parse_call(&program, recipe.export.as_deref(), &assignment.arguments)
                    // It was checked when it was recorded; a setting has changed since.
                    .map_err(|reason| Failure::new(FailureCode::GuestError, reason))?;
                (call, map::limits(&recipe.settings.limits))
            }
        };
        let stdin = own.stdin.clone().unwrap_or_else(|| recipe.stdin.clone());
        Ok(self.engine.invoke(Invocation {
            program,
            call,
            name: recipe.function.clone(),
            env: recipe.settings.env.clone().into_iter().chain(own.env.clone()).collect(),
            stdio: Stdio::Captured { stdin: stdin.into_bytes().into() },
            directories: Vec::new(),
            limits,
            grants: self.grants(assignment).await?,
            group: ShareGroup { id: assignment.account.to_u128(), weight: assignment.weight },
        }))
    }

    /// What the job has for itself.
    fn own(&self, assignment: &Assignment) -> Result<Own, Failure> {
        let Some(bytes) = &assignment.own else { return Ok(Own::default()) };
        let own = Own::from_bytes(bytes, |sealed| self.credentials.open(sealed));
        own.map_err(|error| host_failed(&error))
    }

    async fn grants(&self, assignment: &Assignment) -> Result<Arc<Grants>, Failure> {
        let settings = &assignment.recipe.settings;
        let granted = &settings.grants;
        if granted.egress.is_empty() && granted.models.is_empty() && settings.secrets.is_empty() {
            return Ok(self.no_grants.clone());
        }
        let grants = grants::read(settings, assignment.account, &*self.credentials, &self.shelf);
        grants.await.map(Arc::new).map_err(|error| host_failed(&error))
    }
}

#[async_trait]
impl Sandbox for EngineSandbox {
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Prepared> {
        self.programs.prepare(bytes, Engine::prepare).await
    }

    async fn prepare_runtime(&self, bytes: Vec<u8>) -> Result<Prepared> {
        self.programs.prepare(bytes, Engine::prepare_runtime).await
    }

    async fn inspect_model(&self, file: Bytes, batching: Option<Batching>) -> Result<Found> {
        self.shelf.inspect(&self.engine, file, batching).await
    }

    async fn check(
        &self,
        code: Code,
        export: Option<&str>,
        tuples: Vec<Box<RawValue>>,
    ) -> Result<Vec<Box<RawValue>>, (Option<usize>, Error)> {
        let few = tuples.len() <= CHECK_INLINE_MAX;
        let program = self.programs.get(code).await.map_err(|error| (None, error))?;
        program.export(export).map_err(|rejected| (None, Error::invalid(rejected.0).field("export")))?;
        let export = export.map(str::to_owned);
        let check = move || match tuples.iter().enumerate().find_map(|(index, tuple)| {
            let reason = parse_call(&program, export.as_deref(), tuple.get()).err()?;
            Some((Some(index), Error::invalid(reason)))
        }) {
            Some(refused) => Err(refused),
            None => Ok(tuples),
        };
        if few {
            return check();
        }
        tokio::task::spawn_blocking(check).await.map_err(|error| (None, Error::internal(error)))?
    }

    fn check_grants(&self, settings: &Settings) -> Result<()> {
        grants::check(settings)
    }

    async fn run(&self, assignment: Assignment, record: Arc<dyn Record>) -> Attempted {
        let mut made = None;
        let started = match self.own(&assignment) {
            Ok(own) => self.start(&assignment, &own).await.map(|running| (running, own)),
            Err(failure) => Err(failure),
        };
        let (outcome, usage, lines) = match started {
            Err(failure) => ((Outcome::Failed(failure), None), (Usage::default(), Vec::new()), Vec::new()),
            Ok((running, own)) => {
                self.running().insert(assignment.job, running.canceller());
                let (report, lines) = watch::watch(running, &assignment, &own, &*record).await;
                self.running().remove(&assignment.job);
                match report {
                    Ok(report) => {
                        let usage = (map::usage(&report.usage), map::devices(report.devices));
                        let outcome = match report.outcome {
                            skep_engine::Outcome::Built(built) => {
                                let runtime = assignment.recipe.code.component;
                                self.built((runtime, *built), &mut made).await
                            }
                            outcome => map::outcome(outcome),
                        };
                        (outcome, usage, lines)
                    }
                    Err(error) => {
                        let failure = host_failed(&Error::internal(error));
                        ((Outcome::Failed(failure), None), (Usage::default(), Vec::new()), lines)
                    }
                }
            }
        };
        let ((outcome, exit_code), (usage, devices)) = (outcome, usage);
        let ended_at = self.clock.now();
        let started_at = Millis(ended_at.0.saturating_sub(usage.wall_nanos / 1_000_000));
        let number = assignment.attempt;
        Attempted {
            attempt: Attempt { number, outcome, exit_code, usage, devices, started_at, ended_at },
            made,
            lines,
        }
    }

    fn cancel(&self, job: JobId) -> bool {
        match self.running().get(&job) {
            Some(canceller) => {
                canceller.cancel();
                true
            }
            None => false,
        }
    }

    fn backlogs(&self) -> HashMap<AccountId, u32> {
        let backlogs = self.engine.backlogs().into_iter();
        backlogs.map(|(group, count)| (AccountId::from_bytes(group.to_be_bytes()), count)).collect()
    }
}

fn parse_call(program: &Program, export: Option<&str>, arguments: &str) -> Result<Call, String> {
    if !arguments.trim_start().starts_with('[') {
        return Err("expected an array of arguments".into());
    }
    let arguments: Vec<Value> =
        serde_json::from_str(arguments).map_err(|error| format!("the arguments cannot be read: {error}"))?;
    program.call(export, &arguments).map_err(|rejected| rejected.0)
}

fn host_failed(error: &Error) -> Failure {
    tracing::error!(error = error.chain(), "a guest could not be run");
    Failure::new(FailureCode::Host, error.message())
}
