//! Real guests through the engine, each to its outcome.

mod bulk;
mod fidelity;
mod files;
mod hostile;
mod http;
mod inference;
mod scripts;
mod uploads;
mod values;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use skep_engine::{
    Config, Directory, Engine, Failure, FailureCode, Invocation, Limits, LogLine, Outcome, Program, Report,
    ShareGroup, Stdio,
};

/// One engine for all tests: its pool is what they share in production too.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        Engine::new(&Config { threads: 2, instances: 100, ..Config::default() })
            .expect("this machine can run guests")
    })
}

/// Runs futures of the tests; the engine brings its own threads.
fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"))
        .block_on(future)
}

/// Accepts and compiles what a test uploads.
fn program(bytes: &[u8]) -> Program {
    let component = Engine::accept(bytes).expect("acceptable");
    engine().compile(&component).expect("compiles")
}

/// A guest that is in the repository as a built component.
fn guest(name: &str) -> Program {
    program(&guest_bytes(name))
}

fn guest_bytes(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../guests/built/{name}.wasm"));
    std::fs::read(&path).expect("the guests are in the repository")
}

/// A call with everything that a test may want to change.
struct Run<'a> {
    program: &'a Program,
    export: Option<&'a str>,
    arguments: Vec<Value>,
    env: Vec<(String, String)>,
    stdin: &'a [u8],
    limits: Limits,
    directories: Vec<Directory>,
}

impl<'a> Run<'a> {
    fn of(program: &'a Program) -> Self {
        Self {
            program,
            export: None,
            arguments: Vec::new(),
            env: Vec::new(),
            stdin: b"",
            limits: Limits { timeout: Duration::from_secs(20), ..Limits::default() },
            directories: Vec::new(),
        }
    }

    fn export(mut self, export: &'a str) -> Self {
        self.export = Some(export);
        self
    }

    fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    fn invocation(self) -> Invocation {
        let call = self.program.call(self.export, &self.arguments).expect("the arguments fit");
        Invocation {
            program: self.program.clone(),
            call,
            name: "test".into(),
            env: self.env,
            stdio: Stdio::Captured { stdin: self.stdin.to_vec().into() },
            directories: self.directories,
            limits: self.limits,
            grants: Arc::default(),
            group: ShareGroup { id: 1, weight: 1 },
        }
    }

    fn start(self) -> skep_engine::Running {
        engine().invoke(self.invocation())
    }

    fn report(self) -> (Report, Vec<LogLine>) {
        let mut running = self.start();
        let report = wait(&mut running).expect("the host works");
        (report, running.take_logs())
    }

    fn outcome(self) -> Outcome {
        self.report().0.outcome
    }

    fn failure(self) -> Failure {
        match self.outcome() {
            Outcome::Failed(failure) => failure,
            other => panic!("it did not fail: {other:?}"),
        }
    }

    fn value(self) -> Value {
        match self.outcome() {
            Outcome::Returned(Some(value)) => value,
            other => panic!("it returned no value: {other:?}"),
        }
    }

    /// What a command printed.
    fn stdout(self) -> String {
        match self.outcome() {
            Outcome::Finished(bytes) => String::from_utf8(bytes).expect("text"),
            other => panic!("it did not end well: {other:?}"),
        }
    }

    fn code(self) -> FailureCode {
        self.failure().code
    }
}
