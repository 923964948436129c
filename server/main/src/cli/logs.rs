//! `skep logs`

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, printable};
use super::show;

#[derive(Args)]
pub(super) struct Arguments {
    /// The job
    job: String,
    /// Go on until the job is over, line by line as they are written
    #[arg(long, short)]
    follow: bool,
}

pub(super) fn logs(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let path = format!("/v1/jobs/{}/logs", arguments.job);
    if arguments.follow {
        return follow(&path, client, output);
    }
    let lines = client.get_all(&path)?;
    if output.json {
        output.value(&json!(lines), Value::to_string);
    } else {
        lines.as_array().into_iter().flatten().for_each(|line| print(line, output));
    }
    Ok(ExitCode::SUCCESS)
}

/// As it comes; a line of JSON each for programs. Ends as its job did.
fn follow(path: &str, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let mut name = String::new();
    let mut last = None;
    // Where the stream breaks off it goes on after the last line, as often as some lines come.
    loop {
        let mut some = false;
        for line in client.events(&format!("{path}?follow=true"), last.as_deref())? {
            let Ok(line) = line else { break };
            match line.split_once(": ") {
                Some(("event", event)) => event.clone_into(&mut name),
                Some(("id", id)) => last = Some(id.to_owned()),
                Some(("data", data)) => {
                    let data: Value = serde_json::from_str(data).unwrap_or(Value::Null);
                    if name == "end" {
                        let well = show::succeeded(&data);
                        return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                    }
                    some = true;
                    if output.json { output.line(&data.to_string()) } else { print(&data, output) }
                }
                _ => {}
            }
        }
        if !some {
            return Err(Failure::Unreachable("the log broke off before its job was over".into()));
        }
    }
}

fn print(line: &Value, output: Output) {
    output.line(&printable(&cell(&line["text"])));
}
