//! A call of a script in a fresh sandbox, one at a time: `handler(event)` in JavaScript and in Python, and `echo hello
//! world` in the shell, against the same line in a process sandbox (bwrap), as it would be run without Skep.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use skep_engine::{
    Built, Call, Config, Engine, Grants, Invocation, Limits, Outcome, Program, Running, ShareGroup, Source,
    SourceFile, Stdio,
};

// With the allocator of the server: linking the crate is what sets it.
use skep_benches::{is_measuring, report};

/// The line that bwrap runs as well.
const SHELL: &str = "shell echo hello world";

/// A hundred lines that a call does not run, as a function has them, and a handler.
fn javascript() -> String {
    let helper = |n| format!("export function helper{n}(value) {{ return value + {n}; }}\n");
    let helpers: String = (0..97).map(helper).collect();
    format!("{helpers}export function handler(event) {{\n  return {{ sum: event[0] + event[1] }};\n}}\n")
}

fn python() -> String {
    let helper = |n| format!("def helper{n}(value): return value + {n}\n");
    let helpers: String = (0..97).map(helper).collect();
    format!("import json\n{helpers}def handler(event):\n    return {{'sum': event[0] + event[1]}}\n")
}

fn start(engine: &Engine, program: &Program, call: Call, limits: Limits) -> Running {
    engine.invoke(Invocation {
        program: program.clone(),
        call,
        name: "script".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Bytes::new() },
        directories: Vec::new(),
        limits,
        grants: Arc::<Grants>::default(),
        group: ShareGroup { id: 1, weight: 1 },
    })
}

/// What a runtime makes of a file; nothing, where the runtime is not built here.
fn script(engine: &Engine, runtime: &str, main: &str, text: &str) -> Option<Program> {
    let file = runtimes().join(format!("{runtime}.wasm"));
    let Ok(component) = std::fs::read(&file) else {
        report(&format!("SKIPPED: {} is not there (runtimes/{runtime}/build makes it)", file.display()));
        return None;
    };
    let program = engine.compile(&component).expect("it compiles");
    let files = vec![SourceFile { path: main.into(), content: text.as_bytes().to_vec() }];
    let call = program.build(Source { main: main.into(), files }).expect("it is a runtime");
    let limits = Limits { hostcall_bytes_max: 128 << 20, ..Limits::default() };
    let wait = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let report = wait.block_on(start(engine, &program, call, limits)).expect("the host works");
    match report.outcome {
        Outcome::Built(built) => match *built {
            Built::Script(script) => Some(program.with_script(script).expect("it fits")),
            _ => panic!("{runtime} built no script"),
        },
        other => panic!("{runtime} built nothing: {other:?}"),
    }
}

fn runtimes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtimes/built")
}

/// What the median of some calls takes, in milliseconds.
fn median_ms(mut call: impl FnMut()) -> f64 {
    let calls = if is_measuring() { 2000 } else { 5 };
    let mut times: Vec<Duration> = (0..calls).map(|_| timed(&mut call)).collect();
    times.sort_unstable();
    times[calls / 2].as_secs_f64() * 1e3
}

fn timed(call: &mut impl FnMut()) -> Duration {
    let began = Instant::now();
    call();
    began.elapsed()
}

fn main() {
    let engine = Engine::new(&Config { threads: 1, instances: 100, ..Config::default() }).expect("an engine");
    let wait = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let two = vec![json!(2), json!(3)];
    let cases = [
        ("javascript handler(event)", "javascript", "main.js", javascript(), two.clone(), 1.0),
        ("python handler(event)", "python", "main.py", python(), two, 2.0),
        (SHELL, "shell", "main.sh", "echo hello world".into(), Vec::new(), 1.0),
    ];
    let mut shell_ms = f64::INFINITY;
    // `cargo bench --bench scripts -- python` is for one of them.
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    for (name, runtime, main, text, arguments, goal_ms) in cases {
        if only.as_ref().is_some_and(|only| only != runtime) {
            continue;
        }
        let Some(program) = script(&engine, runtime, main, &text) else { continue };
        let took = median_ms(|| {
            let call = program.call(None, &arguments).expect("it fits");
            let report = wait.block_on(start(&engine, &program, call, Limits::default()));
            let outcome = report.expect("the host works").outcome;
            assert!(matches!(outcome, Outcome::Answered(_) | Outcome::Finished(_)), "{outcome:?}");
        });
        report(&format!("{name}: p50 {took:.3} ms (goal {goal_ms})"));
        shell_ms = if name == SHELL { took } else { shell_ms };
    }
    if shell_ms.is_infinite() {
        return;
    }
    let mut bwrap = bwrap();
    match bwrap.output() {
        Ok(ran) if ran.stdout == b"hello world\n" => {
            let took = median_ms(|| drop(bwrap.output().expect("it runs")));
            report(&format!(
                "the same line in bwrap: p50 {took:.3} ms, {:.1} times as long (goal 3)",
                took / shell_ms
            ));
        }
        _ => report("SKIPPED: bwrap does not run here"),
    }
}

/// A sandbox of processes, as tight as it goes.
fn bwrap() -> Command {
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]);
    bwrap.args(["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"]);
    bwrap.args(["--symlink", "usr/lib64", "/lib64", "--tmpfs", "/tmp", "sh", "-c", "echo hello world"]);
    bwrap
}
