//! Commands of preview1 as they are: core modules, without the adapter that makes components of them. For who has
//! the host's directories and wants exactly what the module was written for.

use wasmtime::{InstancePre, Linker, Module, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};

use crate::runtime::Runtime;
use crate::sandbox::Sandbox;

/// Where a command begins.
const START: &str = "_start";

/// Links a module with preview1, and with nothing else.
pub(crate) fn link(runtime: &Runtime, module: &[u8]) -> wasmtime::Result<InstancePre<Sandbox>> {
    let module = Module::new(&runtime.engine, module)?;
    let mut linker = Linker::new(&runtime.engine);
    p1::add_to_linker_async(&mut linker, context)?;
    linker.instantiate_pre(&module)
}

fn context(sandbox: &mut Sandbox) -> &mut WasiP1Ctx {
    sandbox.preview1.as_mut().expect("set before the module is instantiated")
}

/// Runs a module to its end.
pub(super) async fn run(store: &mut Store<Sandbox>, module: &InstancePre<Sandbox>) -> wasmtime::Result<()> {
    let instance = module.instantiate_async(&mut *store).await?;
    instance.get_typed_func::<(), ()>(&mut *store, START)?.call_async(store, ()).await
}
