//! What stays of a request to an HTTP function when it is over: a line in what is added up, or a job of its own.

use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::base::Base;
use crate::model::attempt::{Attempt, FailureCode, Outcome, Output};
use crate::model::job::Progress;
use crate::model::log::Line;
use crate::model::run::{Common, Source};
use crate::model::settings::Record;
use crate::model::step;
use crate::model::time::Millis;
use crate::model::trace::Trace;
use crate::port::http_guest::{Served, Target};
use crate::port::store::{Finished, NewJob, NewRun};

/// Failed requests of one function that become jobs, a minute: whoever can make a public function fail could fill
/// the disk else.
const FAILURES_A_MINUTE_MAX: u32 = 60;
const MINUTE_MS: u64 = 60_000;
/// Bytes that are kept of the log of a failed request: its end, which says why.
const LOG_BYTES_MAX: usize = 16 << 10;
/// Bytes of a path that are kept.
const PATH_BYTES_MAX: usize = 2048;

/// Failed requests of a function that became jobs in this minute.
#[derive(Default)]
pub(super) struct Recorded(Mutex<(u64, u32)>);

impl Recorded {
    fn take(&self, at: Millis) -> bool {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = at.0 / MINUTE_MS;
        if recorded.0 != minute {
            *recorded = (minute, 0);
        }
        recorded.1 += 1;
        recorded.1 <= FAILURES_A_MINUTE_MAX
    }
}

/// A request, as far as it is kept.
pub(super) struct Asked {
    pub(super) at: Millis,
    trace: Option<Trace>,
    /// Its method and path, as a job's arguments.
    arguments: String,
}

impl Asked {
    pub(super) fn of<B>(request: &http::Request<B>, at: Millis) -> Self {
        let trace = request.headers().get("traceparent").and_then(|trace| trace.to_str().ok()?.parse().ok());
        // Queries have tokens in them now and then, and whoever visits has not agreed to a log.
        let path = request.uri().path();
        let path = &path[..path.floor_char_boundary(PATH_BYTES_MAX)];
        Self { at, trace, arguments: json!([request.method().as_str(), path]).to_string() }
    }
}

/// Counts a request that is over.
pub(super) fn count(served: &Served) {
    let name = served.failure.as_ref().map_or("succeeded", |failure| failure.code.name());
    metrics::counter!("skep_http_function_requests_total", "outcome" => name).increment(1);
}

/// Takes the room for a job of a request, if its function wants it kept and there is room.
pub(super) fn takes_room(target: &Target, at: Millis, served: &Served, recorded: &Recorded) -> bool {
    // A client that went away is no failure of the function's.
    let failed = served.failure.as_ref().is_some_and(|failure| failure.code != FailureCode::Cancelled);
    match target.settings.http.record {
        Record::None => false,
        Record::Failed => failed && recorded.take(at),
        Record::All => true,
    }
}

/// Adds what a request used to what is to be written.
pub(super) fn add_up(base: &Base, target: &Target, at: Millis, served: &Served) {
    let price = base.prices.of(&attempt(base, at, served), None);
    base.meter.add(target.account, target.function, at, &served.usage, price.amount);
}

/// Writes a request as a job that is over; one that cannot be written is added up.
pub(super) async fn keep(base: &Base, target: &Target, asked: Asked, served: Served) {
    let (at, usage) = (asked.at, served.usage);
    let attempt = attempt(base, at, &served);
    let price = base.prices.of(&attempt, None);
    let (id, job) = (base.ids.next(at), base.ids.next(at));
    let run = NewRun {
        id,
        account: target.account,
        source: Source::Http,
        function: target.function,
        version: target.version,
        common: Common::default(),
        bid: None,
        jobs: vec![NewJob::new(job, asked.arguments)],
        run_at: None,
        at,
        receipt: None,
        trace: asked.trace,
        stage: None,
    };
    let step = step::finish_call(step::claim(Progress::new(None)), attempt, base.clock.now());
    let finished = Finished {
        run: id,
        job,
        step,
        price,
        lines: lines(target, served.lines),
        is_build: false,
        is_staged: false,
        made: None,
    };
    if let Err(error) = base.store.job_record(run, finished).await {
        tracing::warn!(error = error.chain(), "a request could not be recorded");
        base.meter.add(target.account, target.function, at, &usage, price.amount);
    }
}

/// What is kept of a request's log: of one that is kept unasked, so much that it cannot fill the disk.
fn lines(target: &Target, mut lines: Vec<Line>) -> Vec<Line> {
    if target.settings.http.record == Record::Failed {
        let mut left = LOG_BYTES_MAX;
        let kept = lines.iter().rev().take_while(|line| {
            let fits = line.text.len() <= left;
            left = left.saturating_sub(line.text.len());
            fits
        });
        let dropped = lines.len() - kept.count();
        lines.drain(..dropped);
    }
    lines
}

fn attempt(base: &Base, at: Millis, served: &Served) -> Attempt {
    let outcome = match &served.failure {
        None => Outcome::Succeeded(Output::None),
        Some(failure) => Outcome::Failed(failure.clone()),
    };
    let ended_at = base.clock.now();
    let (usage, devices) = (served.usage, served.devices.clone());
    Attempt { number: 1, outcome, exit_code: None, usage, devices, started_at: at, ended_at }
}
