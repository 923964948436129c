//! What the targets share: an engine, and calls under small limits.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use skep_engine::{
    Config, Engine, Failure, FailureCode, Invocation, Limits, Outcome, Program, ShareGroup, Stdio,
};

/// What one call may take.
const TIMEOUT: Duration = Duration::from_millis(20);
/// How long one may be about it all the same: other work runs on the same machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The engine of this process.
pub fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        Engine::new(&Config { threads: 1, instances: 4, ..Config::default() }).expect("a small pool")
    });
    &ENGINE
}

/// Calls an export and waits for its end, which comes in time and is nobody's fault but the guest's.
pub fn call(program: &Program, export: Option<&str>, arguments: &[Value]) -> Option<Outcome> {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
    });
    let call = program.call(export, arguments).ok()?;
    let began = Instant::now();
    let running = engine().invoke(Invocation {
        program: program.clone(),
        call,
        name: "fuzzed".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Default::default() },
        directories: Vec::new(),
        limits: Limits { timeout: TIMEOUT, cpu: TIMEOUT, memory_bytes_max: 16 << 20, ..Limits::default() },
        grants: Arc::default(),
        group: ShareGroup { id: 1, weight: 1 },
    });
    let report = RUNTIME.block_on(running).expect("the host works");
    assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
    assert!(report.usage.memory_peak_bytes <= 16 << 20, "{:?}", report.usage);
    if let Outcome::Failed(Failure { code: FailureCode::Host, message, .. }) = &report.outcome {
        panic!("the host failed: {message}");
    }
    Some(report.outcome)
}

/// Calls every export with arguments of nothing but zeros, as far as that fits.
pub fn call_all(program: &Program) {
    for function in &program.interface().exports {
        let zeros: Vec<Value> = function.wit.matches(':').map(|_| 0.into()).collect();
        call(program, Some(&function.name), &zeros);
    }
}
