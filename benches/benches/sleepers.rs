//! Guests that wait for the host, as many as 10,000 at once: what each of them costs in memory, and what they cost a
//! new invocation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use skep_benches::{is_measuring, report};
use skep_engine::{Config, Engine, Invocation, Limits, Program, Running, ShareGroup, Stdio};

const SLEEPERS: u32 = 10_000;
/// Places for those that come later.
const BESIDE: u32 = 64;
const DOUBLE: &str = r#"(module (memory 1) (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;

fn main() {
    let possible = Config::instances_possible().saturating_sub(BESIDE);
    let (sleepers, calls) = if is_measuring() { (SLEEPERS.min(possible), 20_000) } else { (20, 100) };
    if is_measuring() && sleepers < SLEEPERS {
        report(&format!(
            "this machine allows {sleepers} of {SLEEPERS} guests: `skep doctor` says what to raise"
        ));
    }
    let engine =
        Engine::new(&Config { instances: sleepers + BESIDE, ..Config::default() }).expect("an engine");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let double = program(&engine, DOUBLE.as_bytes());
    let command = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/built/command.wasm");
    let sleeper = program(&engine, &std::fs::read(command).expect("the guests are built"));
    let usual = time(&engine, &runtime, &double, calls);
    let before = memory_bytes();
    let mut asleep: Vec<Running> =
        (0..sleepers).map(|_| start(&engine, &sleeper, &[json!("sleep"), json!("3600000")])).collect();
    settle();
    let each = memory_bytes().saturating_sub(before) / u64::from(sleepers);
    let beside = time(&engine, &runtime, &double, calls);
    let mappings = std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count());
    report(&format!(
        "{sleepers} guests asleep: {} KiB each (goal 128), {:.1} mappings each",
        each >> 10,
        mappings as f64 / f64::from(sleepers)
    ));
    report(&format!(
        "a new invocation: {usual:?} alone, {beside:?} beside them, ratio {:.2} (goal 2)",
        beside.as_secs_f64() / usual.as_secs_f64()
    ));
    // None of them has ended by itself.
    runtime.block_on(async {
        for running in &mut asleep {
            assert!(tokio::time::timeout(Duration::ZERO, running).await.is_err(), "it sleeps");
        }
    });
}

fn program(engine: &Engine, bytes: &[u8]) -> Program {
    engine.compile(&Engine::accept(bytes).expect("acceptable")).expect("it compiles")
}

fn start(engine: &Engine, program: &Program, arguments: &[serde_json::Value]) -> Running {
    engine.invoke(Invocation {
        program: program.clone(),
        call: program.call(None, arguments).expect("they fit"),
        name: "guest".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Default::default() },
        directories: Vec::new(),
        limits: Limits { timeout: Duration::from_secs(3600), ..Limits::default() },
        grants: Arc::default(),
        group: ShareGroup { id: 1, weight: 1 },
    })
}

/// How long one call takes, one after another.
fn time(engine: &Engine, runtime: &tokio::runtime::Runtime, program: &Program, calls: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..calls {
        runtime.block_on(start(engine, program, &[json!(21)])).expect("the host works");
    }
    began.elapsed() / calls
}

/// Waits until the process's memory no longer grows: until all have begun to sleep.
fn settle() {
    let mut known = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = memory_bytes();
        if now == known {
            return;
        }
        known = now;
    }
}

/// Memory of this process that is in use.
fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}
