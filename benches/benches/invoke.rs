//! Durable calls over REST, 32 connections, against an actix-web handler that awaits one insert.

use std::process::ExitCode;
use std::time::Duration;

use skep_benches::load::{Connection, DOUBLE, rate};
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, report};

const CONNECTIONS: usize = 32;
const BODY: &[u8] = br#"{"arguments": [21]}"#;

fn main() -> ExitCode {
    serve_or(|| {
        let (time, rounds) =
            if is_measuring() { (Duration::from_secs(5), 3) } else { (Duration::from_millis(100), 1) };
        let (skep, baseline) = (Server::skep(), Server::baseline());
        let key = skep.key();
        Connection::open(&skep.address, &key).data("PUT", "/v1/functions/double", DOUBLE.as_bytes());
        for _ in 0..rounds {
            let raw = rate(&baseline.address, &key, CONNECTIONS, time, "/call", BODY);
            let ours = rate(&skep.address, &key, CONNECTIONS, time, "/v1/functions/double/invoke", BODY);
            report(&format!(
                "durable calls a second, {CONNECTIONS} connections: skep {ours:.0}, handler and insert {raw:.0}, \
                 ratio {:.2} (goal 0.5)",
                ours / raw
            ));
        }
    })
}
