//! Jobs and runs as people read them.

use serde_json::Value;

use super::output::{cell, duration, printable, short, table};

/// Characters of a result that a table shows.
const RESULT_SHOWN: usize = 60;

/// A table of jobs.
pub(super) fn jobs(jobs: &[Value]) -> String {
    let rows = jobs.iter().map(|job| {
        vec![
            cell(&job["jobId"]),
            cell(&job["jobType"]),
            cell(&job["status"]),
            cell(&job["attempts"]),
            job["usage"]["wallNanos"].as_u64().map_or("-".into(), duration),
            short(&result(job), RESULT_SHOWN),
        ]
    });
    table(&["JOB", "FUNCTION", "STATUS", "ATTEMPTS", "TOOK", "RESULT"], rows)
}

/// One job, field by field.
pub(super) fn job(job: &Value) -> String {
    let mut lines = Vec::new();
    for (name, field) in [
        ("job", "jobId"),
        ("run", "runId"),
        ("function", "jobType"),
        ("version", "functionVersion"),
        ("status", "status"),
        ("attempts", "attempts"),
        ("exit code", "exitCode"),
    ] {
        lines.push(format!("{name:<10} {}", cell(&job[field])));
    }
    if let Some(usage) = job["usage"].as_object() {
        let nanos = |name: &str| duration(usage[name].as_u64().unwrap_or(0));
        let peak = usage["memoryPeakBytes"].as_u64().unwrap_or(0) / 1024;
        lines.push(format!(
            "{:<10} {} CPU, {} wall, {peak} KiB",
            "used",
            nanos("cpuNanos"),
            nanos("wallNanos")
        ));
    }
    lines.push(format!("{:<10} {}", "result", printable(&result(job))));
    if let Some(backtrace) = job["error"]["backtrace"].as_str() {
        lines.extend(backtrace.lines().map(|line| format!("{:<10} {}", "", printable(line))));
    }
    lines.join("\n")
}

/// A job's result, or its error.
pub(super) fn result(job: &Value) -> String {
    match job["error"].as_object() {
        Some(error) => format!("{}: {}", cell(&error["code"]), cell(&error["message"])),
        None => cell(&job["result"]),
    }
}

/// A run in a line.
pub(super) fn run(run: &Value) -> String {
    let counts = run["counts"].as_object().into_iter().flatten();
    let counts: Vec<String> = counts
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    format!("run {} {}: {}", cell(&run["runId"]), cell(&run["status"]), counts.join(", "))
}

/// Whether a job or run ended well.
pub(super) fn succeeded(shown: &Value) -> bool {
    shown["status"] == "SUCCEEDED"
}

/// Whether a job or run is over.
pub(super) fn is_over(shown: &Value) -> bool {
    matches!(shown["status"].as_str(), Some("SUCCEEDED" | "FAILED" | "TIMED_OUT" | "CANCELLED"))
}
