//! Logs of jobs and tasks: a part is a line, the newest first.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde_json::{Value, json};
use skep_domain::model::account::Caller;
use skep_domain::model::id::JobId;
use skep_domain::model::log::{Entry, Start};
use skep_domain::service::Services;
use skep_domain::{Error, Result};

use super::auth::Allowed;
use super::error::{Failure, missing};
use super::page::{self, Asked};
use super::schemas::Refusals;
use super::{execution, jobs, view};
use crate::shared::allowed::RunsRead;
use crate::shared::date::timestamp;

/// Lines of a page where none are asked for, and at most.
const SIZES: (u64, u64) = (25, 100);
/// Lines that a search reads.
const SEARCHED_MAX: u64 = 20_000;
/// Lines at the end of an error.
const TAIL: u64 = 10;
/// Lines that are read at once.
const READ_MAX: u64 = 1000;

/// The log of a job, its last task's last line first; `q` finds lines by words among the last 20,000.
#[utoipa::path(
    tag = "jobs",
    params(
        ("id" = String, Path, description = "the job's id"),
        ("page" = Option<u64>, Query, description = "which, from 1", minimum = 1),
        ("size" = Option<i64>, Query, description = "lines of a page: 25, and 100 at most"),
        ("q" = Option<String>, Query, description = "words that a line must have"),
    ),
    responses((status = 200, description = "the page", body = page::Page), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("/{id}/log")]
pub(super) async fn job_log(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, Failure> {
    let asked = Asked::of(&request, SIZES.0, SIZES.1)?;
    let plan = jobs::find(&services, &allowed.caller, &id).await?;
    let begun = execution::of_plan(&services, &allowed.caller, plan.id).await?;
    let mut tasks: Vec<Log> = begun.iter().filter_map(Log::of).collect();
    tasks.reverse();
    let page =
        page(&services, &allowed.caller, &asked, &tasks).await.map_err(|error| missing(error, "job"))?;
    Ok(HttpResponse::Ok().json(page))
}

/// The log of a task, the last line first; `q` finds lines by words among the last 20,000.
#[utoipa::path(
    tag = "tasks",
    params(
        ("id" = String, Path, description = "the task's id"),
        ("page" = Option<u64>, Query, description = "which, from 1", minimum = 1),
        ("size" = Option<i64>, Query, description = "lines of a page: 25, and 100 at most"),
        ("q" = Option<String>, Query, description = "words that a line must have"),
    ),
    responses((status = 200, description = "the page", body = page::Page), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("/{id}/log")]
pub(super) async fn task_log(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, Failure> {
    let asked = Asked::of(&request, SIZES.0, SIZES.1)?;
    let task =
        execution::one(&services, &allowed.caller, &id).await.map_err(|error| missing(error, "task"))?;
    let tasks: Vec<Log> = Log::of(&task).into_iter().collect();
    let page =
        page(&services, &allowed.caller, &asked, &tasks).await.map_err(|error| missing(error, "task"))?;
    Ok(HttpResponse::Ok().json(page))
}

/// The last lines of a job's log.
pub(super) async fn tail(services: &Services, caller: &Caller, job: JobId) -> Result<String> {
    let begin = services.jobs.log_length(caller, job).await?.saturating_sub(TAIL);
    let entries = services.jobs.logs(caller, job, Start::at(begin), TAIL as u32).await?;
    let lines: Vec<&str> = entries.iter().map(|entry| entry.line.text.as_str()).collect();
    Ok(lines.join("\n"))
}

/// The log of a task.
struct Log {
    task: String,
    job: JobId,
}

impl Log {
    fn of(begun: &execution::Begun) -> Option<Self> {
        Some(Self { task: begun.view["id"].as_str()?.to_owned(), job: begun.job? })
    }

    fn part(&self, entry: &Entry) -> Value {
        // Its task's id with its number in the last digits.
        let id = self.job.to_u128() & !u128::from(u32::MAX) | u128::from(entry.seq + 1);
        json!({
            "id": view::hex(id),
            "number": entry.seq + 1,
            "taskId": self.task,
            "contents": format!("{}\n", entry.line.text),
            "createdAt": timestamp(entry.line.at).to_string(),
        })
    }
}

/// A page of the lines of some logs, one log after another, each from its end.
async fn page(services: &Services, caller: &Caller, asked: &Asked, logs: &[Log]) -> Result<page::Page> {
    let words: Vec<String> =
        asked.search.iter().flat_map(|text| text.split_whitespace()).map(str::to_lowercase).collect();
    let has_all = |entry: &Entry| {
        let line = entry.line.text.to_lowercase();
        words.iter().all(|word| line.contains(word.as_str()))
    };
    let (mut items, mut skip, mut total, mut looked) = (Vec::new(), asked.skipped(), 0, 0);
    for log in logs {
        let lines = services.jobs.log_length(caller, log.job).await?;
        total += lines;
        let mut end = lines;
        if words.is_empty() {
            // Whole logs are left out without being read.
            end -= skip.min(lines);
            skip -= skip.min(lines);
        }
        while end > 0 && (items.len() as u64) < asked.size && looked < SEARCHED_MAX {
            let begin = end.saturating_sub(READ_MAX);
            let count = u32::try_from(end - begin).map_err(Error::internal)?;
            let entries = services.jobs.logs(caller, log.job, Start::at(begin), count).await?;
            looked += if words.is_empty() { 0 } else { entries.len() as u64 };
            for entry in entries.iter().rev().filter(|entry| has_all(entry)) {
                match skip {
                    0 if (items.len() as u64) < asked.size => items.push(log.part(entry)),
                    0 => break,
                    _ => skip -= 1,
                }
            }
            end = begin;
        }
    }
    Ok(asked.filled(items, total))
}
