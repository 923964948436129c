//! `skep runs` and `skep results`

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::client::{Client, encoded};
use super::failure::Failure;
use super::output::{Output, cell, moment, table};
use super::show;

#[derive(Args)]
pub(super) struct Arguments {
    /// A run to show
    run: Option<String>,
    /// How many, 1 to 100
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    limit: u32,
    /// Only those found: words of their names, tag:nightly, tags:a,b for one of them
    #[arg(long, value_name = "TEXT", conflicts_with = "run")]
    search: Option<String>,
}

#[derive(Args)]
pub(super) struct ResultsArguments {
    /// The run
    run: String,
}

pub(super) fn runs(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    match &arguments.run {
        Some(id) => output.value(&client.get(&format!("/v1/runs/{id}"))?, show::run),
        None => {
            let search = arguments.search.as_deref().map(|text| format!("&q={}", encoded(text)));
            let path = format!("/v1/runs?limit={}{}", arguments.limit, search.unwrap_or_default());
            let runs = client.get(&path)?;
            output.value(&runs, |runs| list(&runs["items"]));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(runs: &Value) -> String {
    let rows = runs.as_array().into_iter().flatten().map(|run| {
        vec![
            cell(&run["runId"]),
            cell(&run["function"]),
            cell(&run["status"]),
            format!("{}%", run["progress"]),
            cell(&run["numJobs"]),
            moment(&run["createdAt"]),
        ]
    });
    table(&["RUN", "FUNCTION", "STATUS", "DONE", "JOBS", "CREATED"], rows)
}

/// A line of JSON for each job, as they come.
pub(super) fn results(
    arguments: &ResultsArguments,
    client: &Client,
    output: Output,
) -> Result<ExitCode, Failure> {
    for line in client.lines(&format!("/v1/runs/{}/results", arguments.run))? {
        output.line(&line?);
    }
    Ok(ExitCode::SUCCESS)
}
