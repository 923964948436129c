//! Jobs.

use std::collections::HashMap;
use std::ops::ControlFlow;

use actix_web::{HttpResponse, get, web};
use skep_domain::Error;
use skep_domain::model::account::Caller;
use skep_domain::model::id::JobId;
use skep_domain::model::job::Job;
use skep_domain::model::log::Start;
use skep_domain::model::run::Run;
use skep_domain::port::store::{JobFilter, RunFilter};
use skep_domain::service::Services;

use super::error::Failure;
use super::list::{self, Room};
use super::schemas::Refusals;
use super::{Allowed, map, model};
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
    let (caller, services) = (&allowed.caller, services.get_ref());
    let (mut views, mut shower) = (Vec::new(), Shower::new(services, caller));
    let read = async |page| services.runs.list(caller, RunFilter::default(), page).await;
    let show = async |run: Run| {
        let read = async |page| {
            let filter = JobFilter { run: Some(run.id), ..JobFilter::default() };
            services.jobs.list(caller, filter, page).await
        };
        list::each(read, async |job| {
            let view = shower.show(job).await?;
            Ok(view.map_or(ControlFlow::Break(()), |view| {
                views.push(view);
                ControlFlow::Continue(())
            }))
        })
        .await
    };
    let _ = list::each(read, show).await?;
    Ok(HttpResponse::Ok().json(views))
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
    let view = Shower::new(&services, &allowed.caller).show(job).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Shows jobs with their logs, as long as there is room. What a version's build wrote is read once.
pub(super) struct Shower<'a> {
    services: &'a Services,
    caller: &'a Caller,
    build_logs: HashMap<(String, u32), Option<String>>,
    room: Room,
}

impl<'a> Shower<'a> {
    pub(super) fn new(services: &'a Services, caller: &'a Caller) -> Self {
        Self { services, caller, build_logs: HashMap::new(), room: Room::new() }
    }

    pub(super) async fn show(&mut self, job: Job) -> Result<Option<model::Job>, Error> {
        let last = Start { attempt: job.progress.attempts, seq: 0 };
        let log = self.services.jobs.logs(self.caller, job.id, last, LINES_MAX).await?;
        let waiting_for = self.services.jobs.waiting_for(&job);
        let build_logs = match waiting_for {
            Some(what) => Some(format!("waiting for {what}\n")),
            None => self.build_logs(&job).await,
        };
        let logs: usize = log.iter().map(|entry| entry.line.text.len()).sum();
        let bytes = job.bytes() + logs + build_logs.as_ref().map_or(0, String::len);
        let now = self.services.base().clock.now();
        Ok(self.room.take(bytes).is_continue().then(|| map::job(job, &log, build_logs, now)))
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
