//! The public test suite of WASI, where `SKEP_WASI_TESTSUITE` names a copy of it (the branch
//! `prod/testsuite-base` of wasi-testsuite): `skep exec` gives what the wasmtime CLI gives.
//!
//! Programs that serve HTTP are functions of a server instead: `exec` serves none.

mod services;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{SKEP, Server, skip, tool};

/// Programs that the wasmtime CLI of PyPI passes and `skep exec` does not, with the reason.
const KNOWN: [(&str, &str); 1] = [(
    "http-request",
    "wasmtime 48.0.8 refuses paths that begin with no slash; that CLI is 48.0.2, which takes them",
)];

/// Programs that `wasmtime serve` fails as well: it is not for us to do better.
const FAIL_THERE_TOO: [(&str, &str); 2] = [
    ("http-client-path-none", "a request without a path has no URI there"),
    ("http-client-sent", "a request that is dropped unsent reports that it was sent"),
];

/// How long one program may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program and what it is to do.
struct Program {
    file: PathBuf,
    name: String,
    suite: String,
    spec: Value,
}

fn programs(suite: &Path) -> Vec<Program> {
    let mut found = Vec::new();
    for (language, target) in [
        ("assemblyscript", "wasm32-wasip1"),
        ("c", "wasm32-wasip1"),
        ("rust", "wasm32-wasip1"),
        ("rust", "wasm32-wasip3"),
    ] {
        let folder = suite.join("tests").join(language).join("testsuite").join(target);
        for entry in std::fs::read_dir(&folder).expect("a copy of the suite").flatten() {
            let file = entry.path();
            if file.extension().is_some_and(|extension| extension == "wasm") {
                let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
                let spec = std::fs::read_to_string(file.with_extension("json")).ok();
                let spec =
                    spec.map_or(json!({}), |text| serde_json::from_str(&text).expect("a specification"));
                found.push(Program { file, name, suite: target.to_owned(), spec });
            }
        }
    }
    found
}

impl Program {
    fn is_service(&self) -> bool {
        self.spec["world"] == "wasi:http/service"
    }

    fn wants(&self, proposal: &str) -> bool {
        self.spec["proposals"].as_array().is_some_and(|wanted| wanted.contains(&json!(proposal)))
    }

    /// What happens, in order: as it is said, or a run, its outputs and its end.
    fn operations(&self) -> Vec<Value> {
        if let Some(operations) = self.spec["operations"].as_array() {
            return operations.clone();
        }
        let mut run = self.spec.clone();
        run["type"] = json!("run");
        let read =
            |id: &str| self.spec.get(id).map(|payload| json!({"type": "read", "id": id, "payload": payload}));
        let end = json!({"type": "wait", "exit_code": self.spec["exit_code"].as_i64().unwrap_or(0)});
        [Some(run), read("stdout"), read("stderr"), Some(end)].into_iter().flatten().collect()
    }

    fn command(&self, skep: bool, run: &Value, root: Option<&Path>) -> Command {
        let mut command = match skep {
            true => Command::new(SKEP),
            false => Command::new(wasmtime().expect("it is there")),
        };
        match skep {
            true => drop(command.arg("exec")),
            false if self.suite == "wasm32-wasip3" => {
                let mut grants = "-Sp3".to_owned();
                for (proposal, grant) in [("sockets", ",inherit-network"), ("http", ",http")] {
                    grants.push_str(if self.wants(proposal) { grant } else { "" });
                }
                command.args(["-Wcomponent-model-async", &grants]);
            }
            false => {}
        }
        if skep && self.wants("sockets") {
            command.arg("--network");
        }
        for (name, value) in run["env"].as_object().into_iter().flatten() {
            command.arg("--env").arg(format!("{name}={}", value.as_str().expect("text")));
        }
        if let Some(root) = root {
            command.arg("--dir").arg(format!("{}::/", root.display()));
        }
        command.arg(&self.file);
        command.args(run["args"].as_array().into_iter().flatten().filter_map(Value::as_str));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Whether it does what it is to do; what it does instead, if not.
    fn outcome(&self, skep: bool) -> Result<(), String> {
        let directory = tempfile::tempdir().expect("a directory");
        let mut running: Option<Running> = None;
        for operation in self.operations() {
            if operation["type"] == "run" {
                let root = operation["root"].as_str().map(|root| {
                    let copy = directory.path().join("root");
                    copy_folder(&self.file.with_file_name(root), &copy);
                    copy
                });
                let mut started = Running::start(self.command(skep, &operation, root.as_deref()));
                if !self.operations().iter().any(|operation| operation["type"] == "write") {
                    // Nothing will come: who reads is at the end.
                    drop(started.process.stdin.take());
                }
                running = Some(started);
                continue;
            }
            running.as_mut().expect("it runs first").step(&operation)?;
        }
        Ok(())
    }
}

/// A program that runs.
struct Running {
    process: Child,
    connection: Option<TcpStream>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        Self { process: command.spawn().expect("it starts"), connection: None }
    }

    fn step(&mut self, operation: &Value) -> Result<(), String> {
        let payload = operation["payload"].as_str().unwrap_or_default();
        let same = |read: String| if read == payload { Ok(()) } else { Err(format!("it said {read:?}")) };
        match operation["type"].as_str().expect("a type") {
            "write" => {
                let mut stdin = self.process.stdin.take().expect("it is piped");
                stdin.write_all(payload.as_bytes()).map_err(|error| error.to_string())
            }
            "read" => {
                // What comes behind it, comes when it is asked to.
                let mut bytes = vec![0; payload.len()];
                let read = match operation["id"].as_str() {
                    Some("stderr") => {
                        self.process.stderr.as_mut().expect("it is piped").read_exact(&mut bytes)
                    }
                    _ => self.process.stdout.as_mut().expect("it is piped").read_exact(&mut bytes),
                };
                read.map_err(|error| error.to_string())?;
                same(String::from_utf8_lossy(&bytes).into_owned())
            }
            "connect" => {
                let mut address = String::new();
                let stdout = self.process.stdout.take().expect("once");
                let _ = BufReader::new(stdout).read_line(&mut address);
                let stream =
                    TcpStream::connect(address.trim()).map_err(|error| format!("{address}: {error}"))?;
                stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
                self.connection = Some(stream);
                Ok(())
            }
            "send" => {
                let stream = self.connection.as_mut().expect("connected");
                stream.write_all(payload.as_bytes()).map_err(|error| error.to_string())
            }
            "recv" => {
                let mut bytes = vec![0; payload.len()];
                let stream = self.connection.as_mut().expect("connected");
                stream.read_exact(&mut bytes).map_err(|error| error.to_string())?;
                same(String::from_utf8_lossy(&bytes).into_owned())
            }
            "wait" => self.wait(operation["exit_code"].as_i64().unwrap_or(0)),
            other => Err(format!("the driver does not know {other}")),
        }
    }

    fn wait(&mut self, expected: i64) -> Result<(), String> {
        drop(self.process.stdin.take());
        self.connection = None;
        // Its outputs end with it.
        let (sender, ended) = channel();
        let outputs = (self.process.stdout.take(), self.process.stderr.take());
        std::thread::spawn(move || {
            let (stdout, stderr) = outputs;
            let _ = stdout.map(|mut stdout| std::io::copy(&mut stdout, &mut std::io::sink()));
            let _ = stderr.map(|mut stderr| std::io::copy(&mut stderr, &mut std::io::sink()));
            let _ = sender.send(());
        });
        let is_late = ended.recv_timeout(PATIENCE).is_err();
        if is_late {
            let _ = self.process.kill();
        }
        let status = self.process.wait().expect("it is ours");
        if is_late {
            return Err("it does not end".into());
        }
        if status.code().map(i64::from) == Some(expected) { Ok(()) } else { Err(status.to_string()) }
    }
}

fn wasmtime() -> Option<PathBuf> {
    let package = std::fs::read_dir(tool("wasmtime/lib")?).ok()?.flatten().next()?.path();
    Some(package.join("site-packages/wasmtime_cli/wasmtime")).filter(|program| program.exists())
}

fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp is there");
    assert!(copied.success(), "{} is copied", from.display());
}

#[test]
fn exec_gives_what_the_wasmtime_cli_gives() {
    let Some(suite) = std::env::var_os("SKEP_WASI_TESTSUITE").map(PathBuf::from) else {
        skip("SKEP_WASI_TESTSUITE names no copy of the public test suite of WASI");
        return;
    };
    if wasmtime().is_none() {
        return;
    }
    let (programs, mut passed, mut faults) = (programs(&suite), 0, Vec::new());
    for program in programs.iter().filter(|program| !program.is_service()) {
        let is_known = KNOWN.iter().any(|(name, _)| *name == program.name);
        match program.outcome(true) {
            Ok(()) if is_known => faults.push(format!("{} passes now: take it off the list", program.name)),
            Ok(()) => passed += 1,
            Err(_) if is_known => {}
            // Where wasmtime fails as well, it is not for us to do better.
            Err(why) if program.outcome(false).is_ok() => faults.push(format!("{}: {why}", program.name)),
            Err(_) => {}
        }
    }
    println!("{passed} programs of WASI's suite passed");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn functions_serve_what_the_suite_wants_served() {
    let Some(suite) = std::env::var_os("SKEP_WASI_TESTSUITE").map(PathBuf::from) else {
        skip("SKEP_WASI_TESTSUITE names no copy of the public test suite of WASI");
        return;
    };
    let server = Server::start_with("[egress]\nallow = [\"127.0.0.1/32\"]\n");
    let services: Vec<_> = programs(&suite).into_iter().filter(Program::is_service).collect();
    let fault = |program: &Program| {
        let is_known = FAIL_THERE_TOO.iter().any(|(name, _)| *name == program.name);
        match services::outcome(program, &server) {
            Ok(()) => is_known.then(|| format!("{} passes now: take it off the list", program.name)),
            Err(why) => (!is_known).then(|| format!("{}: {why}", program.name)),
        }
    };
    let faults: Vec<_> = services.iter().filter_map(fault).collect();
    println!(
        "{} of {} programs of WASI's suite serve what they are to, the others fail under wasmtime as well",
        services.len() - faults.len() - FAIL_THERE_TOO.len(),
        services.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
