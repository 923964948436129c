//! `skep cancel` and `skep restart`

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::Output;
use super::show;

#[derive(Args)]
pub(super) struct Arguments {
    /// The job's id; a run's, to cancel all of it
    id: String,
}

pub(super) fn cancel(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let id = &arguments.id;
    let cancelled = match client.post(&format!("/v1/jobs/{id}/cancel"), &json!({})) {
        Err(Failure::Refused { code, .. }) if code == "NOT_FOUND" => {
            client.post(&format!("/v1/runs/{id}/cancel"), &json!({}))
        }
        other => other,
    };
    output.value(&cancelled?, line);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restart(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let job = client.post(&format!("/v1/jobs/{}/restart", arguments.id), &json!({}))?;
    output.value(&job, line);
    Ok(ExitCode::SUCCESS)
}

fn line(shown: &Value) -> String {
    match (shown["jobId"].as_str(), shown["status"].as_str()) {
        (None, _) => show::run(shown),
        (Some(id), Some("RUNNING")) => format!("job {id} is being cancelled"),
        (Some(id), status) => format!("job {id} {}", status.unwrap_or_default()),
    }
}
