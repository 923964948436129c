//! `skep logs`

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, printable};

#[derive(Args)]
pub(super) struct Arguments {
    /// The job
    job: String,
}

pub(super) fn logs(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let mut lines = Vec::new();
    let mut query = String::new();
    loop {
        let mut page = client.get(&format!("/v1/jobs/{}/logs{query}", arguments.job))?;
        if let Some(items) = page["items"].as_array_mut() {
            lines.append(items);
        }
        match page["lastEvaluatedKey"].as_str() {
            Some(key) => query = format!("?lastEvaluatedKey={}", key.replace('+', "%2B").replace('=', "%3D")),
            None => break,
        }
    }
    if output.json {
        output.value(&json!(lines), Value::to_string);
    } else {
        lines.iter().for_each(|line| output.line(&printable(&cell(&line["text"]))));
    }
    Ok(ExitCode::SUCCESS)
}
