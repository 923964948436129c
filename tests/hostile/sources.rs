//! Source that is meant badly: at its build, and when it runs. It gets what any guest gets, and others go on.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, made_runtime, wat};

/// The time of what is to come to an end by itself, also on a slow machine, in milliseconds.
const TIME_ENOUGH_MS: u64 = 30_000;
/// What a build may take here.
const BUILDS: &str = "[builds]\ntimeout_seconds = 2\nmemory_bytes_max = 67108864\n";

/// A server, its attacker, and a neighbour whose calls go on.
pub(super) struct Target {
    pub(super) server: Server,
    pub(super) mallory: Caller,
    neighbour: Caller,
}

impl Target {
    fn new() -> Self {
        Self::with_builds(BUILDS)
    }

    pub(super) fn with_builds(builds: &str) -> Self {
        let server = Server::start_with(builds);
        let neighbour = server.member("neighbour");
        neighbour.deploy("double", wat::DOUBLE);
        Self { mallory: server.member("mallory"), neighbour, server }
    }

    /// Uploads source, and gives the version that came of it.
    fn build(&self, runtime: &str, text: &str) -> Value {
        let path = format!("/v1/functions/f?runtime={runtime}");
        let answer = self.mallory.send("PUT", &path, text, &[]);
        let status = answer.status;
        let version = answer.data(status)["version"].clone();
        let called = self.neighbour.invoke("double", &json!({"arguments": [21]})).data(200);
        assert_eq!(called["result"], 42, "the neighbour goes on");
        version
    }

    /// The log of a build that must fail.
    pub(super) fn fails(&self, runtime: &str, text: &str) -> String {
        let version = self.build(runtime, text);
        assert_eq!(version["state"], "FAILED", "{text:.200}: {version}");
        let logs = version["buildLogs"].as_str().expect("a log").to_owned();
        assert!(!logs.is_empty() && logs.len() <= 128 << 10, "{text}: {} bytes of log", logs.len());
        logs
    }

    /// What a call of source comes to that can be built.
    pub(super) fn runs(&self, runtime: &str, text: &str) -> Value {
        self.runs_for(runtime, text, TIME_ENOUGH_MS)
    }

    /// The same within some milliseconds.
    fn runs_for(&self, runtime: &str, text: &str, timeout_ms: u64) -> Value {
        let version = self.build(runtime, text);
        assert_eq!(version["state"], "READY", "{text}: {version}");
        self.mallory.invoke("f", &json!({"arguments": [], "timeoutMs": timeout_ms})).data(200)
    }
}

/// Text that nests so deep.
pub(super) fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_build_in_javascript_gets_nothing_and_ends() {
    let target = Target::new();
    for (text, said) in [
        ("for (;;) {} export const f = () => 1;", "time limit"),
        ("/(a+)+$/.test('a'.repeat(64) + 'b'); export const f = () => 1;", "time limit"),
        ("const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); export const f = 1;", ""),
        ("await fetch('http://127.0.0.1:1/'); export const f = () => 1;", "not granted"),
        ("import fs from 'node:fs'; export const f = () => 1;", "cannot find module"),
        ("import x from '../../../etc/passwd'; export const f = () => 1;", "cannot find module"),
        ("import x from '/etc/passwd'; export const f = () => 1;", "cannot find module"),
        ("await new Promise(() => {}); export const f = () => 1;", "nothing will settle"),
        ("const f = (n) => f(n + 1) + 1; f(0); export const g = 1;", "RangeError"),
        ("setInterval(() => {}, 0); await new Promise(() => {}); export const f = 1;", "time limit"),
        ("throw { toString() { for (;;) {} } }; export const f = 1;", "thrown"),
        (
            "throw Object.assign(new Error('x'.repeat(1 << 24)), { stack: 'y'.repeat(1 << 24) }); export const f = 1;",
            "",
        ),
    ] {
        let logs = target.fails("javascript", text);
        assert!(logs.contains(said), "{text}: {logs}");
    }
    let deep = format!("export const f = () => {};", nested("(", ")", 100_000));
    target.fails("javascript", &deep);
    target.fails("typescript", &deep);
    target.fails("typescript", &format!("export const f = (x: {}) => 1;", nested("Array<", ">", 100_000)));
    let names: String = (0..3000).map(|number| format!("export const f{number} = () => 1;\n")).collect();
    assert!(target.fails("javascript", &names).contains("1000 functions"));
    let long = format!("export const {} = () => 1;", "f".repeat(1 << 20));
    assert!(target.fails("javascript", &long).contains("names of exports"));
    let log = "for (let i = 0; i < 1e6; i++) console.log('x'.repeat(100)); export const f = () => 1;";
    let version = target.build("javascript", log);
    let logs = version["buildLogs"].as_str().expect("a log");
    assert!(logs.len() <= 128 << 10 && logs.contains("[cut: "), "{} bytes", logs.len());
}

#[test]
fn scripts_get_nothing_of_the_machine() {
    let target = Target::new();
    let environment =
        "export const f = () => [Object.keys(process.env), process.argv.length, typeof require];";
    let seen = target.runs("javascript", environment);
    assert_eq!(seen["result"], json!([[], 2, "undefined"]));
    let fetched = "export const f = async () => { try { await fetch('http://169.254.169.254/'); } catch (e) { return e.message; } };";
    let message = target.runs("javascript", fetched)["result"].to_string();
    assert!(message.contains("not granted"), "{message}");
    for (text, printed) in [
        ("cat /etc/passwd /proc/self/environ ../../etc/shadow 2>/dev/null; echo $?", "1\n"),
        ("ls -a / | tr '\\n' ' '", ". .. tmp "),
        ("echo x > /etc/passwd || echo refused", "refused\n"),
        ("cd ../../..; pwd", "/\n"),
        ("ln -s /etc/passwd p; cat p || echo nothing", "nothing\n"),
        ("curl http://127.0.0.1/ || echo $?", "127\n"),
        ("exec 3<>/dev/tcp/127.0.0.1/22 || echo refused", "refused\n"),
        (
            "yes 0123456789 | head -c 100000000 > /tmp/full; [ $(wc -c < /tmp/full) -lt 70000000 ] && echo bounded",
            "bounded\n",
        ),
        (
            "i=0; while mkdir d$i 2>/dev/null; do i=$((i+1)); done; [ $i -lt 1001 ] && echo bounded",
            "bounded\n",
        ),
        ("env | grep -c SKEP_TOKEN; true", "0\n"),
    ] {
        let job = target.runs("shell", text);
        let said = job["result"].as_str().unwrap_or_default();
        assert_eq!(said, printed, "{text}: {job}");
    }
    for text in [
        ":() { : | : & }; :",
        "f() { f; }; f",
        "while :; do :; done",
        "x=x; while :; do x=$x$x; done",
        "yes > /dev/null",
    ] {
        let job = target.runs_for("shell", text, 2000);
        let wall = job["usage"]["wallNanos"].as_u64().expect("nanoseconds");
        assert!(job["completedAt"].is_u64() && wall < 3_000_000_000, "{text}: it ended in time: {job}");
    }
    target.fails("shell", &nested("( ", " )", 100_000));
    target.fails("shell", &nested("$(", ")", 100_000));
    drop(target.server);
}

#[test]
fn a_build_in_python_gets_nothing_and_ends() {
    let Some(component) = made_runtime("python") else { return };
    let target = Target::new();
    target.server.skep(&["runtimes", "add", "python", &component.to_string_lossy()]).ok();
    let module = |statement: &str| format!("{statement}\ndef handler(event): return 1\n");
    for (statement, said) in [
        ("while True: pass", "time limit"),
        ("x = bytearray(1 << 28)", "MemoryError"),
        ("open('/etc/passwd')", "FileNotFoundError"),
        ("open('../../../../etc/passwd')", "PermissionError"),
        ("import os; os.system('id')", "Error"),
        ("import subprocess; subprocess.run(['id'])", "Error"),
        ("import socket; socket.create_connection(('127.0.0.1', 22), 1)", "gaierror"),
        ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')", "URLError"),
        ("import ctypes", "ModuleNotFoundError"),
        ("import os; os.fork()", "Error"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise SystemExit", "SystemExit"),
        ("f = lambda n: f(n + 1)\nf(0)", "RecursionError"),
    ] {
        let logs = target.fails("python", &module(statement));
        assert!(logs.contains(said), "{statement}: {logs}");
    }
    target.fails("python", &module(&format!("x = {}", nested("(", ")", 100_000))));
    target.fails("python", &module(&format!("x = {}", nested("-", "", 100_000))));
    let seen = target.runs("python", "import os, sys\ndef handler(event): return [sorted(os.listdir('/')), [k for k in os.environ if 'SKEP' in k or 'PATH' in k], len(sys.argv)]\n");
    assert_eq!(seen["result"][0], json!(["tmp"]), "{seen}");
    assert_eq!(seen["result"][1], json!([]), "{seen}");
}
