//! Jobs.

use std::collections::HashMap;

use actix_web::{HttpResponse, get, web};
use skep_domain::Error;
use skep_domain::model::account::Caller;
use skep_domain::model::id::{JobId, RunId};
use skep_domain::model::job::Job;
use skep_domain::model::page::{PAGE_MAX, Page};
use skep_domain::port::store::{JobFilter, RunFilter};
use skep_domain::service::Services;

use super::error::Failure;
use super::schemas::Refusals;
use super::{Allowed, LIST_MAX, map, model};
use crate::shared::allowed::RunsRead;

type Answer = Result<HttpResponse, Failure>;

/// Lines of a job's log that are read.
const LINES_MAX: u32 = 10_000;
/// Bytes of a list's logs; the jobs after these are shown without.
const LIST_LOG_BYTES_MAX: usize = 8 << 20;

/// The caller's jobs, newest first: 1,000 of them, the logs of the newest with 8 MiB together.
#[utoipa::path(
    tag = "jobs",
    responses((status = 200, description = "the jobs", body = Vec<model::Job>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs")]
pub(super) async fn job_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let mut shower = Shower::new(&services, &allowed.caller);
    let mut page = FIRST;
    loop {
        let listed = services.runs.list(&allowed.caller, RunFilter::default(), page).await?;
        for run in listed.items {
            shower.show_run(run.id).await?;
        }
        page.after = listed.next;
        if listed.next.is_none() || shower.views.len() >= LIST_MAX {
            return Ok(HttpResponse::Ok().json(shower.views));
        }
    }
}

#[utoipa::path(
    tag = "jobs",
    params(("uuid" = String, Path, format = "uuid", description = "the job's id")),
    responses((status = 200, description = "the job", body = model::Job), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs/{uuid}")]
pub(super) async fn job_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let id: JobId = uuid.parse().map_err(|_| Error::not_found("job"))?;
    let job = services.jobs.get(&allowed.caller, id).await?;
    let mut shower = Shower::new(&services, &allowed.caller);
    shower.show(job).await?;
    Ok(HttpResponse::Ok().json(shower.views.first()))
}

/// The first page of a list.
const FIRST: Page = Page { limit: PAGE_MAX, after: None };

/// Shows jobs with their logs. What a version's build wrote is read once.
struct Shower<'a> {
    services: &'a Services,
    caller: &'a Caller,
    build_logs: HashMap<(String, u32), Option<String>>,
    log_bytes: usize,
    views: Vec<model::Job>,
}

impl<'a> Shower<'a> {
    fn new(services: &'a Services, caller: &'a Caller) -> Self {
        Self { services, caller, build_logs: HashMap::new(), log_bytes: 0, views: Vec::new() }
    }

    /// Shows jobs of a run, the last one first, as far as there is room.
    async fn show_run(&mut self, run: RunId) -> Result<(), Error> {
        let mut page = FIRST;
        loop {
            let filter = JobFilter { run: Some(run), ..JobFilter::default() };
            let listed = self.services.jobs.list(self.caller, filter, page).await?;
            for job in listed.items {
                if self.views.len() < LIST_MAX {
                    self.show(job).await?;
                }
            }
            page.after = listed.next;
            if listed.next.is_none() || self.views.len() >= LIST_MAX {
                return Ok(());
            }
        }
    }

    async fn show(&mut self, job: Job) -> Result<(), Error> {
        if self.log_bytes >= LIST_LOG_BYTES_MAX {
            self.views.push(map::job(job, &[], None));
            return Ok(());
        }
        let log = self.services.jobs.logs(self.caller, job.id, 0, LINES_MAX).await?;
        let waiting_for = self.services.jobs.waiting_for(&job);
        let build_logs = match waiting_for {
            Some(what) => Some(format!("waiting for {what}\n")),
            None => self.build_logs(&job).await,
        };
        let logs = log.iter().map(|entry| entry.line.text.len());
        self.log_bytes += logs.sum::<usize>() + build_logs.as_ref().map_or(0, String::len);
        self.views.push(map::job(job, &log, build_logs));
        Ok(())
    }

    async fn build_logs(&mut self, job: &Job) -> Option<String> {
        let version = (job.job_type.clone(), job.version);
        if let Some(logs) = self.build_logs.get(&version) {
            return logs.clone();
        }
        // A version that is being deleted has none any more.
        let found = self.services.functions.version_with_logs(self.caller, &version.0, version.1).await;
        let logs = found.ok().and_then(|(_, logs)| logs);
        self.build_logs.insert(version, logs.clone());
        logs
    }
}
