//! `skep plans`: stages that follow from each other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, encoded};
use super::failure::Failure;
use super::output::{Output, cell, moment, table};
use super::run::read;
use super::schedules::Times;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List plans, the newest first
    List {
        /// How many, 1 to 100
        #[arg(long, default_value_t = 20, value_name = "NUMBER")]
        limit: u32,
        /// Only those found: words of their names, tag:nightly, tags:a,b for one of them
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Show a plan and its stages
    Show {
        /// The plan's id
        id: String,
    },
    /// Submit a plan
    Submit {
        /// A file with the plan as JSON; - for standard input
        file: PathBuf,
        /// Wait for its end
        #[arg(long)]
        follow: bool,
    },
    /// Put a schedule that submits a plan again and again; `skep schedules` lists, pauses and removes it
    Schedule {
        /// The schedule's name
        name: String,
        /// A file with the plan as JSON; - for standard input
        file: PathBuf,
        #[command(flatten)]
        times: Times,
    },
    /// Cancel a plan, its runs, the plans in it, and the plan that it is in
    Cancel {
        /// The plan's id
        id: String,
    },
    /// Go on with a plan that failed or was cancelled, with the stage at which it ended
    Restart {
        /// The plan's id
        id: String,
    },
    /// Delete a plan that is over, with its runs
    Rm {
        /// The plan's id
        id: String,
    },
}

/// How often a plan that is followed is asked for.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn plans(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let path = |id: &str| format!("/v1/plans/{id}");
    match arguments.action.unwrap_or(Action::List { limit: 20, search: None }) {
        Action::List { limit, search } => {
            let search = search.map(|text| format!("&q={}", encoded(&text))).unwrap_or_default();
            let plans = client.get(&format!("/v1/plans?limit={limit}{search}"))?;
            output.value(&plans, |plans| list(&plans["items"]));
        }
        Action::Show { id } => shown(client, &id, output)?,
        Action::Submit { file, follow } => return submit(client, &file, follow, output),
        Action::Schedule { name, file, times } => {
            times.put(client, &name, ("plan", plan_of(&file)?), output)?
        }
        Action::Cancel { id } => {
            output.value(&client.post(&format!("{}/cancel", path(&id)), &json!({}))?, line)
        }
        Action::Restart { id } => {
            output.value(&client.post(&format!("{}/restart", path(&id)), &json!({}))?, line)
        }
        Action::Rm { id } => {
            let deleted = client.delete(&path(&id))?;
            output.value(&deleted, |_| format!("plan {id} is deleted, with its runs"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn plan_of(file: &PathBuf) -> Result<Value, Failure> {
    serde_json::from_str(&read(file)?)
        .map_err(|error| Failure::Usage(format!("{}: no JSON: {error}", file.display())))
}

fn submit(client: &Client, file: &PathBuf, follow: bool, output: Output) -> Result<ExitCode, Failure> {
    let mut plan = client.post("/v1/plans", &plan_of(file)?)?;
    if !follow {
        output.value(&plan, line);
        return Ok(ExitCode::SUCCESS);
    }
    output.remark(&line(&plan));
    let id = plan["planId"].as_str().unwrap_or_default().to_owned();
    let bar = output.bar(plan["numStages"].as_u64().unwrap_or(0));
    while plan["completedAt"].is_null() {
        std::thread::sleep(FOLLOW_INTERVAL);
        plan = client.get(&format!("/v1/plans/{id}"))?;
        bar.set_position(plan["stagesOver"].as_u64().unwrap_or(0));
    }
    bar.finish();
    shown(client, &id, output)?;
    Ok(if plan["status"] == "SUCCEEDED" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows a plan with the stages that have begun.
fn shown(client: &Client, id: &str, output: Output) -> Result<(), Failure> {
    let mut plan = client.get(&format!("/v1/plans/{id}"))?;
    plan["stages"] = client.get_all(&format!("/v1/plans/{id}/stages"))?;
    output.value(&plan, show);
    Ok(())
}

fn list(plans: &Value) -> String {
    let rows = plans.as_array().into_iter().flatten().map(|plan| {
        vec![
            cell(&plan["planId"]),
            cell(&plan["name"]),
            cell(&plan["status"]),
            format!("{}%", plan["progress"]),
            cell(&plan["numStages"]),
            moment(&plan["createdAt"]),
        ]
    });
    table(&["PLAN", "NAME", "STATUS", "DONE", "STAGES", "CREATED"], rows)
}

fn line(plan: &Value) -> String {
    format!("plan {} {} ({})", cell(&plan["planId"]), cell(&plan["status"]), cell(&plan["name"]))
}

/// The stages in the order of the plan, each behind the one that it is a part of, with how deep it is.
fn tree<'a>(stages: &'a [Value]) -> Vec<(usize, &'a Value)> {
    let mut parts: HashMap<Option<&'a str>, Vec<&Value>> = HashMap::new();
    for stage in stages {
        parts.entry(stage["parentId"].as_str()).or_default().push(stage);
    }
    // The next one is the last.
    let mut next = |parent: Option<&'a str>, depth: usize| {
        let mut parts = parts.remove(&parent).unwrap_or_default();
        parts.sort_by_key(|stage| std::cmp::Reverse(stage["index"].as_u64()));
        parts.into_iter().map(move |stage| (depth, stage))
    };
    let mut todo: Vec<_> = next(None, 0).collect();
    let mut rows = Vec::with_capacity(stages.len());
    while let Some((depth, stage)) = todo.pop() {
        rows.push((depth, stage));
        todo.extend(next(stage["stageId"].as_str(), depth + 1));
    }
    rows
}

fn show(plan: &Value) -> String {
    let stages = plan["stages"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = tree(stages).into_iter().map(|(depth, stage)| {
        let jobs = stage["runs"].as_array().into_iter().flatten();
        let jobs: u64 = jobs
            .flat_map(|run| run["counts"].as_object().into_iter().flatten())
            .filter_map(|(_, count)| count.as_u64())
            .sum();
        vec![
            format!("{}{}", "  ".repeat(depth), cell(&stage["name"])),
            cell(&stage["kind"]),
            cell(&stage["status"]),
            if jobs == 0 { String::new() } else { jobs.to_string() },
            cell(&stage["error"]),
        ]
    });
    let mut text = format!("{}\n{}", line(plan), table(&["STAGE", "KIND", "STATUS", "JOBS", "ERROR"], rows));
    match (&plan["error"], &plan["result"]) {
        (Value::Null, Value::Null) => {}
        (Value::Null, result) => text.push_str(&format!("\n{}", cell(result))),
        (error, _) => text.push_str(&format!("\n{}", cell(error))),
    }
    text
}
