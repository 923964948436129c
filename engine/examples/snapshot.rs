//! Starts a component once and keeps it as it is then: an interpreter that has started begins there in each new
//! instance. The component exports `start: func()`, and goes on doing so; nobody calls it again.
//!
//! `cargo run -p skep-engine --example snapshot -- FROM.wasm TO.wasm`; `guests/build --runtimes` does.
//!
//! While it starts there are no clocks, no random numbers, no environment, nothing: so none can be frozen. A
//! call of an import ends it, but for what [`answers`] has.

use std::fs;

use wasmtime::component::{Component, Func, Instance, Lift, Linker, Val, WasmList};
use wasmtime::{Config, Engine, Error, Result, Store};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

/// What is called, and is gone afterwards.
const START: &str = "start";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let [from, to] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| Error::msg("usage: snapshot FROM TO"))?;
    fs::write(to, snapshot(&fs::read(from)?).await?)?;
    Ok(())
}

async fn snapshot(component: &[u8]) -> Result<Vec<u8>> {
    let mut wizer = Wizer::new();
    // Taking the export away takes the core export of the same name from under it.
    wizer.init_func(START).keep_init_func(true);
    let (parts, instrumented) = wizer.instrument_component(component)?;
    let mut config = Config::new();
    config.concurrency_support(false);
    let engine = Engine::new(&config)?;
    let instrumented = Component::new(&engine, instrumented)?;
    let mut store = Store::new(&engine, ());
    let instance = nothing(&engine, &instrumented)?.instantiate_async(&mut store, &instrumented).await?;
    let start = instance.get_typed_func::<(), ()>(&mut store, START)?;
    start.call_async(&mut store, ()).await?;
    wizer.snapshot_component(&parts, &mut Started { store, instance }).await
}

/// The imports that answer: the time of day is 1970, and the keys of Rust's maps are 0.
fn answers() -> [(&'static str, &'static str, Val); 2] {
    let begin = [("seconds", Val::U64(0)), ("nanoseconds", Val::U32(0))];
    let begin = Val::Record(begin.map(|(name, value)| (name.to_owned(), value)).into());
    let keys = Val::Tuple(vec![Val::U64(0), Val::U64(0)]);
    [("wasi:clocks/wall-clock", "now", begin), ("wasi:random/insecure-seed", "insecure-seed", keys)]
}

/// Imports that end whoever calls them, and those that answer.
fn nothing(engine: &Engine, component: &Component) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.define_unknown_imports_as_traps(component)?;
    linker.allow_shadowing(true);
    for (import, _) in component.component_type().imports(engine) {
        for (interface, function, answer) in answers() {
            if import.strip_prefix(interface).is_some_and(|version| version.starts_with('@')) {
                linker.instance(import)?.func_new(function, move |_, _, _, results| {
                    results[0] = answer.clone();
                    Ok(())
                })?;
            }
        }
    }
    Ok(linker)
}

/// An instance that has started, whose state is asked for by calls that were added to it.
struct Started {
    store: Store<()>,
    instance: Instance,
}

impl Started {
    /// Calls one of them; they cannot fail.
    async fn call<T: Lift + Send + Sync + 'static>(&mut self, instance: &str, name: &str) -> T {
        let (_, at) = self.instance.get_export(&mut self.store, None, instance).expect("it was added");
        let (_, at) = self.instance.get_export(&mut self.store, Some(&at), name).expect("it was added");
        let function: Func = self.instance.get_func(&mut self.store, at).expect("it was added");
        let function = function.typed::<(), (T,)>(&self.store).expect("it was added with this type");
        function.call_async(&mut self.store, ()).await.expect("it only reads").0
    }
}

impl ComponentInstanceState for Started {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        name: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        let list: WasmList<u8> = self.call(instance, name).await;
        contents(list.as_le_slice(&self.store));
    }

    async fn call_func_ret_s32(&mut self, instance: &str, name: &str) -> i32 {
        self.call(instance, name).await
    }

    async fn call_func_ret_s64(&mut self, instance: &str, name: &str) -> i64 {
        self.call(instance, name).await
    }

    async fn call_func_ret_f32(&mut self, instance: &str, name: &str) -> u32 {
        self.call::<f32>(instance, name).await.to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, name: &str) -> u64 {
        self.call::<f64>(instance, name).await.to_bits()
    }
}
