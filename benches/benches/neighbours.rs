//! What an account pays for its neighbour: the time of a call, alone and beside 64 endless loops of another account.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use skep_benches::load::{Connection, DOUBLE};
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, report};

const LOOPS: usize = 64;
const LOOP: &str = r#"(module (func (export "f") (loop (br 0))))"#;
const BODY: &[u8] = br#"{"arguments": [21]}"#;
/// A minute's loops outlive what is measured beside them.
const TIMEOUT_MS: u64 = 60_000;

fn main() -> ExitCode {
    serve_or(|| {
        let (calls, rounds) = if is_measuring() { (3000, 3) } else { (20, 1) };
        for _ in 0..rounds {
            let server = Server::skep();
            let (mut quiet, mut noisy) = (account(&server, "quiet"), account(&server, "noisy"));
            quiet.data("PUT", "/v1/functions/double", DOUBLE.as_bytes());
            let alone = percentiles(&mut quiet, calls);
            start_loops(&mut noisy);
            let beside = percentiles(&mut quiet, calls);
            report(&format!(
                "a call alone and beside {LOOPS} endless loops of another account: half of them {:?} and {:?}, 99 of \
                 100 {:?} and {:?}, ratio {:.2} (goal 3)",
                alone.0,
                beside.0,
                alone.1,
                beside.1,
                beside.1.as_secs_f64() / alone.1.as_secs_f64()
            ));
        }
    })
}

/// A connection of an account of its own.
fn account(server: &Server, name: &str) -> Connection {
    let body = json!({"name": name}).to_string();
    let made = Connection::open(&server.address, &server.key()).data("POST", "/v1/accounts", body.as_bytes());
    Connection::open(&server.address, made["key"].as_str().expect("a key"))
}

/// Starts the loops, and waits for none of them.
fn start_loops(noisy: &mut Connection) {
    noisy.data("PUT", "/v1/functions/loop", LOOP.as_bytes());
    let settings = json!({"settings": {"limits": {"timeoutMs": TIMEOUT_MS}}}).to_string();
    noisy.data("PATCH", "/v1/functions/loop", settings.as_bytes());
    for _ in 0..LOOPS {
        let (status, _) = noisy.send("POST", "/v1/functions/loop/invoke", br#"{"waitMs": 1}"#);
        assert_eq!(status, 202, "it goes on");
    }
    let running = noisy.data("GET", "/v1/jobs?limit=100&status=RUNNING", b"");
    assert_eq!(running["items"].as_array().map(Vec::len), Some(LOOPS), "all of them run");
}

/// How long half of the calls took at most, and 99 of 100.
fn percentiles(connection: &mut Connection, calls: usize) -> (Duration, Duration) {
    let call = |_| {
        let began = Instant::now();
        let (status, _) = connection.send("POST", "/v1/functions/double/invoke", BODY);
        assert_eq!(status, 200);
        began.elapsed()
    };
    let mut took: Vec<Duration> = (0..calls).map(call).collect();
    took.sort_unstable();
    (took[calls / 2], took[calls * 99 / 100])
}
