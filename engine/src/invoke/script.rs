//! A runtime at work: it builds source, or runs a script.

use std::fmt;

use wasmtime::{AsContextMut, Store};

use super::call::Work;
use super::classify;
use crate::control::Control;
use crate::error::Error;
use crate::limits::TRACE_BYTES_MAX;
use crate::outcome::{Failure, FailureCode, Outcome};
use crate::sandbox::Sandbox;
use crate::script::bindings::exports::skep::runtime::guest;
use crate::script::bindings::{Runtime, RuntimePre};
use crate::script::{Built, Script, given};

/// The error of a script that its runtime could not make ready.
#[derive(Debug)]
pub(super) struct NotLoaded(pub(super) Failure);

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for NotLoaded {}

/// Makes an instance of a runtime and has it do its work.
pub(super) async fn run(
    store: &mut Store<Sandbox>,
    (runtime, script): (&RuntimePre<Sandbox>, Option<&Script>),
    work: &Work,
    control: &Control,
) -> Result<Outcome, Error> {
    let runtime = match runtime.instantiate_async(&mut *store).await {
        Ok(runtime) => runtime,
        Err(error) => return classify::instantiation(error, control),
    };
    if let Some(script) = script
        && let Err(error) = load(&mut *store, &runtime, script).await
    {
        return Ok(classify::error(&error, control));
    }
    let done = work_with(store, runtime.skep_runtime_guest(), work, control).await;
    Ok(done.unwrap_or_else(|error| classify::error(&error, control)))
}

/// Gives a new instance its script.
pub(super) async fn load(
    store: impl AsContextMut<Data = Sandbox>,
    runtime: &Runtime,
    script: &Script,
) -> wasmtime::Result<()> {
    let loaded = runtime.skep_runtime_guest().call_load(store, script.content()).await?;
    loaded.map_err(|why| NotLoaded(failure(why)).into())
}

async fn work_with(
    store: &mut Store<Sandbox>,
    guest: &guest::Guest,
    work: &Work,
    control: &Control,
) -> wasmtime::Result<Outcome> {
    Ok(match work {
        Work::Build(source) => match guest.call_build(store, &given(source)).await? {
            Ok(built) => self::built(built),
            Err(why) => failed(failure(why), control),
        },
        Work::Call { function, arguments } => match guest.call_call(store, function, arguments).await? {
            Ok(json) => classify::answered(json, &control.limits),
            Err(why) => failed(failure(why), control),
        },
        Work::Run { .. } => match guest.call_run(store).await? {
            Ok(code) => classify::exited(code.into()),
            Err(why) => failed(failure(why), control),
        },
    })
}

fn built(built: guest::Built) -> Outcome {
    let built = match built {
        guest::Built::Component(component) => Ok(Built::Component(component)),
        guest::Built::Script(script) => Script::new(script).map(Built::Script),
        guest::Built::Program(guest::Program { component, script }) => {
            Script::new(script).map(|script| Built::Program(component, script))
        }
    };
    match built {
        Ok(built) => Outcome::Built(Box::new(built)),
        Err(rejected) => Outcome::Failed(guest_error(rejected.0, None)),
    }
}

/// A script that failed: for want of memory, if it was refused some, as of any guest.
pub(super) fn failed(failure: Failure, control: &Control) -> Outcome {
    let code = if control.memory_refused() { FailureCode::OutOfMemory } else { failure.code };
    Outcome::Failed(Failure { code, ..failure })
}

fn failure(why: guest::Failure) -> Failure {
    guest_error(why.message, why.trace)
}

fn guest_error(message: String, trace: Option<String>) -> Failure {
    let backtrace = trace.map(|trace| classify::cut(trace, TRACE_BYTES_MAX));
    let message = classify::message(message);
    Failure { code: FailureCode::GuestError, message, backtrace, exit_code: None }
}
