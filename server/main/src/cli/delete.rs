//! `skep delete`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::client::Client;
use super::failure::Failure;
use super::output::Output;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A function with its versions and runs
    Function {
        /// The function's name
        name: String,
    },
    /// A run that is over, with its jobs and logs
    Run {
        /// The run's id
        id: String,
    },
}

pub(super) fn delete(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let (path, what) = match &arguments.what {
        What::Function { name } => (format!("/v1/functions/{name}"), format!("function {name}")),
        What::Run { id } => (format!("/v1/runs/{id}"), format!("run {id}")),
    };
    output.value(&client.delete(&path)?, |_| format!("{what} is deleted"));
    Ok(ExitCode::SUCCESS)
}
