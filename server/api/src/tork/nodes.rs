//! `/nodes` and `/queues`: here is one node, and one queue that fairness between accounts is in.

use std::sync::OnceLock;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use skep_domain::model::account::Caller;
use skep_domain::model::id::Sha256;
use skep_domain::model::job::Status;
use skep_domain::model::page::{Order, Page};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{JobFilter, PlanFilter};
use skep_domain::service::Services;
use skep_domain::{Code, Error, Result};
use utoipa::ToSchema;

use super::auth::Allowed;
use super::error::Failure;
use super::schemas::{Metrics, Nodes, Refusals, Running};
use crate::shared::allowed::RunsRead;
use crate::shared::date::timestamp;

type Answer = std::result::Result<HttpResponse, Failure>;

/// The one queue.
const QUEUE: &str = "default";
/// Jobs that are counted at most.
const COUNTED_MAX: u32 = 100;

/// A queue.
#[derive(Serialize, ToSchema)]
pub(super) struct Queue {
    name: &'static str,
    /// Tasks that wait: 100 is 100 or more.
    size: usize,
    subscribers: u32,
    /// Tasks that run: 100 is 100 or more.
    unacked: usize,
}

/// A node.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    id: &'static str,
    name: &'static str,
    started_at: String,
    last_heartbeat_at: String,
    queue: String,
    /// `UP`.
    status: &'static str,
    hostname: &'static str,
    task_count: usize,
    version: &'static str,
}

/// The node's id: of this life of the server.
pub(super) fn node_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| Sha256::of(std::process::id().to_string().as_bytes()).to_string()[..32].to_owned())
}

#[utoipa::path(
    tag = "queues",
    responses((status = 200, description = "the queue", body = Vec<Queue>), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("")]
pub(super) async fn queue_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    Ok(HttpResponse::Ok().json([queue(&services, &allowed.caller).await?]))
}

#[utoipa::path(
    tag = "queues",
    params(("name" = String, Path, description = "the queue's name")),
    responses((status = 200, description = "the queue", body = Queue), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("/{name}")]
pub(super) async fn queue_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    if *name != QUEUE {
        return Err(Error::new(Code::NotFound, format!("queue {name} not found")).into());
    }
    Ok(HttpResponse::Ok().json(queue(&services, &allowed.caller).await?))
}

#[utoipa::path(
    tag = "nodes",
    responses((status = 200, description = "the node", body = Vec<Node>), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("")]
pub(super) async fn node_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    static STARTED: OnceLock<Millis> = OnceLock::new();
    let now = services.base().clock.now();
    let node = Node {
        id: node_id(),
        name: "skep",
        started_at: timestamp(*STARTED.get_or_init(|| now)).to_string(),
        last_heartbeat_at: timestamp(now).to_string(),
        queue: format!("x-{}", node_id()),
        status: "UP",
        hostname: "localhost",
        task_count: count(&services, &allowed.caller, Status::Running).await?,
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(HttpResponse::Ok().json([node]))
}

/// What the caller has under way.
pub(super) async fn metrics(services: &Services, caller: &Caller) -> Result<Metrics> {
    let filter = PlanFilter { status: Some(Status::Running), ..PlanFilter::default() };
    let jobs = services.plans.count(caller, filter).await?;
    let tasks = count(services, caller, Status::Running).await? as u64;
    Ok(Metrics {
        jobs: Running { running: jobs },
        tasks: Running { running: tasks },
        nodes: Nodes { online: 1, cpu_percent: 0.0 },
    })
}

async fn queue(services: &Services, caller: &Caller) -> Result<Queue> {
    let size = count(services, caller, Status::Queued).await?;
    Ok(Queue { name: QUEUE, size, subscribers: 1, unacked: count(services, caller, Status::Running).await? })
}

/// The caller's jobs in a status, up to a number.
async fn count(services: &Services, caller: &Caller, status: Status) -> Result<usize> {
    let filter = JobFilter { status: Some(status), order: Order::Descending, ..JobFilter::default() };
    Ok(services.jobs.list(caller, filter, Page { limit: COUNTED_MAX, after: None }).await?.items.len())
}
