//! Attackers, one small guest an idea, and what must stay true of the server while each of them is at work. An
//! attacker for a new idea is a file in `hostile/guests` and an entry in `hostile/attacks.toml`.

mod clang;
mod pool;
mod sources;
mod streams;
mod tenants;
mod uploads;

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{Caller, Server, guest, repository, wat};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attacks {
    attack: Vec<Attack>,
}

/// An entry of `attacks.toml`, where the fields are explained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    idea: String,
    guest: String,
    #[serde(default)]
    arguments: Vec<Value>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    late_ms: Option<u64>,
    outcome: String,
    says: Option<String>,
}

/// What an attacker may use where nothing else is said.
const LIMITS: [(&str, u64); 2] = [("timeoutMs", 300), ("memoryBytesMax", 64 << 20)];
/// The time of those that are to come to another end first, also where other tests use the machine.
const TIME_ENOUGH_MS: u64 = 5000;
/// By how much an attempt may end late where nothing else is said.
const LATE_MS: u64 = 100;
/// What the server may take beside the attacker's own memory: threads that start, SQLite's pages, a program.
const MEMORY_BESIDE: u64 = 64 << 20;
/// How often an attack may be tried until one ends in time: a machine that other tests use is late by itself.
const TRIES: u32 = 10;

#[test]
fn no_attacker_gets_more_than_it_must() {
    let text = std::fs::read_to_string(repository().join("tests/hostile/attacks.toml")).expect("it is there");
    let attacks: Attacks = toml::from_str(&text).expect("as explained in it");
    let target = Target::new();
    let mut failed = Vec::new();
    for attack in &attacks.attack {
        let outcome = target.under(attack);
        println!("{:60} {:18} {}", attack.idea, attack.outcome, outcome.as_ref().err().map_or("", |why| why));
        failed.extend(outcome.err().map(|why| format!("{}: {why}", attack.idea)));
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    let used: BTreeSet<String> = attacks.attack.into_iter().map(|attack| attack.guest).collect();
    for file in std::fs::read_dir(repository().join("tests/hostile/guests")).expect("it is there").flatten() {
        assert!(used.contains(&*file.file_name().to_string_lossy()), "{file:?} attacks nothing");
    }
}

/// A server, its attacker, a neighbour, and a door at which nobody may knock.
struct Target {
    server: Server,
    mallory: Caller,
    neighbour: Caller,
    door: TcpListener,
}

impl Target {
    fn new() -> Self {
        let server = Server::start();
        let (mallory, neighbour) = (server.member("mallory"), server.member("neighbour"));
        neighbour.deploy("double", wat::DOUBLE);
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        door.set_nonblocking(true).expect("it can");
        Self { server, mallory, neighbour, door }
    }

    /// Lets the attacker try, while the neighbour goes on with its work.
    fn under(&self, attack: &Attack) -> Result<(), String> {
        let is_over = AtomicBool::new(false);
        let before = State::of(&self.server);
        forget_peak(&self.server);
        let (tried, calls) = std::thread::scope(|scope| {
            let neighbour = scope.spawn(|| self.go_on(&is_over));
            let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.attack(attack)));
            is_over.store(true, Relaxed);
            (tried, neighbour.join())
        });
        tried.map_err(|_| "the server did not answer as it must".to_owned())??;
        let calls = calls.map_err(|_| "the neighbour's calls failed".to_owned())?;
        // Other tests use the machine too: the longest call of all says nothing.
        let most = calls.get(calls.len() * 9 / 10).copied();
        let most = most.ok_or("the neighbour got nothing done")?;
        if most > Duration::from_secs(1) {
            return Err(format!("nine in ten calls of the neighbour took up to {most:?}"));
        }
        let limit = attack.limits.get("memoryBytesMax").copied().unwrap_or(LIMITS[1].1) + MEMORY_BESIDE;
        let more = memory(&self.server, "VmHWM:").saturating_sub(before.memory_bytes);
        if more > limit {
            return Err(format!("the server took {} MiB more", more >> 20));
        }
        if self.door.accept().is_ok() {
            return Err("it knocked at a door".into());
        }
        before.is_back(&self.server)
    }

    /// One attack: as often as it takes to see it end in time.
    fn attack(&self, attack: &Attack) -> Result<(), String> {
        let path = repository().join("tests/hostile/guests").join(&attack.guest);
        let bytes = if Path::new(&attack.guest).extension().is_some() {
            std::fs::read(path).map_err(|error| error.to_string())?
        } else {
            guest(&attack.guest)
        };
        let name = attack.guest.replace('.', "-");
        let uploaded = self.mallory.put(&format!("/v1/functions/{name}"), bytes);
        if attack.outcome == "refused" {
            let message = uploaded.refused(400);
            return says(attack, &message);
        }
        if !matches!(uploaded.status, 200 | 201) {
            return Err(uploaded.body.to_string());
        }
        let mut limits = BTreeMap::from(LIMITS.map(|(name, limit)| (name.to_owned(), limit)));
        if attack.outcome != "timeout" {
            limits.insert("timeoutMs".to_owned(), TIME_ENOUGH_MS);
        }
        limits.extend(attack.limits.clone());
        let settings = json!({"settings": {"limits": &limits}});
        self.mallory.patch(&format!("/v1/functions/{name}"), &settings).data(200);
        let late_ms = attack.late_ms.unwrap_or(LATE_MS);
        for _ in 0..TRIES {
            let job = self.mallory.invoke(&name, &json!({"arguments": self.fill(attack)})).data(200);
            let code = job["error"]["code"].as_str().unwrap_or("succeeded");
            if code != attack.outcome {
                return Err(format!("{code}: {} {}", job["error"]["message"], job["result"]));
            }
            let told = if job["error"].is_null() { &job["result"] } else { &job["error"]["message"] };
            says(attack, &told.as_str().map_or_else(|| told.to_string(), str::to_owned))?;
            let wall = Duration::from_nanos(job["usage"]["wallNanos"].as_u64().expect("it is metered"));
            if wall <= Duration::from_millis(limits["timeoutMs"] + late_ms) {
                return Ok(());
            }
        }
        Err(format!("it went on for more than {late_ms} ms after its time, {TRIES} times"))
    }

    /// The arguments of an attack, with the door in them.
    fn fill(&self, attack: &Attack) -> Vec<Value> {
        let port = self.door.local_addr().expect("it is open").port();
        let fill = |text: &str| match text {
            "{port}" => port.to_string(),
            "{url}" => format!("http://127.0.0.1:{port}/"),
            text => text.to_owned(),
        };
        let fill =
            |argument: &Value| argument.as_str().map_or_else(|| argument.clone(), |text| json!(fill(text)));
        attack.arguments.iter().map(fill).collect()
    }

    /// The neighbour's calls until the attack is over, from the shortest to the longest.
    fn go_on(&self, is_over: &AtomicBool) -> Vec<Duration> {
        let mut took = Vec::new();
        while !is_over.load(Relaxed) {
            let began = Instant::now();
            let job = self.neighbour.invoke("double", &json!({"arguments": [21]})).data(200);
            assert_eq!(job["result"], 42);
            took.push(began.elapsed());
        }
        took.sort_unstable();
        took
    }
}

fn says(attack: &Attack, told: &str) -> Result<(), String> {
    let Some(says) = &attack.says else { return Ok(()) };
    let told = told.trim_end();
    let (begins, plain) = says.strip_prefix('^').map_or((false, says.as_str()), |plain| (true, plain));
    let (ends, plain) = plain.strip_suffix('$').map_or((false, plain), |plain| (true, plain));
    let fits = match (begins, ends) {
        (true, true) => told == plain,
        (true, false) => told.starts_with(plain),
        (false, true) => told.ends_with(plain),
        (false, false) => told.contains(plain),
    };
    if fits { Ok(()) } else { Err(format!("it says {told:?}")) }
}

/// What of a server must be as before when an attack is over.
#[derive(Debug, PartialEq)]
struct State {
    memory_bytes: u64,
    unnamed_files: usize,
    files: BTreeSet<String>,
    children: usize,
}

impl State {
    fn of(server: &Server) -> Self {
        let process = format!("/proc/{}", server.process_id());
        let open = std::fs::read_dir(format!("{process}/fd")).expect("it runs").flatten();
        let open: Vec<_> = open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).collect();
        // A compiler is the child of whichever thread has started it.
        let threads = std::fs::read_dir(format!("{process}/task")).expect("it runs").flatten();
        let children =
            threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        Self {
            memory_bytes: memory(server, "VmRSS:"),
            // What a program's memory looks like at its start is one, and stays with the program.
            unnamed_files: open
                .iter()
                .map(|path| path.to_string_lossy())
                .filter(|path| path.contains("deleted") && !path.contains("memory-image"))
                .count(),
            files: names(server.directory.path()),
            children: children.map(|children| children.split_whitespace().count()).sum(),
        }
    }

    /// Whether all is as it was: no file without a name is open, no name is new, no compiler is left.
    fn is_back(&self, server: &Server) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let now = Self::of(server);
            let is_back = now.unnamed_files <= self.unnamed_files
                && now.files == self.files
                && now.children <= self.children;
            if is_back {
                return Ok(());
            }
            if began.elapsed() > Duration::from_secs(10) {
                return Err(format!("it left {now:?}, before {self:?}"));
            }
            std::thread::yield_now();
        }
    }
}

/// The files of a server, but for its database, what was uploaded and its compiled form.
fn names(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).expect("it is there").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !["artifacts", "compiled"].contains(&name.as_str()) {
            found.extend(names(&entry.path()));
        } else {
            found.insert(name);
        }
    }
    found
}

/// Bytes of memory that a server has: now (`VmRSS:`), or at most since its peak was forgotten (`VmHWM:`).
fn memory(server: &Server, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(which)).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// Has the kernel count the peak of a server's memory from now on.
fn forget_peak(server: &Server) {
    std::fs::write(format!("/proc/{}/clear_refs", server.process_id()), "5").expect("it is ours");
}
