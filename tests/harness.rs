//! A server of the test's own, and callers as values: `admin` with the key, `anon` without.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary under test.
pub(crate) const SKEP: &str = env!("CARGO_BIN_EXE_skep");

/// How long a scenario waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// A guest that is in the repository as a built component.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    std::fs::read(repository().join(format!("guests/built/{name}.wasm"))).expect("the guests are built")
}

/// A runtime that is not committed, if it was made; says so if not.
pub(crate) fn made_runtime(name: &str) -> Option<PathBuf> {
    let component = repository().join(format!("runtimes/built/{name}.wasm"));
    if component.exists() {
        return Some(component);
    }
    skip(&format!("{0} is not there: skep runtimes make {name} {0}", component.display()));
    None
}

/// A tool that `.ci/tools` has put into the cache, if it could be had; says so if not.
pub(crate) fn tool(path: &str) -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))?;
    let tool = cache.join("skep/tools").join(path);
    if tool.exists() {
        return Some(tool);
    }
    skip(&format!("{path} is not there; .ci/tools gets it"));
    None
}

/// Says that a test was not run, and why, past the test runner's capture.
pub(crate) fn skip(reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

/// A running server. Dropping it kills it as `kill -9` does.
pub(crate) struct Server {
    pub(crate) directory: TempDir,
    pub(crate) url: String,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a directory"))
    }

    /// Starts with a configuration file of this text.
    pub(crate) fn start_with(configuration: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("skep.toml"), configuration).expect("it is written");
        Self::start_in(directory)
    }

    /// Starts on a directory that an earlier life may have left, with the configuration in it.
    pub(crate) fn start_in(directory: TempDir) -> Self {
        let mut command = Command::new(SKEP);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(directory.path().join("data"));
        let configuration = directory.path().join("skep.toml");
        if configuration.is_file() {
            command.arg("--config").arg(configuration);
        }
        command.env("SKEP_LOG", "error").stdout(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        let stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let line = stdout.lines().next().expect("it says where it listens").expect("text");
        let url = line.strip_prefix("skep listens on ").expect("as documented").to_owned();
        Self { directory, url, process }
    }

    /// The process's number, to look at it from outside.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn key(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("data/admin.key"))
            .expect("the first start makes it")
    }

    pub(crate) fn admin(&self) -> Caller {
        self.with_key(&self.key())
    }

    pub(crate) fn anon(&self) -> Caller {
        Caller { url: self.url.clone(), authorization: None }
    }

    /// Whoever has this key or token.
    pub(crate) fn with_key(&self, key: &str) -> Caller {
        Caller { url: self.url.clone(), authorization: Some(format!("Bearer {key}")) }
    }

    /// A tenant: an account of its own, made now.
    pub(crate) fn member(&self, name: &str) -> Caller {
        let account = self.admin().post("/v1/accounts", &json!({"name": name})).data(201);
        self.with_key(account["key"].as_str().expect("a key"))
    }

    /// Ends the process at once, wherever it is, and keeps its directory.
    pub(crate) fn kill(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.directory, tempfile::tempdir().expect("a directory"))
    }

    /// Tells the process to stop and waits for its exit code.
    pub(crate) fn terminate(mut self) -> (Option<i32>, TempDir) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let code = self.process.wait().expect("it ends").code();
        (code, std::mem::replace(&mut self.directory, tempfile::tempdir().expect("a directory")))
    }

    /// The command line, pointed at this server.
    pub(crate) fn skep(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(SKEP);
        command.args(arguments).env("SKEP_URL", &self.url).env("SKEP_TOKEN", self.key());
        Ran::of(command)
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a command printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(command: Command) -> Self {
        Self::with_input(command, Stdio::null())
    }

    /// The same of a command that reads something.
    pub(crate) fn with_input(mut command: Command, input: Stdio) -> Self {
        let output = command.stdin(input).output().expect("the command starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Standard output of a command that ended well.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("--json prints JSON")
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
}

/// An answer: its status and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The data of a success with this status.
    pub(crate) fn data(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["success"], true, "{}", self.body);
        self.body["data"].clone()
    }

    /// The message of a refusal with this status, whose body has the contract's fields.
    pub(crate) fn refused(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["statusCode"], status, "{}", self.body);
        assert!(self.body["code"].is_string(), "{}", self.body);
        self.body["message"].as_str().expect("a message").to_owned()
    }
}

/// A server-sent event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// Events as they come.
pub(crate) struct Events {
    lines: std::io::Lines<BufReader<Box<dyn std::io::Read>>>,
}

impl Iterator for Events {
    type Item = Event;

    /// The next event; none at the end of the stream.
    fn next(&mut self) -> Option<Event> {
        let mut event = Event { name: String::new(), id: None, data: Value::Null };
        for line in self.lines.by_ref() {
            let line = line.ok()?;
            match line.split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = Some(id.to_owned()),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ if line.is_empty() && !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
        None
    }
}

impl Caller {
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.as_ref().to_vec()).expect("a request");
        let mut answer = agent.run(request).expect("an answer");
        let text = answer.body_mut().with_config().limit(256 << 20).read_to_string().expect("text");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", &[])
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string(), &[("Content-Type", "application/json")])
    }

    /// A post that is to be done once.
    pub(crate) fn post_once(&self, path: &str, body: &Value, key: &str) -> Answer {
        self.send("POST", path, body.to_string(), &[("Idempotency-Key", key)])
    }

    /// A stream of server-sent events, as they come.
    pub(crate) fn events(&self, path: &str, last_event_id: Option<&str>) -> Events {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = agent.get(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let answer = request.call().expect("an answer");
        assert_eq!(answer.status(), 200);
        let (_, body) = answer.into_parts();
        let reader: Box<dyn std::io::Read> = Box::new(body.into_reader());
        Events { lines: BufReader::new(reader).lines() }
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, body.to_string(), &[])
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "", &[])
    }

    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) -> Answer {
        self.send("PUT", path, bytes, &[])
    }

    /// Uploads a function that must be accepted.
    pub(crate) fn deploy(&self, name: &str, bytes: impl AsRef<[u8]>) -> Value {
        let answer = self.put(&format!("/v1/functions/{name}"), bytes);
        let status = answer.status;
        answer.data(status)
    }

    pub(crate) fn invoke(&self, name: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/functions/{name}/invoke"), body)
    }

    /// Submits a run that must be accepted; returns its id.
    pub(crate) fn submit(&self, body: &Value) -> String {
        self.post("/v1/runs", body).data(201)["runId"].as_str().expect("an id").to_owned()
    }

    /// Waits until a run is over.
    pub(crate) fn run_over(&self, id: &str) -> Value {
        self.wait_until(&format!("/v1/runs/{id}"), |run| !run["completedAt"].is_null())
    }

    /// Waits until what a path shows is as expected.
    pub(crate) fn wait_until(&self, path: &str, expected: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let shown = self.get(path).data(200);
            if expected(&shown) {
                return shown;
            }
            assert!(began.elapsed() < PATIENCE, "{path} stays {shown}");
            std::thread::yield_now();
        }
    }

    /// Every job of a run, in order, page by page.
    pub(crate) fn jobs_of(&self, run: &str) -> Vec<Value> {
        let mut jobs = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("/v1/runs/{run}/jobs?limit=100{cursor}")).data(200);
            jobs.append(page["items"].as_array_mut().expect("items"));
            match page["lastEvaluatedKey"].as_str() {
                Some(key) => cursor = format!("&lastEvaluatedKey={}", encoded(key)),
                None => return jobs,
            }
        }
    }
}

/// Percent-encodes a text for a query or a form.
pub(crate) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => (byte as char).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Functions that need no toolchain: small texts for scenarios.
pub(crate) mod wat {
    pub(crate) const DOUBLE: &str =
        r#"(module (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;
    pub(crate) const SPIN: &str = r#"(module (func $around (export "spin") (loop (br 0))))"#;
    /// Traps for odd numbers, gives back even ones.
    pub(crate) const EVEN: &str = r#"(module (func $check (export "even") (param i32) (result i32)
        (if (i32.and (local.get 0) (i32.const 1)) (then unreachable)) (local.get 0)))"#;
}

/// A tuple for each number.
pub(crate) fn tuples(numbers: std::ops::Range<u32>) -> Value {
    numbers.map(|number| json!([number])).collect()
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a client has a clock of its own")]
pub(crate) fn unix_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("it is past 1970").as_millis() as u64
}
