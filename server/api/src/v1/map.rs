//! Domain to wire and back.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use skep_domain::model::attempt::{Attempt, Failure, Outcome, Output};
use skep_domain::model::function::{Function, Settings, Version};
use skep_domain::model::job::{Job, ResultType, Status};
use skep_domain::model::log::Entry;
use skep_domain::model::page::Listed;
use skep_domain::model::run::{Common, Run};
use skep_domain::model::usage::Usage;
use skep_domain::{Error, Result};

use super::model::{
    AttemptView, CountsView, ErrorView, FunctionView, JobView, LineView, List, RunView, Success, UsageView,
    VersionView,
};
use crate::shared::params::Cursors;

/// Nano-dollars of a dollar.
const NANODOLLARS: u64 = 1_000_000_000;

/// A successful answer.
pub(super) fn success<T: Serialize>(status: StatusCode, data: T, message: &'static str) -> HttpResponse {
    HttpResponse::build(status).json(Success { success: true, data, message })
}

pub(super) fn list<T, V>(listed: Listed<T>, cursors: &Cursors, view: impl FnMut(T) -> V) -> List<V> {
    let items: Vec<V> = listed.items.into_iter().map(view).collect();
    List { count: items.len(), items, last_evaluated_key: listed.next.map(|at| cursors.encode(at)) }
}

pub(super) fn function(function: Function) -> FunctionView {
    FunctionView {
        function_id: function.id.to_string(),
        name: function.name.as_str().to_owned(),
        current_version: function.current.number,
        kinds: function.current.interface.kinds,
        exports: function.current.interface.exports,
        imports: function.current.interface.imports,
        settings: function.settings,
        created_at: function.created_at.0,
        updated_at: function.updated_at.0,
    }
}

pub(super) fn version(version: Version) -> VersionView {
    VersionView {
        version: version.number,
        sha256: version.sha256.to_string(),
        size_bytes: version.size_bytes,
        // A component that was taken was compiled before it was recorded.
        state: "READY",
        runtime: None,
        build_logs: None,
        created_at: version.created_at.0,
    }
}

pub(super) fn run(run: Run) -> RunView {
    let of = |status| run.counts.of(status);
    RunView {
        run_id: run.id.to_string(),
        source: run.source.name(),
        function_version: run.version,
        export: run.common.export,
        status: run.counts.status(run.cancelled).name(),
        num_jobs: run.counts.total(),
        counts: CountsView {
            queued: of(Status::Queued),
            running: of(Status::Running),
            retrying: of(Status::Retrying),
            succeeded: of(Status::Succeeded),
            failed: of(Status::Failed),
            timed_out: of(Status::TimedOut),
            cancelled: of(Status::Cancelled),
        },
        progress: run.counts.progress(),
        parameters: run.parameters.map(|tuples| tuples.into_iter().map(raw).collect()),
        bid_price: run.bid_nanodollars.map(dollars),
        device: DEVICE,
        cost_nanodollars: None,
        created_at: run.created_at.0,
        started_at: run.started_at.map(|at| at.0),
        completed_at: run.completed_at.map(|at| at.0),
        function: run.function_name,
    }
}

/// The only device that there is yet.
const DEVICE: &str = "cpu";

pub(super) fn job(job: Job) -> JobView {
    let over = job.progress.status.is_over();
    let attempt = job.last.map(attempt);
    // A job that will be tried again has no result yet, but its last error is worth seeing.
    let (result_type, result) = match &attempt {
        Some(attempt) if over => (attempt.result_type, attempt.result.clone()),
        _ => (ResultType::None.name(), None),
    };
    let (exit_code, error, usage) = match attempt {
        Some(attempt) => (attempt.exit_code, attempt.error, Some(attempt.usage)),
        None => (None, None, None),
    };
    JobView {
        job_id: job.id.to_string(),
        run_id: job.run.to_string(),
        index: job.index,
        job_type: job.job_type,
        function_version: job.version,
        status: job.progress.status.name(),
        result_type,
        payload: raw(job.payload),
        result,
        exit_code,
        error,
        attempts: job.progress.attempts,
        waiting_for: None,
        node_id: None,
        device: DEVICE,
        usage,
        cost_nanodollars: None,
        bid_price: job.bid_nanodollars.map(dollars),
        created_at: job.created_at.0,
        updated_at: job.updated_at.0,
        assigned_at: job.assigned_at.map(|at| at.0),
        started_at: job.started_at.map(|at| at.0),
        completed_at: job.completed_at.map(|at| at.0),
    }
}

pub(super) fn attempt(attempt: Attempt) -> AttemptView {
    let (result_type, result, failure) = match attempt.outcome {
        Outcome::Succeeded(Output::None) => (ResultType::None, None, None),
        Outcome::Succeeded(Output::Json(json)) => (ResultType::Json, Some(raw(json)), None),
        Outcome::Succeeded(Output::Text(text)) => (ResultType::Text, Some(quoted(text)), None),
        Outcome::Failed(failure) => (ResultType::Error, None, Some(failure)),
    };
    AttemptView {
        attempt: attempt.number,
        result_type: result_type.name(),
        result,
        exit_code: attempt.exit_code,
        error: failure.map(error),
        usage: usage(&attempt.usage),
        started_at: attempt.started_at.0,
        completed_at: attempt.ended_at.0,
    }
}

fn error(failure: Failure) -> ErrorView {
    ErrorView { code: failure.code.name(), message: failure.message, backtrace: failure.backtrace }
}

fn usage(usage: &Usage) -> UsageView {
    UsageView {
        cpu_nanos: usage.cpu_nanos,
        wall_nanos: usage.wall_nanos,
        memory_peak_bytes: usage.memory_peak_bytes,
        memory_byte_seconds: usage.memory_byte_seconds,
        egress_bytes: usage.egress_bytes,
        device_nanos: usage.device_nanos,
        log_bytes: usage.log_bytes,
    }
}

pub(super) fn line(entry: Entry) -> LineView {
    LineView {
        seq: entry.seq,
        attempt: entry.attempt,
        stream: entry.line.stream.name(),
        at: entry.line.at.0,
        text: entry.line.text,
    }
}

/// Stored JSON as it is; what would not be JSON becomes a string.
fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json.clone()).unwrap_or_else(|_| quoted(json))
}

fn quoted(text: String) -> Box<RawValue> {
    serde_json::value::to_raw_value(&text).expect("a string is always JSON")
}

/// Dollars as an exact decimal: a float would round.
fn dollars(nanodollars: u64) -> String {
    let text = format!("{}.{:09}", nanodollars / NANODOLLARS, nanodollars % NANODOLLARS);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What calls have in common, of the fields that bodies share.
pub(super) fn common(
    export: Option<String>,
    stdin: Option<String>,
    env: Option<BTreeMap<String, String>>,
) -> Common {
    Common { export, stdin, env: env.unwrap_or_default(), ..Common::default() }
}

/// Reads a price, a JSON number or a string of one, exactly.
pub(super) fn nanodollars(field: &'static str, json: &str) -> Result<u64> {
    let error = || {
        Error::invalid(format!(
            "{field} must be dollars as a decimal with at most 9 places, from 0 to 1000000"
        ))
        .field(field)
    };
    let text = json.trim_matches('"');
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() > 7 || part.len() > 9 {
        return Err(error());
    }
    let whole: u64 = whole.parse().map_err(|_| error())?;
    let part: u64 = format!("{part:0<9}").parse().map_err(|_| error())?;
    if whole > 1_000_000 { Err(error()) } else { Ok(whole * NANODOLLARS + part) }
}

/// Settings with a JSON merge patch (RFC 7396) applied.
pub(super) fn patched(settings: &Settings, patch: Value) -> Result<Settings> {
    let mut value = serde_json::to_value(settings).map_err(Error::internal)?;
    merge(&mut value, patch);
    serde_json::from_value(value)
        .map_err(|error| Error::invalid(format!("the settings do not fit: {error}")).field("settings"))
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn price(text: &str) -> Result<u64> {
        nanodollars("bidPrice", text)
    }

    #[test]
    fn prices_are_exact() {
        assert_eq!(price("0.1").ok(), Some(100_000_000));
        assert_eq!(price("\"2.000000001\"").ok(), Some(2_000_000_001));
        assert_eq!(dollars(2_000_000_001), "2.000000001");
        assert_eq!(dollars(3_000_000_000), "3");
        for bad in ["-1", "1e3", "\"\"", "0.0000000001", "12345678", "null", "[1]"] {
            assert!(price(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_merge_patch_changes_what_it_names_and_removes_what_is_null() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": 3});
        merge(&mut target, json!({"a": {"b": null, "e": 4}, "d": 5}));
        assert_eq!(target, json!({"a": {"c": 2, "e": 4}, "d": 5}));
    }
}
