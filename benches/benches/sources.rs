//! Source on its way to a function: from the upload to READY, and what a thousand functions take.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use skep_benches::load::Connection;
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, report};

/// Uploads of which the median is told.
const UPLOADS: usize = 20;

fn main() -> ExitCode {
    serve_or(|| {
        let server = Server::skep();
        let mut connection = Connection::open(&server.address, &server.key());
        for (runtime, goal_ms, line, end) in [
            (
                "javascript",
                2000,
                "export const f@ = (x) => x + @;",
                "export function handler(event) { return f0(#); }",
            ),
            (
                "typescript",
                2000,
                "export const f@ = (x: number) => x + @;",
                "export function handler(event: unknown[]) { return f0(#); }",
            ),
            ("python", 1000, "def f@(x): return x + @", "def handler(event): return f0(#)"),
            ("shell", 2000, "f@() { echo $(($1 + @)); }", "f0 #"),
            (
                "c",
                2000,
                "int f@(int x) { return x + @; }",
                "int sprintf(char *, const char *, ...);\nchar *handler(const char *event) { static char out[9]; sprintf(out, \"%d\", f0(#)); return out; }",
            ),
        ] {
            if ["python", "c"].contains(&runtime) && !add(&mut connection, runtime) {
                continue;
            }
            let source = |number: usize| source(line, end, number);
            let first = upload(&mut connection, "first", runtime, &source(0));
            let mut times: Vec<Duration> =
                (1..=UPLOADS).map(|number| upload(&mut connection, "f", runtime, &source(number))).collect();
            times.sort_unstable();
            report(&format!(
                "{runtime}: upload of 100 lines to READY: {:.1} ms, the first of the runtime {:.0} ms (goal {goal_ms})",
                times[UPLOADS / 2].as_secs_f64() * 1e3,
                first.as_secs_f64() * 1e3
            ));
        }
        many(&server, &mut connection, if is_measuring() { 1000 } else { 20 });
    })
}

/// Adds a runtime that does not come with the server, if it was made.
fn add(connection: &mut Connection, runtime: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../runtimes/built/{runtime}.wasm"));
    match std::fs::read(&path) {
        Ok(component) => {
            connection.data("PUT", &format!("/v1/runtimes/{runtime}"), &component);
            true
        }
        Err(_) => {
            report(&format!("SKIPPED: {} is not there: skep runtimes make {runtime} FILE", path.display()));
            false
        }
    }
}

/// A hundred lines, no two sources alike.
fn source(line: &str, end: &str, number: usize) -> String {
    let lines = (0..99).map(|at| line.replace('@', &at.to_string()) + "\n");
    lines.collect::<String>() + &end.replace('#', &number.to_string()) + "\n"
}

fn upload(connection: &mut Connection, name: &str, runtime: &str, source: &str) -> Duration {
    let began = Instant::now();
    let uploaded =
        connection.data("PUT", &format!("/v1/functions/{name}?runtime={runtime}"), source.as_bytes());
    assert_eq!(uploaded["version"]["state"], "READY", "{uploaded}");
    began.elapsed()
}

/// Functions in JavaScript, each called once.
fn many(server: &Server, connection: &mut Connection, count: usize) {
    let before = bytes_below(server.directory());
    let line = "export const f@ = (x) => x + @;";
    for number in 0..count {
        let source = source(line, "export function handler(event) { return [f0(#)]; }", number);
        upload(connection, &format!("f{number}"), "javascript", &source);
        let called =
            connection.data("POST", &format!("/v1/functions/f{number}/invoke"), b"{\"arguments\": []}");
        assert_eq!(called["result"][0], number, "{called}");
    }
    let each = bytes_below(server.directory()).saturating_sub(before) / count as u64;
    report(&format!(
        "{count} functions in JavaScript, each called once: {} KiB of disk each (goal 4096), {} MiB of memory (goal 1024)",
        each >> 10,
        server.memory_kib() >> 10
    ));
}

fn bytes_below(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
