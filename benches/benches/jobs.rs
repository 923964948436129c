//! Durable jobs a second: one run over REST until its last job succeeded, against rusqlite alone.

use std::process::ExitCode;

use skep_benches::load::{Connection, DOUBLE, jobs_per_second};
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, raw_sqlite, report};

fn main() -> ExitCode {
    serve_or(|| {
        let (jobs, rounds) = if is_measuring() { (50_000, 3) } else { (200, 1) };
        let server = Server::skep();
        let mut connection = Connection::open(&server.address, &server.key());
        connection.data("PUT", "/v1/functions/double", DOUBLE.as_bytes());
        for _ in 0..rounds {
            // Turn by turn, so that both see the same disk.
            let raw_directory = tempfile::tempdir().expect("a directory");
            let raw = raw_sqlite::jobs_per_second(raw_directory.path(), jobs);
            let skep = jobs_per_second(&mut connection, jobs);
            report(&format!(
                "durable jobs a second, run of {jobs}: skep {skep:.0}, raw_sqlite {raw:.0}, ratio {:.2} (goal 0.3)",
                skep / raw
            ));
        }
    })
}
