//! Jobs.

use std::collections::HashMap;

use actix_web::{HttpResponse, get, web};
use skep_domain::Error;
use skep_domain::model::account::Caller;
use skep_domain::model::id::{JobId, RunId};
use skep_domain::model::job::Job;
use skep_domain::port::store::{JobFilter, RunFilter};
use skep_domain::service::Services;

use super::error::Failure;
use super::schemas::Refusals;
use super::{Allowed, FIRST, LIST_BYTES_MAX, LIST_MAX, map, model};
use crate::shared::allowed::RunsRead;

type Answer = Result<HttpResponse, Failure>;

/// Lines of a job's log that are read.
const LINES_MAX: u32 = 10_000;
/// The caller's jobs, newest first: 1,000 of them, or 8 MiB.
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
            if shower.has_room() {
                shower.show_run(run.id).await?;
            }
        }
        page.after = listed.next;
        if listed.next.is_none() || !shower.has_room() {
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

/// Shows jobs with their logs. What a version's build wrote is read once.
struct Shower<'a> {
    services: &'a Services,
    caller: &'a Caller,
    build_logs: HashMap<(String, u32), Option<String>>,
    bytes: usize,
    views: Vec<model::Job>,
}

impl<'a> Shower<'a> {
    fn new(services: &'a Services, caller: &'a Caller) -> Self {
        Self { services, caller, build_logs: HashMap::new(), bytes: 0, views: Vec::new() }
    }

    fn has_room(&self) -> bool {
        self.views.len() < LIST_MAX && self.bytes < LIST_BYTES_MAX
    }

    /// Shows jobs of a run, the last one first, as far as there is room.
    async fn show_run(&mut self, run: RunId) -> Result<(), Error> {
        let mut page = FIRST;
        loop {
            let filter = JobFilter { run: Some(run), ..JobFilter::default() };
            let listed = self.services.jobs.list(self.caller, filter, page).await?;
            for job in listed.items {
                if self.has_room() {
                    self.show(job).await?;
                }
            }
            page.after = listed.next;
            if listed.next.is_none() || !self.has_room() {
                return Ok(());
            }
        }
    }

    async fn show(&mut self, job: Job) -> Result<(), Error> {
        let log = self.services.jobs.logs(self.caller, job.id, 0, LINES_MAX).await?;
        let waiting_for = self.services.jobs.waiting_for(&job);
        let build_logs = match waiting_for {
            Some(what) => Some(format!("waiting for {what}\n")),
            None => self.build_logs(&job).await,
        };
        let logs: usize = log.iter().map(|entry| entry.line.text.len()).sum();
        self.bytes += job.bytes() + logs + build_logs.as_ref().map_or(0, String::len);
        let now = self.services.base().clock.now();
        self.views.push(map::job(job, &log, build_logs, now));
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
