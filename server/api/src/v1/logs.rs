//! `/v1/jobs/{jobId}/logs`: a page, or a stream of lines as they are written.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use skep_domain::model::account::Caller;
use skep_domain::model::id::JobId;
use skep_domain::model::log::Start;
use skep_domain::model::page::{Listed, Position};
use skep_domain::model::time::Millis;
use skep_domain::service::Services;
use skep_domain::{Error, Result};

use super::error::Failure;
use super::model::{LineView, List, Success};
use super::query::LogQuery;
use super::schemas::Refusals;
use super::{Allowed, map};
use crate::shared::allowed::JobsRead;
use crate::shared::params::Params;
use crate::shared::stream::{self, Event, Follow, Source};

/// Lines of one page of a log at most, and where none are asked for.
const LINES_MAX: u32 = 1000;

/// A page of a log, oldest line first. With `follow=true` a stream of server-sent events instead: `line`
/// for each line as it is written, its `seq` as the event's id, and `end` with the job once it is over.
/// `Last-Event-ID` goes on after a line.
#[utoipa::path(
    tag = "jobs",
    params(
        ("job_id" = String, Path, description = "the job's id"),
        ("Last-Event-ID" = Option<String>, Header, nullable = false, description = "the id of the last line that was seen"),
        LogQuery,
    ),
    responses(
        (status = 200, description = "a page, oldest line first; or the stream", content(
            (Success<List<LineView>> = "application/json"),
            (String = "text/event-stream"),
        )),
        Refusals,
    ),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs/{job_id}/logs")]
pub(super) async fn log_list(
    allowed: Allowed<JobsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let mut params = Params::of(&request)?;
    let follow = params.flag("follow")?;
    let limit = params.limit(LINES_MAX)?.unwrap_or(LINES_MAX);
    let from = params.after()?.map_or(0, |after| after.row + 1);
    let cursors = params.finish()?;
    let (caller, id): (Caller, JobId) = (allowed.caller, id.parse()?);
    if follow {
        let watching = services.jobs.watch(&caller, id).await?;
        let from = stream::last_event_id(&request, parse_seq)?.map_or(from, |seq| seq + 1);
        let lines = Lines { services: services.get_ref().clone(), id, from };
        return Ok(stream::events(Follow::new(lines, watching, allowed, &services)));
    }
    let mut entries = services.jobs.logs(&caller, id, Start::at(from), limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(|last| Position { at: Millis(0), row: last.seq });
    let list = map::list(Listed { items: entries, next }, &cursors, map::line);
    Ok(map::success(StatusCode::OK, list, "log"))
}

fn parse_seq(text: &str) -> Option<u64> {
    text.parse().ok().filter(|seq| *seq < i64::MAX as u64)
}

/// Lines of a job's log from a place on.
struct Lines {
    services: Services,
    id: JobId,
    from: u64,
}

impl Source for Lines {
    async fn next(&mut self, caller: &Caller) -> Result<(Vec<Event>, bool)> {
        // Whether it is over first: what was written before then is in what is read after.
        let job = self.services.jobs.get(caller, self.id).await?;
        let is_over = job.progress.status.is_over();
        let entries = self.services.jobs.logs(caller, self.id, Start::at(self.from), LINES_MAX).await?;
        let full = entries.len() == LINES_MAX as usize;
        self.from = entries.last().map_or(self.from, |last| last.seq + 1);
        let line = |entry: skep_domain::model::log::Entry| {
            let id = entry.seq.to_string();
            Event::new("line", Some(id), &map::line(entry))
        };
        let mut events: Vec<Event> = entries.into_iter().map(line).collect::<Result<_, Error>>()?;
        if is_over && !full {
            events.push(Event::new("end", None, &map::job(job, None))?);
        }
        Ok((events, is_over && !full))
    }
}
