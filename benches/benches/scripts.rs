//! A call of a script in a fresh sandbox, one at a time: `handler(event)` in JavaScript and in Python, and `echo hello
//! world` in the shell, against the same line in a process sandbox (bwrap), as it would be run without Skep.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio as ProcessStdio};
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use skep_engine::{
    Built, Call, Config, Engine, Grants, Invocation, Limits, Outcome, Program, Running, ShareGroup, Source,
    SourceFile, Stdio,
};

// With the allocator of the server: linking the crate is what sets it.
use skep_benches::report;

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
            Built::Component(_) => panic!("{runtime} built a component"),
        },
        other => panic!("{runtime} built nothing: {other:?}"),
    }
}

fn runtimes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtimes/built")
}

fn scripts(criterion: &mut Criterion) {
    let engine = Engine::new(&Config { threads: 1, instances: 100, ..Config::default() }).expect("an engine");
    let wait = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("scripts");
    let cases: [(&str, &str, &str, String, Vec<Value>); 3] = [
        ("javascript handler(event)", "javascript", "main.js", javascript(), vec![json!(2), json!(3)]),
        ("python handler(event)", "python", "main.py", python(), vec![json!(2), json!(3)]),
        ("shell echo hello world", "shell", "main.sh", "echo hello world".into(), Vec::new()),
    ];
    for (name, runtime, main, text, arguments) in cases {
        let Some(program) = script(&engine, runtime, main, &text) else { continue };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let call = program.call(None, &arguments).expect("it fits");
                let report = wait.block_on(start(&engine, &program, call, Limits::default()));
                let outcome = report.expect("the host works").outcome;
                assert!(matches!(outcome, Outcome::Answered(_) | Outcome::Finished(_)), "{outcome:?}");
            });
        });
    }
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]);
    bwrap.args(["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"]);
    bwrap.args(["--symlink", "usr/lib64", "/lib64", "--tmpfs", "/tmp", "sh", "-c", "echo hello world"]);
    bwrap.stdout(ProcessStdio::piped());
    match bwrap.output() {
        Ok(ran) if ran.stdout == b"hello world\n" => {
            group.bench_function("bwrap … sh -c 'echo hello world'", |bencher| {
                bencher.iter(|| bwrap.output().expect("it runs"));
            });
        }
        _ => report("SKIPPED: bwrap does not run here"),
    }
    group.finish();
}

criterion_group!(benches, scripts);
criterion_main!(benches);
