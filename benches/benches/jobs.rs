//! Durable jobs a second: one run over REST until its last job succeeded, against rusqlite alone.

use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;
use skep_benches::load::Connection;
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, raw_sqlite, report};

const FUNCTION: &str =
    r#"(module (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;

fn main() -> ExitCode {
    serve_or(|| {
        let (jobs, rounds) = if is_measuring() { (50_000, 3) } else { (200, 1) };
        let server = Server::skep();
        let mut connection = Connection::open(&server.address, &server.key());
        connection.data("PUT", "/v1/functions/double", FUNCTION.as_bytes());
        for _ in 0..rounds {
            // Turn by turn, so that both see the same disk.
            let raw_directory = tempfile::tempdir().expect("a directory");
            let raw = raw_sqlite::jobs_per_second(raw_directory.path(), jobs);
            let skep = run(&mut connection, jobs);
            report(&format!(
                "durable jobs a second, run of {jobs}: skep {skep:.0}, raw_sqlite {raw:.0}, ratio {:.2} (goal 0.2)",
                skep / raw
            ));
        }
    })
}

fn run(connection: &mut Connection, jobs: i64) -> f64 {
    let parameters: Vec<_> = (0..jobs).map(|number| json!([number])).collect();
    let body = json!({"function": "double", "parameters": parameters}).to_string();
    let began = Instant::now();
    let run = connection.data("POST", "/v1/runs", body.as_bytes());
    let path = format!("/v1/runs/{}", run["runId"].as_str().expect("an id"));
    loop {
        let run = connection.data("GET", &path, b"");
        if !run["completedAt"].is_null() {
            assert_eq!(run["counts"]["succeeded"], jobs);
            return jobs as f64 / began.elapsed().as_secs_f64();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
