//! A server that has run a million jobs: its memory, its start on what they left, its lists.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use skep_benches::load::{Connection, DOUBLE, jobs_per_second};
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, report};

/// Lists of every kind that has an index, and two that have none.
const LISTS: [&str; 10] = [
    "limit=100",
    "limit=100&sortOrder=asc",
    "limit=100&sortBy=updatedAt",
    "limit=100&status=SUCCEEDED",
    "limit=100&status=FAILED",
    "limit=100&resultType=JSON",
    "limit=100&resultType=NONE",
    "limit=100&jobType=double",
    "limit=100&jobType=double&status=FAILED",
    "limit=100&sortBy=updatedAt&resultType=ERROR",
];

fn main() -> ExitCode {
    serve_or(|| {
        let (first, run, runs) = if is_measuring() { (10_000, 99_000, 10) } else { (100, 100, 2) };
        let server = Server::skep();
        let mut connection = Connection::open(&server.address, &server.key());
        connection.data("PUT", "/v1/functions/double", DOUBLE.as_bytes());
        jobs_per_second(&mut connection, first);
        let before = server.memory_kib();
        for _ in 0..runs {
            jobs_per_second(&mut connection, run);
        }
        let all = first + run * runs;
        // What was freed goes back to the system a moment later.
        std::thread::sleep(Duration::from_secs(1));
        let after = server.memory_kib();
        report(&format!(
            "memory: {} MiB after {first} jobs, {} MiB after {all} (goal: at most 64 MiB more)",
            before >> 10,
            after >> 10
        ));
        let directory = server.end();
        let began = Instant::now();
        let server = Server::skep_in(directory);
        report(&format!(
            "start with {all} jobs on disk: ready in {} ms (goal 1000)",
            began.elapsed().as_millis()
        ));
        let mut connection = Connection::open(&server.address, &server.key());
        let slowest = LISTS.iter().map(|list| slowest_page(&mut connection, list)).max();
        report(&format!("slowest page of /v1/jobs: {:.1} ms (goal 20)", millis(slowest.unwrap_or_default())));
    })
}

/// Reads pages at the beginning of a list, and where its last cursor leads after many.
fn slowest_page(connection: &mut Connection, list: &str) -> Duration {
    let (mut slowest, mut next) = (Duration::ZERO, String::new());
    for _ in 0..30 {
        let began = Instant::now();
        let page = connection.data("GET", &format!("/v1/jobs?{list}{next}"), b"");
        slowest = slowest.max(began.elapsed());
        let Some(key) = page["lastEvaluatedKey"].as_str() else { break };
        next = format!("&lastEvaluatedKey={}", key.replace('+', "%2B").replace('=', "%3D"));
    }
    report(&format!("  /v1/jobs?{list}: {:.1} ms", millis(slowest)));
    slowest
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
