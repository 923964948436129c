//! `GET /jobs?q=…` over a million of Tork's jobs: one is made over REST, and its rows are multiplied where they lie.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rusqlite::Connection as Database;
use serde_json::{Value, json};
use skep_benches::load::Connection;
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, report};

/// What is asked for, and how many jobs of a million it finds: all of them, some, one, none.
const SEARCHES: [&str; 6] =
    ["q=nightly", "q=nightly&page=5", "q=part7", "q=tag:blue", "q=nightly%20number4242", "q=nothing"];
/// How often each is asked for.
const ROUNDS: usize = 20;

fn main() -> ExitCode {
    serve_or(|| {
        let jobs: i64 = if is_measuring() { 1_000_000 } else { 20_000 };
        let server = Server::skep();
        let mut connection = Connection::open(&server.address, &server.key());
        let plan = json!({
            "name": "nightly build", "tags": ["blue"],
            "stages": [{"name": "none", "if": "false", "call": {"function": "none"}}],
        });
        let made = connection.data("POST", "/v1/plans", plan.to_string().as_bytes());
        let path = format!("/v1/plans/{}", made["planId"].as_str().expect("an id"));
        while connection.data("GET", &path, b"")["completedAt"].is_null() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let directory = server.end();
        multiply(&directory.path().join("data/skep.db"), jobs);
        let server = Server::skep_in(directory);
        let mut connection = Connection::open(&server.address, &server.key());
        let began = Instant::now();
        connection.send("GET", &format!("/jobs?{}", SEARCHES[0]), b"");
        let first = millis(began.elapsed());
        let slowest = SEARCHES.iter().map(|search| took(&mut connection, search)).max();
        report(&format!(
            "GET /jobs?q=… over {jobs} jobs: {:.1} ms at most (goal 50); the first after the start {first:.1} ms",
            millis(slowest.unwrap_or_default())
        ));
    })
}

/// Makes many plans of one, each with a number in its name.
fn multiply(file: &Path, jobs: i64) {
    let database = Database::open(file).expect("the store");
    let columns: Vec<String> = database
        .prepare("SELECT name FROM pragma_table_info('plans') WHERE name NOT IN ('key', 'id', 'created_at', 'head')")
        .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
        .expect("columns");
    let columns = columns.join(", ");
    let sql = format!(
        "BEGIN;
         CREATE TEMP TABLE numbers AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {jobs}) SELECT n FROM n;
         CREATE TEMP TABLE first AS SELECT * FROM plans LIMIT 1;
         INSERT INTO plans (id, created_at, head, {columns})
             SELECT randomblob(16), created_at + n, json_set(head, '$.name', 'nightly build number' || n), {columns}
             FROM numbers, first;
         INSERT INTO plan_words (rowid, owner, words, tags)
             SELECT p.key, 'a' || p.account, 'nightly build number' || (p.key - 1) || ' part' || (p.key % 100),
                 CASE WHEN p.key % 10 = 0 THEN 't626c7565' ELSE '' END
             FROM plans p WHERE p.key > 1;
         COMMIT;"
    );
    database.execute_batch(&sql).expect("rows");
}

/// The slowest of some answers.
fn took(connection: &mut Connection, search: &str) -> Duration {
    let (mut found, mut all) = (Value::Null, Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let (status, body) = connection.send("GET", &format!("/jobs?{search}"), b"");
        all.push(began.elapsed());
        assert_eq!(status, 200, "{search}");
        found = serde_json::from_slice(&body).expect("JSON");
    }
    all.sort_unstable();
    let (middle, slowest) = (all[all.len() / 2], all[all.len() - 1]);
    report(&format!(
        "  /jobs?{search}: {} found, p50 {:.1} ms, slowest {:.1} ms",
        found["totalItems"],
        millis(middle),
        millis(slowest)
    ));
    slowest
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
