//! Domain to sharedcloud's words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Number, Value};
use skep_domain::model::account::Account;
use skep_domain::model::attempt::{Attempt, Outcome, Output};
use skep_domain::model::job::{Job, Status};
use skep_domain::model::log::{Entry, Stream};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::run::Run;
use skep_domain::model::time::Millis;

use super::catalog::{self, Gpu, Image};
use super::{literal, model};

/// The labels that a function and a run of this API have.
pub(super) const IMAGE: &str = "sharedcloud/image";
pub(super) const BASE_GPU: &str = "sharedcloud/base-gpu";
pub(super) const PARAMETERS: &str = "sharedcloud/parameters";

/// A time as the product writes it.
pub(super) fn date(at: Millis) -> String {
    let at = i64::try_from(at.0).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    at.unwrap_or_default().to_zoned(TimeZone::UTC).strftime("%d-%m-%Y %H:%M:%S").to_string()
}

/// What was charged, as a number: to a thousandth, as the product shows it.
pub(super) fn dollars(amount: Nanodollars) -> Number {
    const THOUSANDTH: u64 = 1_000_000;
    Number::from_f64(amount.0.saturating_add(THOUSANDTH / 2).div_euclid(THOUSANDTH) as f64 / 1000.0)
        .unwrap_or_else(|| 0.into())
}

/// Dollars as a number, all of them.
fn exactly(amount: Nanodollars) -> Number {
    amount.to_string().parse().ok().and_then(Number::from_f64).unwrap_or_else(|| 0.into())
}

pub(super) fn account(account: &Account, now: Millis) -> model::Account {
    model::Account {
        uuid: account.id.to_string(),
        username: account.name.as_str().to_owned(),
        email: "",
        last_login: None,
        date_joined: date(account.created_at),
        balance: dollars(Nanodollars::default()),
        current_server_time: date(now),
    }
}

pub(super) fn image(image: Image, now: Millis) -> model::Image {
    let created_at = date(image.runtime.created_at);
    model::Image {
        uuid: image.uuid,
        current_server_time: date(now),
        num_installations: 0,
        registry_path: image.registry_path,
        updated_at: created_at.clone(),
        created_at,
        name: image.name,
        description: image.description,
        requires_gpu: image.requires_gpu,
        runtime: image.label,
        tag: "latest",
    }
}

pub(super) fn gpu(gpu: Gpu, now: Millis) -> model::Gpu {
    model::Gpu {
        uuid: gpu.uuid,
        current_server_time: date(now),
        is_available: gpu.is_available,
        created_at: date(Millis::default()),
        name: gpu.name,
        codename: gpu.codename,
        cuda_cores: gpu.cuda_cores,
    }
}

pub(super) fn run(run: Run, now: Millis) -> model::Run {
    let labels = &run.common.labels;
    let gpu = labels.get(BASE_GPU).and_then(|id| catalog::gpu_by_id(id));
    let parameters = labels.get(PARAMETERS).cloned();
    model::Run {
        uuid: run.id.to_string(),
        current_server_time: date(now),
        base_gpu_name: gpu.map_or("n/a", |gpu| gpu.name).to_owned(),
        num_jobs: run.counts.total(),
        function_name: run.function_name,
        created_at: date(run.created_at),
        parameters: parameters.unwrap_or_else(|| parameters_of(run.parameters.unwrap_or_default())),
        bid_price: exactly(run.bid.unwrap_or_default()),
        function: run.function.to_string(),
        base_gpu: gpu.map(|gpu| gpu.uuid.to_owned()),
    }
}

/// The text of tuples of arguments.
fn parameters_of(tuples: Vec<String>) -> String {
    let texts: Vec<String> = tuples.iter().map(|tuple| arguments(tuple)).collect();
    match &texts[..] {
        [] => String::new(),
        [only] => format!("({only},)"),
        texts => format!("({})", texts.join(", ")),
    }
}

fn arguments(json: &str) -> String {
    let values: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    literal::tuple(&values)
}

/// A job, with its log and what the build of its function wrote.
pub(super) fn job(job: Job, log: &[Entry], build_logs: Option<String>, now: Millis) -> model::Job {
    let state = job.progress.status;
    let last = job.last.as_ref().filter(|_| state.is_over());
    let mut texts = Texts::of(state, job.progress.attempts, last, log);
    if state == Status::TimedOut {
        texts = Texts::default();
    }
    let payload: Value = serde_json::from_str(&job.payload).unwrap_or_default();
    let duration = last.map(|last| last.ended_at.0.saturating_sub(last.started_at.0) / 1000);
    model::Job {
        uuid: job.id.to_string(),
        current_server_time: date(now),
        function_name: job.job_type,
        duration,
        started_at: job.started_at.map(date),
        assigned_at: job.assigned_at.map(date),
        created_at: date(job.created_at),
        finished_at: job.completed_at.map(date),
        incremental_id: job.index,
        status: status(state),
        arguments: literal::tuple(payload["arguments"].as_array().map_or(&[], Vec::as_slice)),
        cost: dollars(job.cost),
        build_logs: build_logs.filter(|_| state != Status::TimedOut).unwrap_or_default(),
        stdout: texts.stdout,
        stderr: texts.stderr,
        result: texts.result,
        instance: None,
        run: job.run.to_string(),
    }
}

/// What a job wrote, and what came of it.
#[derive(Default)]
struct Texts {
    stdout: String,
    stderr: String,
    result: String,
}

impl Texts {
    fn of(state: Status, attempt: u32, last: Option<&Attempt>, log: &[Entry]) -> Self {
        let mut texts = Self::default();
        for entry in log.iter().filter(|entry| entry.attempt == attempt) {
            let stream = match entry.line.stream {
                Stream::Stdout => &mut texts.stdout,
                Stream::Stderr | Stream::Host => &mut texts.stderr,
            };
            stream.push_str(&entry.line.text);
            stream.push('\n');
        }
        match last.map(|last| &last.outcome) {
            Some(Outcome::Succeeded(output)) if state == Status::Succeeded => texts.result = result(output),
            Some(Outcome::Failed(failure)) => {
                let trace = failure.backtrace.as_deref().unwrap_or_default().trim_end();
                // The trace of a language ends with its message.
                let message = Some(failure.message.as_str()).filter(|message| !trace.ends_with(message));
                for text in [Some(trace), message].into_iter().flatten().filter(|text| !text.is_empty()) {
                    texts.stderr.push_str(text);
                    texts.stderr.push('\n');
                }
            }
            _ if state == Status::Cancelled => texts.stderr.push_str("the job was cancelled\n"),
            _ => {}
        }
        texts
    }
}

/// A text is itself; anything else as JSON.
fn result(output: &Output) -> String {
    match output {
        Output::None => String::new(),
        Output::Text(text) => text.clone(),
        Output::Json(json) => serde_json::from_str::<String>(json).unwrap_or_else(|_| json.clone()),
    }
}

fn status(status: Status) -> u8 {
    match status {
        Status::Queued | Status::Retrying => 1,
        Status::Running => 2,
        Status::Succeeded => 3,
        // It has no word for what was cancelled.
        Status::Failed | Status::Cancelled => 4,
        Status::TimedOut => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of ours, and what it is there.
    #[test]
    fn every_status_has_its_counterpart() {
        let table = [1, 2, 1, 3, 4, 5, 4];
        assert_eq!(Status::ALL.iter().map(|one| status(*one)).collect::<Vec<_>>(), table);
    }

    #[test]
    fn dates_and_money_are_as_the_product_writes_them() {
        assert_eq!(date(Millis(1_538_745_613_999)), "05-10-2018 13:20:13");
        assert_eq!(dollars(Nanodollars(80_000_000)).to_string(), "0.08");
        assert_eq!(dollars(Nanodollars(1_499_999)).to_string(), "0.001");
        assert_eq!(dollars(Nanodollars(0)).to_string(), "0.0");
        assert_eq!(exactly(Nanodollars(12_500_000)).to_string(), "0.0125");
    }

    #[test]
    fn parameters_are_a_tuple_of_tuples() {
        assert_eq!(parameters_of(vec!["[1,2]".into()]), "((1, 2),)");
        assert_eq!(parameters_of(vec!["[1]".into(), "[]".into()]), "((1,), ())");
    }
}
