//! `skep invoke`

use std::io::Read;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, printable};
use super::{json_or_string, parse_variable, show};

#[derive(Args)]
pub(super) struct Arguments {
    /// The function
    function: String,
    /// The arguments: JSON values, or plain words as strings; after --, words that begin with a dash
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The export to call, where there are several
    #[arg(long, value_name = "NAME")]
    export: Option<String>,
    /// The version [default: the current one]
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// What the function reads; - takes this command's own stdin
    #[arg(long, value_name = "TEXT")]
    stdin: Option<String>,
    /// An environment variable
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = parse_variable)]
    env: Vec<(String, String)>,
    /// Wall time, in milliseconds
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
}

pub(super) fn invoke(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let stdin = match arguments.stdin.as_deref() {
        Some("-") => Some(read_stdin()?),
        other => other.map(str::to_owned),
    };
    let values: Vec<Value> = arguments.arguments.iter().map(|word| json_or_string(word)).collect();
    let body = json!({
        "arguments": values,
        "export": arguments.export,
        "version": arguments.version,
        "stdin": stdin,
        "env": arguments.env.into_iter().map(|(name, value)| (name, value.into())).collect::<serde_json::Map<_, _>>(),
        "timeoutMs": arguments.timeout_ms,
    });
    let job = client.post(&format!("/v1/functions/{}/invoke", arguments.function), &body)?;
    if output.json {
        output.value(&job, Value::to_string);
    } else {
        print(&job, output);
    }
    Ok(if show::succeeded(&job) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The result on stdout; what the guest wrote, and why it failed, on stderr.
fn print(job: &Value, output: Output) {
    let is_text = job["resultType"] == "TEXT";
    for stream in ["stdout", "stderr"] {
        // A command's stdout is its result: once is enough.
        let shown = !(is_text && stream == "stdout");
        let text = job[stream].as_str().filter(|text| shown && !text.is_empty());
        text.iter().for_each(|text| output.remark(printable(text).trim_end_matches('\n')));
    }
    match job["error"].as_object() {
        None if job["completedAt"].is_null() => {
            let (status, id) = (cell(&job["status"]), cell(&job["jobId"]));
            output.remark(&format!("skep: it is {status}, and goes on as job {id}: skep logs --follow {id}"));
        }
        Some(error) => {
            output.remark(&format!(
                "skep: {}: {}",
                cell(&error["code"]),
                printable(&cell(&error["message"]))
            ));
            error["backtrace"].as_str().iter().for_each(|frames| output.remark(&printable(frames)));
        }
        None if is_text => output.line(printable(&cell(&job["result"])).trim_end_matches('\n')),
        None if job["resultType"] == "NONE" => {}
        None => output.line(&job["result"].to_string()),
    }
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::Local(format!("stdin: {error}")))?;
    Ok(text)
}
