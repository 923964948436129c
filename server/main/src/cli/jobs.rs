//! `skep jobs`

use std::process::ExitCode;

use clap::Args;

use super::client::Client;
use super::failure::Failure;
use super::output::Output;
use super::show;

#[derive(Args)]
pub(super) struct Arguments {
    /// A job to show
    job: Option<String>,
    /// Only jobs of this run
    #[arg(long, value_name = "RUN", conflicts_with = "job")]
    run: Option<String>,
    /// Only jobs in this status
    #[arg(long, value_name = "STATUS", conflicts_with = "job")]
    status: Option<String>,
    /// How many, 1 to 100
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    limit: u32,
}

pub(super) fn jobs(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    if let Some(id) = arguments.job {
        output.value(&client.get(&format!("/v1/jobs/{id}"))?, show::job);
        return Ok(ExitCode::SUCCESS);
    }
    let mut path = match arguments.run {
        Some(run) => format!("/v1/runs/{run}/jobs?limit={}", arguments.limit),
        None => format!("/v1/jobs?limit={}", arguments.limit),
    };
    if let Some(status) = arguments.status {
        path.push_str(&format!("&status={}", status.to_ascii_uppercase()));
    }
    let list = client.get(&path)?;
    output.value(&list, |list| {
        let mut text = show::jobs(list["items"].as_array().map_or(&[], Vec::as_slice));
        if list["lastEvaluatedKey"].is_string() {
            text.push_str("\nthere are more: see --limit, --run and --status");
        }
        text
    });
    Ok(ExitCode::SUCCESS)
}
