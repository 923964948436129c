//! `skep schedules`: runs and plans that are submitted again and again.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, moment, table};
use super::run;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List schedules
    List,
    /// Show a schedule
    Show {
        /// The schedule's name
        name: String,
    },
    /// Make a schedule, or put it in the place of the one with its name
    Put(Box<Put>),
    /// Make no runs until it is resumed
    Pause {
        /// The schedule's name
        name: String,
    },
    /// Make runs again; what was missed meanwhile is left out
    Resume {
        /// The schedule's name
        name: String,
    },
    /// Delete a schedule; what it made stays
    Rm {
        /// The schedule's name
        name: String,
    },
}

#[derive(Args)]
struct Put {
    /// The schedule's name
    #[arg(value_name = "NAME")]
    schedule: String,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    run: run::Submission,
}

/// When a schedule submits.
#[derive(Args)]
pub(super) struct Times {
    /// When: "30 4 * * MON-FRI", @daily, or "@every 1h30m"
    #[arg(long, value_name = "EXPRESSION")]
    cron: String,
    /// The time zone in which that is meant, as in Europe/Berlin [default: UTC]
    #[arg(long, value_name = "NAME")]
    time_zone: Option<String>,
    /// What becomes of runs that were due while the server did not run: skip, or once for all of them [default: skip]
    #[arg(long, value_name = "WHAT")]
    missed: Option<String>,
}

impl Times {
    /// Puts a schedule that submits a run or a plan then.
    pub(super) fn put(
        self,
        client: &Client,
        name: &str,
        (kind, what): (&str, Value),
        output: Output,
    ) -> Result<(), Failure> {
        let mut body = json!({"cron": self.cron, kind: what});
        for (field, value) in [("timeZone", self.time_zone), ("missed", self.missed)] {
            if let Some(value) = value {
                body[field] = json!(value);
            }
        }
        let put =
            client.put(&format!("/v1/schedules/{name}"), "application/json", body.to_string().as_bytes())?;
        output.value(&put, show);
        Ok(())
    }
}

pub(super) fn schedules(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let path = |name: &str| format!("/v1/schedules/{name}");
    match arguments.action {
        None | Some(Action::List) => output.value(&client.get("/v1/schedules")?["items"], list),
        Some(Action::Show { name }) => output.value(&client.get(&path(&name))?, show),
        Some(Action::Put(put)) => {
            let Put { schedule, times, run } = *put;
            times.put(client, &schedule, ("run", run.body()?), output)?;
        }
        Some(Action::Pause { name }) => turn(client, &path(&name), true, output)?,
        Some(Action::Resume { name }) => turn(client, &path(&name), false, output)?,
        Some(Action::Rm { name }) => {
            let deleted = client.delete(&path(&name))?;
            output.value(&deleted, |_| format!("schedule {name} is deleted; what it made stays"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn turn(client: &Client, path: &str, is_paused: bool, output: Output) -> Result<(), Failure> {
    output.value(&client.patch(path, &json!({"paused": is_paused}))?, show);
    Ok(())
}

fn list(schedules: &Value) -> String {
    let rows = schedules.as_array().into_iter().flatten().map(|schedule| {
        vec![
            cell(&schedule["name"]),
            cell(&schedule["cron"]),
            cell(&schedule["timeZone"]),
            what(schedule),
            next(schedule),
            moment(&schedule["lastAt"]),
            cell(&schedule["lastError"]),
        ]
    });
    table(&["NAME", "CRON", "ZONE", "SUBMITS", "NEXT", "LAST", "ERROR"], rows)
}

fn what(schedule: &Value) -> String {
    match schedule["plan"]["name"].as_str() {
        Some(name) => format!("the plan {name:?}"),
        None => cell(&schedule["run"]["function"]),
    }
}

fn next(schedule: &Value) -> String {
    if schedule["paused"] == true { "paused".to_owned() } else { moment(&schedule["nextAt"]) }
}

fn show(schedule: &Value) -> String {
    let mut text = format!(
        "schedule {}: {} ({}), submits {}, next {}",
        cell(&schedule["name"]),
        cell(&schedule["cron"]),
        cell(&schedule["timeZone"]),
        what(schedule),
        next(schedule)
    );
    for (word, field) in [("last run", "lastRunId"), ("last plan", "lastPlanId"), ("last error", "lastError")]
    {
        if !schedule[field].is_null() {
            text.push_str(&format!("\n{word}: {}", cell(&schedule[field])));
        }
    }
    text
}
