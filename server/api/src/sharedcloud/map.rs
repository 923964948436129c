//! Domain to sharedcloud's words.

use std::mem::take;

use jiff::tz::TimeZone;
use serde_json::{Number, Value};
use skep_domain::model::account::Account;
use skep_domain::model::attempt::{Attempt, Outcome, Output};
use skep_domain::model::job::{Job, Status};
use skep_domain::model::log::{Entry, Stream};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::run::Run;
use skep_domain::model::time::Millis;
use skep_domain::model::worker::{Patience, Profile, Worker};

use super::catalog::{self, Gpu, Image};
use super::{literal, model};
use crate::shared::date::timestamp;

/// The labels that a function and a run of this API have.
pub(super) const IMAGE: &str = "sharedcloud/image";
pub(super) const BASE_GPU: &str = "sharedcloud/base-gpu";
pub(super) const PARAMETERS: &str = "sharedcloud/parameters";

/// The label of a worker: the model of its GPU. One without has none.
pub(super) const GPU: &str = "sharedcloud/gpu";

/// What a worker must offer for a function with an image.
pub(super) fn requires_image(uuid: &str) -> String {
    format!("sharedcloud/image={uuid}")
}

/// What a worker must offer for a run on a model of GPU.
pub(super) fn requires_gpu(uuid: &str) -> String {
    format!("sharedcloud/gpu={uuid}")
}

/// The model of a worker's GPU.
pub(super) fn gpu_of(profile: &Profile) -> Option<Gpu> {
    profile.labels.get(GPU).and_then(|id| catalog::gpu_by_id(id))
}

/// A time as the product writes it.
pub(super) fn date(at: Millis) -> String {
    timestamp(at).to_zoned(TimeZone::UTC).strftime("%d-%m-%Y %H:%M:%S").to_string()
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

/// An image, and how many of the caller's instances have it.
pub(super) fn image(image: Image, num_installations: usize, now: Millis) -> model::Image {
    let created_at = date(image.runtime.created_at);
    model::Image {
        uuid: image.uuid,
        current_server_time: date(now),
        num_installations,
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

pub(super) fn instance(worker: Worker, patience: Patience, now: Millis) -> model::Instance {
    let gpu = gpu_of(&worker.profile);
    let status = if worker.is_available(patience, now) { 2 } else { 1 };
    let Profile { name, ask, places, offers, .. } = worker.profile;
    let image = |offer: &String| offer.strip_prefix(&requires_image("")).map(str::to_owned);
    model::Instance {
        uuid: worker.id.to_string(),
        r#type: if gpu.is_some() { 2 } else { 1 },
        gpu: gpu.map(|gpu| gpu.uuid),
        gpu_name: gpu.map_or("n/a", |gpu| gpu.name),
        num_running_jobs: worker.running,
        num_assigned_jobs: worker.running,
        updated_at: date(worker.updated_at),
        created_at: date(worker.created_at),
        last_connection: worker.seen_at.map(date),
        name,
        status,
        ask_price: exactly(ask),
        downloaded_images: offers.iter().filter_map(image).collect(),
        max_num_parallel_jobs: places,
        current_server_time: date(now),
    }
}

/// A worker as buyers see it: with the product's fifth on top of what it asks.
pub(super) fn offer(worker: Worker, now: Millis) -> model::Offer {
    let gpu = gpu_of(&worker.profile);
    let price = Nanodollars(worker.profile.ask.0.saturating_mul(6) / 5);
    model::Offer {
        name: worker.profile.name,
        r#type: if gpu.is_some() { 2 } else { 1 },
        gpu_name: gpu.map_or("n/a", |gpu| gpu.name),
        cuda_cores: gpu.map_or_else(|| "n/a".into(), |gpu| gpu.cuda_cores.into()),
        ask_price: exactly(price),
        last_connection: worker.seen_at.map(date),
        current_server_time: date(now),
    }
}

/// This server, as one of those that take jobs.
pub(super) fn node(ask: Nanodollars, now: Millis) -> model::Offer {
    model::Offer {
        name: "skep".to_owned(),
        r#type: 1,
        gpu_name: "n/a",
        cuda_cores: "n/a".into(),
        ask_price: exactly(ask),
        last_connection: Some(date(now)),
        current_server_time: date(now),
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
    let mut texts = Texts::of(&job, last, log);
    // An instance builds nothing: what it says before it runs a job stands there.
    let is_given = job.worker.is_some() && !matches!(state, Status::Queued | Status::Retrying);
    let build_logs = if is_given { Some(take(&mut texts.prepared)) } else { build_logs };
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
        build_logs: build_logs.unwrap_or_default(),
        stdout: texts.stdout,
        stderr: texts.stderr,
        result: texts.result,
        instance: job.worker.filter(|_| is_given).map(|id| id.to_string()),
        run: job.run.to_string(),
    }
}

/// What a job wrote, and what came of it.
#[derive(Default)]
struct Texts {
    stdout: String,
    stderr: String,
    /// What an instance said before it ran the job.
    prepared: String,
    result: String,
}

impl Texts {
    fn of(job: &Job, last: Option<&Attempt>, log: &[Entry]) -> Self {
        let (state, mut texts) = (job.progress.status, Self::default());
        for entry in log.iter().filter(|entry| entry.attempt == job.progress.attempts) {
            let stream = match (entry.line.stream, job.worker) {
                (Stream::Stdout, _) => &mut texts.stdout,
                (Stream::Host, Some(_)) => &mut texts.prepared,
                (Stream::Stderr | Stream::Host, _) => &mut texts.stderr,
            };
            stream.push_str(&entry.line.text);
            stream.push('\n');
        }
        match last.map(|last| &last.outcome) {
            Some(Outcome::Succeeded(output)) if state == Status::Succeeded => texts.result = result(output),
            Some(Outcome::Failed(failure)) => {
                let trace = failure.backtrace.as_deref().unwrap_or_default().trim_end();
                for text in [trace, failure.message.as_str()] {
                    // The trace of a language ends with its message.
                    if !texts.stderr.trim_end().ends_with(text.trim_end()) {
                        texts.stderr.push_str(text);
                        texts.stderr.push('\n');
                    }
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
