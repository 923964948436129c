//! One invocation of a small component in a fresh sandbox, against wasmtime with nothing around it: as it
//! is set up by default, and without what only WASI 0.3 needs, as Skep sets it up for this component.
//!
//! The baseline has a pool, epochs, an async call and a WASI context with memory pipes, as any server
//! would, but no limits, no metering, no log and no threads of its own: it runs on the bench's thread.
//! Skep's engine runs on one thread of its own; calls are kept waiting for it, so that what is
//! measured is the work and not the way between two threads. That way is measured apart, as latency.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use skep_engine::{Config, Engine, Grants, Invocation, Limits, Program, Running, ShareGroup, Stdio};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, Val};
use wasmtime::{InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

// With the allocator of the server: linking the crate is what sets it, for the baseline too.
use skep_benches as _;

const FUNCTION: &str = r#"(module (memory 1) (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;
/// Calls that wait for the engine's thread at once.
const WAITING: usize = 64;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

fn raw(component: &[u8], concurrency: bool) -> (wasmtime::Engine, InstancePre<State>) {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(100).total_core_instances(100).total_memories(100).total_stacks(100);
    let mut config = wasmtime::Config::new();
    config
        .concurrency_support(concurrency)
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = wasmtime::Engine::new(&config).expect("an engine");
    let component = Component::from_binary(&engine, component).expect("it compiles");
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("it links");
    let instance = linker.instantiate_pre(&component).expect("it links");
    let ticker = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = ticker.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    (engine, instance)
}

async fn raw_call(engine: &wasmtime::Engine, instance: &InstancePre<State>) -> Val {
    let wasi = WasiCtxBuilder::new()
        .stdin(MemoryInputPipe::new(Bytes::new()))
        .stdout(MemoryOutputPipe::new(1 << 20))
        .stderr(MemoryOutputPipe::new(1 << 20))
        .build();
    let mut store = Store::new(engine, State { wasi, table: ResourceTable::new() });
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let instance = instance.instantiate_async(&mut store).await.expect("an instance");
    let function = instance.get_func(&mut store, "double").expect("an export");
    let mut results = [Val::Bool(false)];
    function.call_async(&mut store, &[Val::S32(21)], &mut results).await.expect("it returns");
    let [result] = results;
    result
}

fn start(engine: &Engine, program: &Program) -> Running {
    engine.invoke(Invocation {
        program: program.clone(),
        call: program.call(None, &[json!(21)]).expect("it fits"),
        name: "double".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Bytes::new() },
        directories: Vec::new(),
        limits: Limits::default(),
        grants: grants(),
        group: ShareGroup { id: 1, weight: 1 },
    })
}

fn invoke(criterion: &mut Criterion) {
    let component = Engine::accept(FUNCTION.as_bytes()).expect("acceptable").into_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("invoke");

    for (name, concurrency) in [("raw wasmtime", true), ("raw wasmtime without concurrency", false)] {
        let (raw_engine, instance) = raw(&component, concurrency);
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(raw_call(&raw_engine, &instance)));
        });
    }

    let engine =
        Engine::new(&Config { threads: 1, instances: 1000, ..Config::default() }).expect("an engine");
    let program = engine.compile(&component).expect("it compiles");
    group.bench_function("skep, thread kept busy", |bencher| {
        bencher.iter_custom(|calls| {
            let began = Instant::now();
            runtime.block_on(async {
                let mut waiting = VecDeque::new();
                for _ in 0..calls {
                    waiting.push_back(start(&engine, &program));
                    if waiting.len() == 2 * WAITING {
                        // Calls end in order: waiting for one is waiting for all before it, and the
                        // thread still has as many again to do.
                        for ended in waiting.drain(..WAITING).rev() {
                            ended.await.expect("the host works");
                        }
                    }
                }
                for running in waiting {
                    running.await.expect("the host works");
                }
            });
            began.elapsed()
        });
    });
    group.bench_function("skep, one call at a time", |bencher| {
        bencher.iter(|| runtime.block_on(start(&engine, &program)).expect("the host works"));
    });
    group.finish();
}

criterion_group!(benches, invoke);
criterion_main!(benches);

/// No grants, made once, as the server has them.
fn grants() -> Arc<Grants> {
    static NONE: LazyLock<Arc<Grants>> = LazyLock::new(Arc::default);
    NONE.clone()
}
