//! `skep run`

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::failure::{self, Failure};
use super::output::Output;
use super::show;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    submission: Submission,
    /// Wait for its end, with progress
    #[arg(long, short)]
    follow: bool,
}

/// What is to be run.
#[derive(Args)]
pub(super) struct Submission {
    /// The function
    function: String,
    /// The tuples of arguments, as JSON: [[1, 2], [3, 4]]
    #[arg(
        long,
        value_name = "JSON",
        conflicts_with = "parameters_file",
        required_unless_present = "parameters_file"
    )]
    parameters: Option<String>,
    /// A file of them; - takes stdin
    #[arg(long, value_name = "FILE")]
    parameters_file: Option<PathBuf>,
    /// The export to call, where there are several
    #[arg(long, value_name = "NAME")]
    export: Option<String>,
    /// The version [default: the current one]
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// How often a job that fails is tried again, 0 to 10
    #[arg(long, value_name = "NUMBER")]
    retries: Option<u32>,
    /// Wall time of an attempt, in milliseconds
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
    /// The most that is paid for a job-minute, in dollars
    #[arg(long, value_name = "DOLLARS")]
    bid: Option<String>,
    /// What the run is called
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A word by which the run is found; may be given again
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
}

impl Submission {
    /// The body that says so.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        let text = match (&self.parameters, &self.parameters_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => read(path)?,
            (None, None) => return Err(Failure::Usage("name the parameters".into())),
        };
        let parameters: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::Usage(format!("the parameters are no JSON: {error}")))?;
        let mut body = json!({"function": self.function, "parameters": parameters});
        for (name, value) in [
            ("export", json!(self.export)),
            ("version", json!(self.version)),
            ("timeoutMs", json!(self.timeout_ms)),
            ("bidPrice", json!(self.bid)),
            ("name", json!(self.name)),
            ("tags", if self.tags.is_empty() { Value::Null } else { json!(self.tags) }),
            ("retry", self.retries.map_or(Value::Null, |limit| json!({"limit": limit}))),
        ] {
            if !value.is_null() {
                body[name] = value;
            }
        }
        Ok(body)
    }
}

/// How often a run that is followed is asked for.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let run = client.post("/v1/runs", &arguments.submission.body()?)?;
    if !arguments.follow {
        output.value(&run, show::run);
        return Ok(ExitCode::SUCCESS);
    }
    output.remark(&show::run(&run));
    let run = follow(client, run, output)?;
    output.value(&run, show::run);
    Ok(if show::succeeded(&run) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits for a run's end, showing how far it is.
pub(super) fn follow(client: &Client, mut run: Value, output: Output) -> Result<Value, Failure> {
    let id = run["runId"].as_str().unwrap_or_default().to_owned();
    let bar = output.bar(run["numJobs"].as_u64().unwrap_or(0));
    while !show::is_over(&run) {
        bar.set_position(over(&run));
        std::thread::sleep(FOLLOW_INTERVAL);
        run = client.get(&format!("/v1/runs/{id}"))?;
    }
    bar.set_position(over(&run));
    bar.finish();
    Ok(run)
}

fn over(run: &Value) -> u64 {
    let counts = ["succeeded", "failed", "timedOut", "cancelled"];
    counts.iter().map(|name| run["counts"][name].as_u64().unwrap_or(0)).sum()
}

/// The text of a file, or of standard input.
pub(super) fn read(path: &PathBuf) -> Result<String, Failure> {
    if path.as_os_str() != "-" {
        return std::fs::read_to_string(path).map_err(failure::file(path));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(failure::file(path))?;
    Ok(text)
}
