//! What answers look like in the document, as far as it says.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{RefOr, Response};
use utoipa::{IntoResponses, ToSchema};

use crate::shared::refusals;

/// An error.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    message: String,
}

/// It was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    #[schema(example = "OK")]
    pub(super) status: &'static str,
}

/// A job. What is empty is left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobSummary {
    /// 32 hexadecimal digits.
    #[schema(min_length = 32, max_length = 32)]
    id: String,
    name: String,
    /// `PENDING`, `RUNNING`, `COMPLETED`, `FAILED` or `CANCELLED`.
    state: String,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The task of the first level that it has come to, from 1.
    position: u32,
    task_count: u32,
}

/// A job with its tasks: as they were defined, and as they were run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    #[serde(flatten)]
    summary: JobSummary,
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<()>,
    execution: Vec<Task>,
}

/// A scheduled job. What is empty is left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScheduledJobSummary {
    #[schema(min_length = 32, max_length = 32)]
    id: String,
    name: String,
    /// `ACTIVE` or `PAUSED`.
    state: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(example = "0 4 * * *")]
    cron: String,
}

/// A scheduled job as it was defined.
#[derive(Serialize, ToSchema)]
pub(super) struct ScheduledJob {
    #[serde(flatten)]
    summary: ScheduledJobSummary,
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<()>,
}

/// A task that was run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Task {
    #[schema(min_length = 32, max_length = 32)]
    id: String,
    #[schema(min_length = 32, max_length = 32)]
    job_id: String,
    /// `PENDING`, `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED` or `SKIPPED`.
    state: String,
}

/// What is going on.
#[derive(Serialize, ToSchema)]
pub(crate) struct Metrics {
    pub(super) jobs: Running,
    pub(super) tasks: Running,
    pub(super) nodes: Nodes,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Running {
    pub(super) running: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nodes {
    pub(super) online: u32,
    pub(super) cpu_percent: f64,
}

/// The refusals that any request may get.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::responses("Message", &[409])
    }
}
