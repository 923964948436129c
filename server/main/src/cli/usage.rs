//! `skep usage`

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, duration, table};

#[derive(Args)]
pub(super) struct Arguments {
    /// What to add up by
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    /// From this day on, as in 2026-11-01 [default: of the last 30 days]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Option<u64>,
    /// To this day [default: today]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Day,
    Function,
    Run,
}

/// The last millisecond of a day, after its first.
const TO_THE_END: u64 = 24 * 60 * 60 * 1000 - 1;

pub(super) fn usage(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let (by, name, title) = match arguments.by {
        By::Day => ("day", "day", "DAY"),
        By::Function => ("function", "function", "FUNCTION"),
        By::Run => ("run", "runId", "RUN"),
    };
    let mut path = format!("/v1/usage?by={by}");
    if let Some(from) = arguments.from {
        path.push_str(&format!("&dateFrom={from}"));
    }
    if let Some(to) = arguments.to {
        path.push_str(&format!("&dateTo={}", to + TO_THE_END));
    }
    output.value(&client.get_all(&path)?, |lines| show(lines, name, title));
    Ok(ExitCode::SUCCESS)
}

fn show(lines: &Value, name: &str, title: &str) -> String {
    let lines = lines.as_array().map_or(&[][..], Vec::as_slice);
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let row = |about: String, attempts: u64, cpu: u64, cost: u64| {
        vec![about, attempts.to_string(), duration(cpu), dollars(cost)]
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut attempts, mut cpu, mut cost) = (0, 0, 0);
    for line in lines {
        let (of, used) = (number(&line["attempts"]), number(&line["usage"]["cpuNanos"]));
        let charged = number(&line["costNanodollars"]);
        rows.push(row(cell(&line[name]), of, used, charged));
        (attempts, cpu, cost) = (attempts + of, cpu + used, cost + charged);
    }
    if lines.len() > 1 {
        rows.push(row("all".to_owned(), attempts, cpu, cost));
    }
    table(&[title, "ATTEMPTS", "CPU", "COST"], rows)
}

fn dollars(nanodollars: u64) -> String {
    format!("${}.{:09}", nanodollars / 1_000_000_000, nanodollars % 1_000_000_000)
}

fn parse_date(text: &str) -> Result<u64, String> {
    let date: jiff::civil::Date = text.parse().map_err(|_| "expected a day, as in 2026-11-01".to_owned())?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    u64::try_from(midnight.timestamp().as_millisecond()).map_err(|_| "expected a day after 1970".to_owned())
}
