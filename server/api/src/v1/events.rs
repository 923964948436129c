//! `/v1/runs/{runId}/events` and `/v1/runs/{runId}/results`: streams.

use actix_web::{HttpRequest, HttpResponse, get, web};
use bytes::Bytes;
use futures_util::stream::unfold;
use skep_domain::Result;
use skep_domain::model::account::Caller;
use skep_domain::model::id::RunId;
use skep_domain::model::job::Ended;
use skep_domain::model::run::{Counts, Place};
use skep_domain::service::Services;
use skep_domain::signals::Watching;

use super::error::Failure;
use super::model::EndedView;
use super::schemas::Refusals;
use super::{Allowed, map};
use crate::shared::allowed::{Again, RunsRead};
use crate::shared::params::Params;
use crate::shared::stream::{self, Event, Follow, Source};

/// Jobs that are told of at once at most.
const ENDED_MAX: u32 = 200;

/// Server-sent events of a run: `job` for each job that is over, in the order in which their ends were
/// written, `progress` with the run's counts after some of them, and `end` with the run once it is over.
/// `Last-Event-ID` goes on after a job.
#[utoipa::path(
    tag = "runs",
    params(
        ("run_id" = String, Path, description = "the run's id"),
        ("Last-Event-ID" = Option<String>, Header, nullable = false, description = "the id of the last event that was seen"),
    ),
    responses((status = 200, description = "a stream of events", content_type = "text/event-stream", body = String), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs/{run_id}/events")]
pub(super) async fn run_events(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    Params::of(&request)?.finish()?;
    let id: RunId = id.parse()?;
    let watching = services.runs.watch(&allowed.caller, id).await?;
    let after = stream::last_event_id(&request, parse_place)?.unwrap_or_default();
    let jobs = Jobs { services: services.get_ref().clone(), id, after, told: None };
    Ok(stream::events(Follow::new(jobs, watching, allowed, &services)))
}

/// `12-3`: after the third end of the twelfth write.
fn parse_place(text: &str) -> Option<Place> {
    let (seq, seen) = text.split_once('-')?;
    let seq: u64 = seq.parse().ok().filter(|seq| *seq < i64::MAX as u64)?;
    Some(Place { seq, seen: seen.parse().ok()? })
}

/// Jobs of a run that are over, after a place in the order of their ends.
struct Jobs {
    services: Services,
    id: RunId,
    after: Place,
    /// The counts that were told last.
    told: Option<Counts>,
}

impl Source for Jobs {
    async fn next(&mut self, caller: &Caller) -> Result<(Vec<Event>, bool)> {
        // Whether it is over first: what ended before then is in what is read after.
        let run = self.services.runs.get(caller, self.id).await?;
        let is_over = run.counts.status(run.cancelled).is_over();
        let ended = self.services.runs.ended(caller, self.id, self.after, ENDED_MAX).await?;
        let full = ended.len() == ENDED_MAX as usize;
        self.after = ended.last().map_or(self.after, |last| last.place);
        let job = |ended: Ended| {
            let id = format!("{}-{}", ended.place.seq, ended.place.seen);
            Event::new("job", Some(id), &EndedView::from(ended))
        };
        let mut events: Vec<Event> = ended.into_iter().map(job).collect::<Result<_>>()?;
        let is_end = is_over && !full;
        // Counts that are no older than what was just told.
        let counts = if events.is_empty() {
            run.counts
        } else {
            self.services.runs.get(caller, self.id).await?.counts
        };
        if !is_end && self.told != Some(counts) {
            self.told = Some(counts);
            events.push(Event::new("progress", None, &map::counts(&counts))?);
        }
        if is_end {
            events.push(Event::new("end", None, &map::run(run))?);
        }
        Ok((events, is_end))
    }
}

/// The results of a run: a line of JSON for each job, in the order of the parameters. A job that is not over
/// has its status and no result.
#[utoipa::path(
    tag = "runs",
    params(("run_id" = String, Path, description = "the run's id")),
    responses((status = 200, description = "lines of JSON", content_type = "application/x-ndjson", body = String), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs/{run_id}/results")]
pub(super) async fn run_results(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    Params::of(&request)?.finish()?;
    let id: RunId = id.parse()?;
    // What is not there is a 404, not a stream that breaks off; and a stream has its place.
    let watching = services.runs.watch(&allowed.caller, id).await?;
    let results = Results {
        services: services.get_ref().clone(),
        again: Again::of(allowed),
        id,
        from: 0,
        _watching: watching,
    };
    // The next part is read when the reader has taken the one before: no more is ever held.
    let lines = unfold(results, |mut results| async move {
        let part = results.part().await.transpose()?;
        let part = part.inspect_err(|error| tracing::info!(error = error.chain(), "results break off"));
        Some((part.map_err(|error| actix_web::Error::from(Failure::from(error))), results))
    });
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(lines))
}

/// The results of a run from a place on.
struct Results {
    services: Services,
    again: Again<RunsRead>,
    id: RunId,
    from: u32,
    /// One of the streams that may be open at once.
    _watching: Watching,
}

impl Results {
    /// The next lines; none at the end.
    async fn part(&mut self) -> Result<Option<Bytes>> {
        let caller = self.again.caller(&self.services).await?;
        let jobs = self.services.runs.results(&caller, self.id, self.from).await?;
        let Some(last) = jobs.last() else { return Ok(None) };
        self.from = last.index + 1;
        let lines = jobs.into_iter().map(|job| stream::line(&map::result(job)).map(|line| line + "\n"));
        lines.collect::<Result<String>>().map(|text| Some(text.into()))
    }
}
