//! A call's life inside its store.

use std::sync::{Arc, OnceLock};

use skep_fair::ShareGroup;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{InstancePre, Val};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::WasiCtx;

use super::call::Target;
use super::classify::{self, Interrupted};
use super::{Invocation, Stdio, preview1, script};
use crate::capability::clocks::Coarse;
use crate::capability::files::{Files, Outside};
use crate::capability::grants::Grants;
use crate::capability::http::{Held, Hooks, Secrets};
use crate::capability::logs::Capture;
use crate::capability::nn::Nn;
use crate::capability::wasi::{self, Given};
use crate::compile::{Code, Program};
use crate::control::Control;
use crate::error::Error;
use crate::interface::Command;
use crate::limits::{ENTRIES_PER_HANDLE, Limits};
use crate::outcome::Outcome;
use crate::runtime::Runtime;
use crate::sandbox::Sandbox;

/// Bytes that one host call may copy: what is copied for any call, and a list of bytes as long as a
/// result may be, whose values take a `Val` each on the host.
fn hostcall_fuel(limits: &Limits) -> usize {
    let result = usize::try_from(limits.output_bytes_max).unwrap_or(usize::MAX);
    let copied = usize::try_from(limits.hostcall_bytes_max).unwrap_or(usize::MAX);
    result.saturating_mul(size_of::<Val>()).saturating_add(copied)
}

/// Whose a guest is, and what it is granted.
pub(super) struct Owned<'a> {
    pub(super) group: ShareGroup,
    pub(super) grants: &'a Arc<Grants>,
    pub(super) secrets: Secrets,
}

/// A store with its limits, in which nothing is yet.
pub(super) fn store(
    runtime: &Runtime,
    control: &Arc<Control>,
    wasi: WasiCtx,
    owned: Owned<'_>,
) -> Store<Sandbox> {
    let Owned { group, grants, secrets } = owned;
    let clock = Coarse::new(runtime.clock_resolution);
    let files = runtime.disk.clone().map(|disk| Files::new(disk, control.clone(), clock));
    let models = runtime.models.clone();
    let nn = models.map(|models| Nn::new(models, grants.clone(), control.clone(), group));
    let (network, control) = (runtime.network.clone(), control.clone());
    let hooks =
        Hooks { network, grants: grants.clone(), secrets, control: control.clone(), held: Held::default() };
    let mut store = Store::new(&runtime.engine, Sandbox::new(control.clone(), wasi, (files, nn), hooks));
    store.limiter(|sandbox| sandbox);
    store.set_hostcall_fuel(hostcall_fuel(&control.limits));
    let entries = control.limits.resources_max as usize * ENTRIES_PER_HANDLE;
    store.set_max_component_handles(entries);
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(entries);
    }
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        let control = &store.data().control;
        control.check_clocks();
        match control.interrupted() {
            Some(why) => Err(Interrupted(why).into()),
            None => Ok(UpdateDeadline::Yield(1)),
        }
    });
    store
}

/// Runs a call. The place in the pool is given back when the store is gone.
pub(super) async fn run(
    invocation: Invocation,
    control: Arc<Control>,
    (capture, outside): (Arc<Capture>, Arc<OnceLock<Outside>>),
    place: Option<OwnedSemaphorePermit>,
) -> Result<Outcome, Error> {
    // What is bound first goes last.
    let _place = place;
    let grants = &invocation.grants;
    let secrets = Secrets::new(&grants.secrets);
    let runtime = &invocation.program.ready.runtime;
    let (given, clock_resolution) = (Given::of(&invocation), runtime.clock_resolution);
    let wasi = wasi::context(&given, &secrets, &capture, clock_resolution)?;
    let code = &invocation.program.ready.code;
    let preview1 = match code {
        Code::Component(_) => None,
        Code::Module(_) => Some(wasi::preview1(&given, &secrets, &capture, clock_resolution)?),
    };
    let mut store = store(runtime, &control, wasi, Owned { group: invocation.group, grants, secrets });
    store.data_mut().preview1 = preview1;
    if let Some(files) = &store.data().files {
        outside.get_or_init(|| files.outside());
    }
    let outcome = match code {
        Code::Component(instance) => match &invocation.call.target {
            Target::Runtime(work) => {
                let Program { ready, script } = &invocation.program;
                let runtime = ready.guest.as_ref().expect("only a runtime is given work");
                script::run(&mut store, (runtime, script.as_deref()), work, &control).await?
            }
            target => component(&mut store, instance, target, &control).await?,
        },
        Code::Module(module) => match preview1::run(&mut store, module).await {
            Ok(()) => classify::returned(&invocation.call.target, None, &control.limits),
            Err(error) => classify::instantiation(error, &control)?,
        },
    };
    Ok(match (&invocation.stdio, outcome) {
        (Stdio::Captured { .. }, Outcome::Finished(_)) => {
            let files = store.data().files.as_ref();
            let written =
                files.and_then(|files| files.take(invocation.output_file(), control.limits.output_bytes_max));
            classify::finished(written, capture.take_raw(), &control.limits)
        }
        (_, outcome) => outcome,
    })
}

/// Calls a component.
async fn component(
    store: &mut Store<Sandbox>,
    instance: &InstancePre<Sandbox>,
    target: &Target,
    control: &Control,
) -> Result<Outcome, Error> {
    let instance = match instance.instantiate_async(&mut *store).await {
        Ok(instance) => instance,
        Err(error) => return classify::instantiation(error, control),
    };
    let (index, arguments, results) = match target {
        Target::Command { entry: Command::Run(index), .. } => (Some(index), &[][..], 1),
        Target::Command { entry: Command::Start, .. } => (None, &[][..], 0),
        Target::Export { index, arguments, result } => {
            (Some(index), &arguments[..], usize::from(result.is_some()))
        }
        Target::Runtime(_) => (None, &[][..], 0),
    };
    let Some(function) = index.and_then(|index| instance.get_func(&mut *store, index)) else {
        return Err(Error::Runtime {
            doing: "finding an export",
            source: wasmtime::format_err!("it is gone"),
        });
    };
    let mut results = vec![Val::Bool(false); results];
    let called = function.call_async(&mut *store, arguments, &mut results).await;
    Ok(match called {
        Ok(()) => classify::returned(target, results.pop(), &control.limits),
        Err(error) => classify::error(&error, control),
    })
}
