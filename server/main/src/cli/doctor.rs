//! `skep doctor`: what this machine has of what a server wants, and what to change.

mod checks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use self::checks::{Check, State};
use super::failure::Failure;
use super::output::{Output, table};
use crate::config;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where the data directory is, or will be
    #[arg(long, env = "SKEP_DATA", value_name = "DIRECTORY", default_value = config::DATA)]
    data: PathBuf,
    /// Guests that are to live at once
    #[arg(long, env = "SKEP_INSTANCES", value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    instances: u32,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn doctor(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let checks = checks::all(&arguments.data, arguments.instances);
    let value = json!({"checks": checks.iter().map(as_json).collect::<Vec<_>>()});
    output.value(&value, |_| for_people(&checks));
    let has_problem = checks.iter().any(|check| check.state == State::Problem);
    Ok(if has_problem { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json(check: &Check) -> Value {
    json!({"check": check.name, "state": check.state.word(), "found": check.found, "advice": check.advice})
}

fn for_people(checks: &[Check]) -> String {
    let row = |check: &Check| vec![check.name.into(), check.state.word().into(), check.found.clone()];
    let mut text = table(&["CHECK", "STATE", "FOUND"], checks.iter().map(row));
    for check in checks {
        if let Some(advice) = &check.advice {
            text.push_str(&format!("\n\n{}: {advice}", check.name));
        }
    }
    text
}
