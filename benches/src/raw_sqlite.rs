//! The baseline of the store: rusqlite alone, writing the rows that Skep writes for a job, with the
//! commits that Skep makes, 500 jobs a commit: runs and jobs in one, claims in one, ends in one.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, params};
use uuid::Uuid;

/// The schema is Skep's own.
const SCHEMA: &str = include_str!("../../server/store/src/sqlite/migrations/0001.sql");
/// Jobs of a commit.
const GROUP: i64 = 500;

/// Opens a file with Skep's schema and settings.
pub fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a file");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;")
        .expect("settings");
    connection.execute_batch(SCHEMA).expect("a schema");
    connection.set_prepared_statement_cache_capacity(64);
    connection
}

/// Jobs a second through their whole life.
pub fn jobs_per_second(directory: &Path, jobs: i64) -> f64 {
    let connection = open(&directory.join("raw.db"));
    let began = Instant::now();
    transaction(&connection, || {
        insert_run(&connection, 1, jobs);
        (1..=jobs).for_each(|key| insert_job(&connection, key, 1, 0));
    });
    for first in (1..=jobs).step_by(GROUP as usize) {
        let group = first..(first + GROUP).min(jobs + 1);
        transaction(&connection, || group.clone().for_each(|key| claim(&connection, key)));
        transaction(&connection, || group.clone().for_each(|key| finish(&connection, key)));
    }
    jobs as f64 / began.elapsed().as_secs_f64()
}

/// Runs some writes in one commit.
pub fn transaction(connection: &Connection, writes: impl FnOnce()) {
    run(connection, "BEGIN IMMEDIATE", []);
    writes();
    run(connection, "COMMIT", []);
}

/// The rows of one call that is over: a run, a job, its arguments, its attempt, its log.
pub fn insert_call(connection: &Connection, key: i64) {
    insert_run(connection, key, 1);
    insert_job(connection, key, key, 1);
    finish(connection, key);
}

fn insert_run(connection: &Connection, key: i64, jobs: i64) {
    run(
        connection,
        "INSERT INTO runs (key, id, account, function, version, source, common, first_job, queued, running, retrying,
             succeeded, failed, timed_out, cancelled, cancel, created_at)
         VALUES (?, ?, 1, 1, 1, 0, '{}', ?, ?, 0, 0, 0, 0, 0, 0, 0, 1700000000000)",
        params![key, id(), key, jobs],
    );
}

fn insert_job(connection: &Connection, key: i64, run_key: i64, status: i64) {
    run(
        connection,
        "INSERT INTO jobs (key, id, account, run, function, status, attempts, failures, host_failures, round, cancel,
             result_type, created_at, updated_at) VALUES (?, ?, 1, ?, 1, ?, 0, 0, 0, 1, 0, 0, 1700000000000, 1700000000000)",
        params![key, id(), run_key, status],
    );
    run(connection, "INSERT INTO job_arguments (job, arguments) VALUES (?, '[12345]')", params![key]);
}

fn claim(connection: &Connection, key: i64) {
    run(
        connection,
        "UPDATE jobs SET status = 1, attempts = attempts + 1, updated_at = ?2, assigned_at = ?2, started_at = ?2
         WHERE key = ?1",
        params![key, 1_700_000_001_000 + key],
    );
}

fn finish(connection: &Connection, key: i64) {
    let at = 1_700_000_002_000 + key;
    run(
        connection,
        "UPDATE jobs SET status = 3, result_type = 1, updated_at = ?2, completed_at = ?2 WHERE key = ?1",
        params![key, at],
    );
    run(
        connection,
        "INSERT INTO attempts (key, code, output_type, output, cpu_nanos, wall_nanos, memory_peak_bytes,
             memory_byte_seconds, egress_bytes, device_nanos, log_bytes, started_at, ended_at)
         VALUES (?1 * 65536 + 1, 0, 1, '24690', 20000, 30000, 65536, 0, 0, 0, 0, ?2, ?2)",
        params![key, at],
    );
}

fn run(connection: &Connection, sql: &str, values: impl rusqlite::Params) {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .expect("it is written");
}

fn id() -> [u8; 16] {
    Uuid::now_v7().into_bytes()
}
