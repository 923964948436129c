//! HTTP functions that say hello, 32 connections, against `wasmtime serve` and `workerd`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use skep_benches::load::Connection;
use skep_benches::others::Other;
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{get, is_measuring, report};

const CONNECTIONS: usize = 32;

fn main() -> ExitCode {
    serve_or(|| {
        let (time, rounds) =
            if is_measuring() { (Duration::from_secs(5), 3) } else { (Duration::from_millis(200), 1) };
        let skep = Server::skep();
        let reuse = json!({"requestsMax": 128, "idleMs": 10_000});
        for (name, guest, reuse) in [
            ("fresh", "web", Value::Null),
            ("reused", "web", reuse.clone()),
            ("async-fresh", "async-web", Value::Null),
            ("async-reused", "async-web", reuse),
        ] {
            deploy(&skep, name, guest, &reuse);
        }
        let ask = |address: &str, path: &str| get::rate(address, path, CONNECTIONS, time).0;
        let ours = |name: &str| ask(&skep.address, &format!("/f/admin/{name}/"));
        let theirs = |other: &Option<Other>| other.as_ref().map(|other| ask(&other.address, "/"));
        let (wasmtime, wasmtime_async) =
            (Other::wasmtime(&guest("web")), Other::wasmtime(&guest("async-web")));
        let workerd = Other::workerd();
        for _ in 0..rounds {
            told("0.2, a fresh instance a request", ours("fresh"), "wasmtime serve", theirs(&wasmtime), 2.0);
            told(
                "0.3, bounded reuse",
                ours("async-reused"),
                "wasmtime serve at its default reuse",
                theirs(&wasmtime_async),
                1.2,
            );
            told("0.2, bounded reuse", ours("reused"), "workerd", theirs(&workerd), 2.0);
            report(&format!("0.3, a fresh instance a request: skep {:.0}", ours("async-fresh")));
        }
    })
}

fn told(what: &str, ours: f64, who: &str, theirs: Option<f64>, goal: f64) {
    match theirs {
        Some(theirs) => report(&format!(
            "hello over HTTP a second, {what}: skep {ours:.0}, {who} {theirs:.0}, ratio {:.2} (goal {goal})",
            ours / theirs
        )),
        None => report(&format!("SKIPPED: {who} is not there, .ci/tools gets it; {what}: skep {ours:.0}")),
    }
}

fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../guests/built/{name}.wasm"))
}

fn deploy(skep: &Server, name: &str, guest_name: &str, reuse: &Value) {
    let mut connection = Connection::open(&skep.address, &skep.key());
    let bytes = std::fs::read(guest(guest_name)).expect("the guests are in the repository");
    connection.data("PUT", &format!("/v1/functions/{name}"), &bytes);
    let settings = json!({"settings": {"http": {"access": "public", "reuse": reuse}}});
    connection.data("PATCH", &format!("/v1/functions/{name}"), settings.to_string().as_bytes());
}
