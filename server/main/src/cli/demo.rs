//! `skep demo`: a whole tour on an own server, with nothing to install.

mod picture;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, duration, printable, short, table};
use super::{run, show};
use crate::config::{Config, Overrides};
use crate::server::Server;

#[derive(Args)]
pub(super) struct Arguments {
    /// Leave the server running, and say how to reach it
    #[arg(long)]
    keep: bool,
    /// Print what came of it as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The example functions: their sources are in `guests/`.
const FUNCTIONS: [(&str, &[u8]); 3] = [
    ("primes", include_bytes!("../../../../guests/built/primes.wasm")),
    ("words", include_bytes!("../../../../guests/built/words.wasm")),
    ("mandelbrot", include_bytes!("../../../../guests/built/mandelbrot.wasm")),
];

const TEXT: &str = "The bee keeps the hive, and the hive keeps the bee.\nEach cell of the comb is its own.\n";
/// Jobs of the run, and numbers that each looks at.
const JOBS: u32 = 1000;
const NUMBERS: u32 = 10_000;
/// How long the server may take to end.
const GRACE_SECONDS: u64 = 5;

pub(super) fn demo(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    crate::telemetry::start_logs("warn");
    let began = Instant::now();
    let directory = tempfile::Builder::new().prefix("skep-demo-").tempdir();
    let directory = directory.map_err(|error| Failure::Local(format!("a temporary directory: {error}")))?;
    let overrides = Overrides {
        listen: Some(([127, 0, 0, 1], 0).into()),
        data: Some(directory.path().to_owned()),
        grace_seconds: Some(GRACE_SECONDS),
        ..Overrides::default()
    };
    let server = Server::start(&Config::load(None, overrides)?)?;
    let url = format!("http://{}", server.address());
    let key = std::fs::read_to_string(server.key_file());
    let key = key.map_err(super::failure::file(server.key_file()))?;
    output.remark(&format!("server ready in {} ms on {url}", began.elapsed().as_millis()));
    let client = Client::new(&url, Some(key), output)?;
    let shown = tour(&client, output)?;
    if output.json {
        output.value(&shown, Value::to_string);
    }
    if arguments.keep {
        output.line("\nthe server goes on until you press Ctrl-C. To reach it:");
        output.line(&format!("  export SKEP_URL={url}"));
        output.line(&format!("  export SKEP_TOKEN=$(cat {})", server.key_file().display()));
        output.line("  skep functions");
        server.wait_for_signal()?;
    }
    server.stop();
    Ok(if shown["succeeded"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tour(client: &Client, output: Output) -> Result<Value, Failure> {
    output.remark("\n1. deploy three functions");
    for (name, bytes) in FUNCTIONS {
        let began = Instant::now();
        let uploaded = client.put(&format!("/v1/functions/{name}"), "application/wasm", bytes)?;
        let export = &uploaded["function"]["exports"][0];
        let took = began.elapsed().as_millis();
        output.remark(&format!(
            "   {name:<11} {:>4} KiB, compiled in {took} ms: {}",
            bytes.len() / 1024,
            cell(&export["wit"])
        ));
    }
    let calls = calls(client, output)?;
    output.remark(&format!("\n3. a run of {JOBS} jobs: the primes below {}", JOBS * NUMBERS));
    let (run, took) = fan_out(client, output)?;
    let jobs = client.get(&format!("/v1/runs/{}/jobs?limit=5", cell(&run["runId"])))?;
    if !output.json {
        print_run(client, &run, &jobs, took, output)?;
    }
    let succeeded = show::succeeded(&run) && calls.iter().all(show::succeeded);
    Ok(json!({"succeeded": succeeded, "calls": calls, "run": run}))
}

/// Calls each function once and shows what came back.
fn calls(client: &Client, output: Output) -> Result<Vec<Value>, Failure> {
    output.remark("\n2. call each of them once");
    let mut calls = Vec::new();
    for (name, arguments) in
        [("primes", json!([0, 1_000_000])), ("words", json!([TEXT])), ("mandelbrot", json!([72, 28, 200]))]
    {
        let began = Instant::now();
        let job = client.post(&format!("/v1/functions/{name}/invoke"), &json!({"arguments": arguments}))?;
        calls.push((job, began.elapsed()));
    }
    if !output.json {
        let rows = calls.iter().map(|(job, took)| {
            let usage = &job["usage"];
            vec![
                cell(&job["jobType"]),
                cell(&job["status"]),
                format!("{:.1} ms", took.as_secs_f64() * 1e3),
                duration(usage["cpuNanos"].as_u64().unwrap_or(0)),
                format!("{} KiB", usage["memoryPeakBytes"].as_u64().unwrap_or(0) / 1024),
                short(&show::result(job), 60),
                short(&cell(&job["stdout"]), 50).trim_end_matches('⏎').to_owned(),
            ]
        });
        let header = ["FUNCTION", "STATUS", "ANSWERED IN", "CPU", "MEMORY", "RESULT", "LOG"];
        output.line(&table(&header, rows));
        if let Some(picture) = calls[2].0["result"].as_str().and_then(picture::draw) {
            output.line(&format!("\nthe picture that mandelbrot made:\n{picture}"));
        }
    }
    Ok(calls.into_iter().map(|(job, _)| job).collect())
}

fn fan_out(client: &Client, output: Output) -> Result<(Value, Duration), Failure> {
    let parameters: Vec<Value> = (0..JOBS).map(|job| json!([job * NUMBERS, (job + 1) * NUMBERS])).collect();
    let began = Instant::now();
    let run = client.post("/v1/runs", &json!({"function": "primes", "parameters": parameters}))?;
    let run = run::follow(client, run, output)?;
    Ok((run, began.elapsed()))
}

fn print_run(
    client: &Client,
    run: &Value,
    jobs: &Value,
    took: Duration,
    output: Output,
) -> Result<(), Failure> {
    output.line(&show::run(run));
    let jobs = jobs["items"].as_array().map_or(&[][..], Vec::as_slice);
    output.line(&show::jobs(jobs));
    output.line("\nwhat the first of them wrote:");
    for job in jobs.iter().take(3) {
        let log = client.get(&format!("/v1/jobs/{}/logs", cell(&job["jobId"])))?;
        for line in log["items"].as_array().into_iter().flatten() {
            output.line(&format!("  {} {}", cell(&line["stream"]), printable(&cell(&line["text"]))));
        }
    }
    let seconds = took.as_secs_f64();
    output.line(&format!(
        "\n{JOBS} jobs in {seconds:.2} s ({:.0} a second), each in its own sandbox, each on disk",
        f64::from(JOBS) / seconds
    ));
    Ok(())
}
