//! What the last tenant of a place in the pool left there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skep_engine::{Config, Engine, Invocation, Limits, Outcome, Program, Running, ShareGroup, Stdio};

/// Runs, one after another.
const RUNS: usize = 100_000;
/// Runs that wait for the place at once.
const AHEAD: usize = 50;

/// Counts what is not as it must be in a new instance, and then leaves a canary in its globals, its tables and its
/// memory, both in what it has from the start and in what it takes: more than a place keeps, and less. One module, so
/// that each run gets what the run before it had: a pool gives a module its own slots again.
const LOOKS_AND_LEAVES: &[u8] = br#"(module
    (memory 2) (table $t 8 funcref) (global $g (mut i64) (i64.const 0)) (elem declare func $f)
    (func $f (export "f") (result i32) (local $at i32) (local $found i32)
        (drop (memory.grow (i32.const 4)))
        (loop $next
            (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
                (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
            (local.set $at (i32.add (local.get $at) (i32.const 64)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 0x60000))))
        (drop (table.grow $t (ref.null func) (i32.const 100)))
        (local.set $at (i32.const 0))
        (loop $next
            (if (i32.eqz (ref.is_null (table.get $t (local.get $at))))
                (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 108))))
        (if (i64.ne (global.get $g) (i64.const 0))
            (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
        (memory.fill (i32.const 0) (i32.const 0x5a) (i32.const 0x60000))
        (table.fill $t (i32.const 0) (ref.func $f) (i32.const 108))
        (global.set $g (i64.const 0x5a5a5a5a5a5a5a5a))
        (local.get $found)))"#;

#[test]
fn a_hundred_thousand_runs_find_nothing_of_the_one_before() {
    let engine =
        Engine::new(&Config { threads: 1, instances: 1, ..Config::default() }).expect("a small pool");
    let program = |text| engine.compile(&Engine::accept(text).expect("a module")).expect("it compiles");
    let guest = program(LOOKS_AND_LEAVES);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for _ in 0..RUNS / AHEAD {
        let running: Vec<_> = (0..AHEAD).map(|_| start(&engine, &guest)).collect();
        for run in running {
            let report = runtime.block_on(run).expect("the host works");
            assert!(
                matches!(&report.outcome, Outcome::Returned(Some(found)) if *found == json!(0)),
                "{:?}",
                report.outcome
            );
        }
    }
}

fn start(engine: &Engine, program: &Program) -> Running {
    engine.invoke(Invocation {
        program: program.clone(),
        call: program.call(None, &[]).expect("it takes nothing"),
        name: "canary".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Default::default() },
        directories: Vec::new(),
        limits: Limits { timeout: Duration::from_secs(60), ..Limits::default() },
        grants: Arc::default(),
        group: ShareGroup { id: 1, weight: 1 },
    })
}
