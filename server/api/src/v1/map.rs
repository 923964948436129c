//! Domain to wire and back.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use skep_domain::model::account::{Account, Key};
use skep_domain::model::attempt::{Attempt, Charged, Failure, Outcome, Output};
use skep_domain::model::function::{Function, Version};
use skep_domain::model::job::{Job, ResultType, Resulted, Status};
use skep_domain::model::log::Entry;
use skep_domain::model::page::Listed;
use skep_domain::model::receipt::Answer;
use skep_domain::model::run::{Common, Counts, Run};
use skep_domain::model::runtime::Runtime;
use skep_domain::model::scope::Scopes;
use skep_domain::model::settings::Settings;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::{About, Reported, Usage};
use skep_domain::{Error, Result};

use super::model::{
    AccountView, AttemptView, CountsView, ErrorView, FunctionView, JobView, KeyView, LineView, List,
    ReportedView, ResultView, RunView, RuntimeView, Success, UsageView, VersionView,
};
use crate::shared::date::timestamp;
use crate::shared::params::Cursors;

/// A successful answer.
pub(super) fn success<T: Serialize>(status: StatusCode, data: T, message: &'static str) -> HttpResponse {
    HttpResponse::build(status).json(Success { success: true, data, message })
}

/// The same as bytes, to be kept and given again.
pub(super) fn answer<T: Serialize>(status: StatusCode, data: T, message: &'static str) -> Answer {
    let body = serde_json::to_vec(&Success { success: true, data, message });
    Answer { status: status.as_u16(), body: body.expect("our own types are always JSON") }
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
        settings: function.settings.shown(),
        created_at: function.created_at.0,
        updated_at: function.updated_at.0,
    }
}

pub(super) fn version(version: Version) -> VersionView {
    VersionView {
        version: version.number,
        sha256: version.sha256.to_string(),
        size_bytes: version.size_bytes,
        state: version.state.name(),
        build_job_id: version.build.as_ref().map(|build| build.job.to_string()),
        runtime: version.build.map(|build| build.runtime),
        build_logs: None,
        created_at: version.created_at.0,
    }
}

pub(super) fn runtime(runtime: Runtime) -> RuntimeView {
    RuntimeView {
        name: runtime.name.as_str().to_owned(),
        version: runtime.number,
        sha256: runtime.component.to_string(),
        size_bytes: runtime.size_bytes,
        created_at: runtime.created_at.0,
    }
}

pub(super) fn run(run: Run) -> RunView {
    RunView {
        run_id: run.id.to_string(),
        source: run.source.name(),
        function_version: run.version,
        export: run.common.export,
        status: run.counts.status(run.cancelled).name(),
        num_jobs: run.counts.total(),
        counts: counts(&run.counts),
        progress: run.counts.progress(),
        parameters: run.parameters.map(|tuples| tuples.into_iter().map(raw).collect()),
        bid_price: run.bid.map(|bid| bid.to_string()),
        device: DEVICE,
        cost_nanodollars: run.cost.0,
        name: run.common.name,
        tags: run.common.tags,
        concurrency: run.common.concurrency,
        priority: run.common.priority,
        labels: run.common.labels,
        created_at: run.created_at.0,
        started_at: run.started_at.map(|at| at.0),
        completed_at: run.completed_at.map(|at| at.0),
        function: run.function_name,
    }
}

pub(super) fn counts(counts: &Counts) -> CountsView {
    let of = |status| counts.of(status);
    CountsView {
        queued: of(Status::Queued),
        running: of(Status::Running),
        retrying: of(Status::Retrying),
        succeeded: of(Status::Succeeded),
        failed: of(Status::Failed),
        timed_out: of(Status::TimedOut),
        cancelled: of(Status::Cancelled),
    }
}

/// The only device that there is yet.
const DEVICE: &str = "cpu";

pub(super) fn job(job: Job, waiting_for: Option<String>) -> JobView {
    let (over, progress) = (job.progress.status.is_over(), job.percent());
    let attempt = job.last.map(ended);
    // A job that will be tried again has no result yet, but its last error is worth seeing.
    let (result_type, result) = match &attempt {
        Some(ended) if over => (ended.result_type, ended.result.clone()),
        _ => (ResultType::None.name(), None),
    };
    let (exit_code, error, usage) = match attempt {
        Some(ended) => (ended.exit_code, ended.error, Some(ended.usage)),
        None => (None, None, None),
    };
    JobView {
        job_id: job.id.to_string(),
        run_id: job.run.to_string(),
        index: job.index,
        job_type: job.job_type,
        name: job.name,
        function_version: job.version,
        status: job.progress.status.name(),
        result_type,
        payload: raw(job.payload),
        result,
        exit_code,
        error,
        attempts: job.progress.attempts,
        progress,
        waiting_for,
        node_id: None,
        worker_id: job.worker.map(|id| id.to_string()),
        device: DEVICE,
        usage,
        cost_nanodollars: job.cost.0,
        bid_price: job.bid.map(|bid| bid.to_string()),
        created_at: job.created_at.0,
        updated_at: job.updated_at.0,
        assigned_at: job.assigned_at.map(|at| at.0),
        started_at: job.started_at.map(|at| at.0),
        completed_at: job.completed_at.map(|at| at.0),
    }
}

/// What an attempt came to, on the wire.
struct EndedView {
    result_type: &'static str,
    result: Option<Box<RawValue>>,
    exit_code: Option<i32>,
    error: Option<ErrorView>,
    usage: UsageView,
}

fn ended(attempt: Attempt) -> EndedView {
    let (result_type, result, failure) = match attempt.outcome {
        Outcome::Succeeded(Output::None) => (ResultType::None, None, None),
        Outcome::Succeeded(Output::Json(json)) => (ResultType::Json, Some(raw(json)), None),
        Outcome::Succeeded(Output::Text(text)) => (ResultType::Text, Some(quoted(text)), None),
        Outcome::Failed(failure) => (ResultType::Error, None, Some(failure)),
    };
    EndedView {
        result_type: result_type.name(),
        result,
        exit_code: attempt.exit_code,
        error: failure.map(error),
        usage: UsageView { devices: attempt.devices, ..usage(&attempt.usage) },
    }
}

/// A line of a run's results.
pub(super) fn result(job: Resulted) -> ResultView {
    let is_over = job.status.is_over();
    let ended = job.last.filter(|_| is_over).map(ended);
    let (result_type, result, exit_code, error) = match ended {
        Some(ended) => (ended.result_type, ended.result, ended.exit_code, ended.error),
        None => (ResultType::None.name(), None, None, None),
    };
    let (index, job_id, status) = (job.index, job.id.to_string(), job.status.name());
    ResultView { index, job_id, status, result_type, result, exit_code, error }
}

pub(super) fn attempt(charged: Charged) -> AttemptView {
    let Charged { attempt, cost, price_version } = charged;
    let (number, started_at, ended_at) = (attempt.number, attempt.started_at, attempt.ended_at);
    let EndedView { result_type, result, exit_code, error, usage } = ended(attempt);
    AttemptView {
        attempt: number,
        result_type,
        result,
        exit_code,
        error,
        usage,
        cost_nanodollars: cost.0,
        price_version,
        started_at: started_at.0,
        completed_at: ended_at.0,
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
        devices: Vec::new(),
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

pub(super) fn account(account: &Account) -> AccountView {
    AccountView {
        account_id: account.id.to_string(),
        name: account.name.as_str().to_owned(),
        weight: account.weight,
        scopes: account.scopes.names(),
        has_password: account.password.is_some(),
        created_at: account.created_at.0,
    }
}

pub(super) fn key(key: &Key) -> KeyView {
    KeyView {
        key_id: key.id.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.names(),
        expires_at: key.expires_at.map(|at| at.0),
        created_at: key.created_at.0,
    }
}

/// Names of scopes that somebody sent.
pub(super) fn scopes(names: Option<Vec<String>>) -> Result<Option<Scopes>> {
    names.map(|names| Scopes::parse(names.iter().map(String::as_str))).transpose()
}

pub(super) fn reported(reported: Reported) -> ReportedView {
    let Reported { about, totals } = reported;
    let (day, function, run_id) = match about {
        About::Day(at) => (Some(date(at)), None, None),
        About::Function(name) => (None, Some(name), None),
        About::Run(id) => (None, None, Some(id.to_string())),
    };
    ReportedView {
        day,
        function,
        run_id,
        attempts: totals.attempts,
        usage: usage(&totals.usage),
        cost_nanodollars: totals.cost.0,
    }
}

/// The day of a time, as in 2026-11-22, in UTC.
fn date(at: Millis) -> String {
    timestamp(at).to_zoned(TimeZone::UTC).date().to_string()
}

/// Stored JSON as it is; what would not be JSON becomes a string.
fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json.clone()).unwrap_or_else(|_| quoted(json))
}

fn quoted(text: String) -> Box<RawValue> {
    serde_json::value::to_raw_value(&text).expect("a string is always JSON")
}

/// What calls have in common, of the fields that bodies share.
pub(super) fn common(
    export: Option<String>,
    stdin: Option<String>,
    env: Option<BTreeMap<String, String>>,
) -> Common {
    Common { export, stdin, env: env.unwrap_or_default(), ..Common::default() }
}

/// Settings with a JSON merge patch (RFC 7396) applied.
pub(super) fn patched(settings: &Settings, patch: Value) -> Result<Settings> {
    let mut value = serde_json::to_value(settings).map_err(Error::internal)?;
    merge(&mut value, patch);
    // An array would do for a struct, field by field, which nobody means.
    let parts = ["limits", "grants", "retry"].map(|name| value.get(name));
    if !value.is_object() || parts.iter().flatten().any(|part| !part.is_object()) {
        let message =
            "the settings do not fit: they are an object, and so are limits, grants, secrets, retry and http";
        return Err(Error::invalid(message).field("settings"));
    }
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

    use skep_domain::model::usage::DAY_MS;

    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (20_779, "2026-11-22"), (19_782, "2024-02-29")]
        {
            assert_eq!(date(Millis(day * DAY_MS)), expected);
        }
    }

    #[test]
    fn a_merge_patch_changes_what_it_names_and_removes_what_is_null() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": 3});
        merge(&mut target, json!({"a": {"b": null, "e": 4}, "d": 5}));
        assert_eq!(target, json!({"a": {"c": 2, "e": 4}, "d": 5}));
    }
}
