//! Schedules on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use skep_domain::model::retry::Policy;
use utoipa::ToSchema;

use super::RunBody;
use super::plans::PlanBody;
use crate::shared::body::{Wire, object};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::v1) struct ScheduleBody {
    /// Five fields (minute, hour, day of the month, month, day of the week), a word as `@daily`, or `@every 1h30m`.
    #[schema(example = "30 4 * * MON-FRI")]
    pub(in crate::v1) cron: String,
    /// By its name in the IANA database; `UTC` where it is not named.
    #[schema(example = "Europe/Berlin")]
    pub(in crate::v1) time_zone: Option<String>,
    /// What becomes of runs that were due while the server did not run: `skip` leaves them out, `once` makes one for
    /// all of them.
    #[schema(example = "skip")]
    pub(in crate::v1) missed: Option<String>,
    /// Whether it waits to be resumed.
    pub(in crate::v1) paused: Option<bool>,
    /// What is submitted, without `runAt`: 1,000 jobs and 256 KiB at most. Either this or `plan`.
    #[serde(default, deserialize_with = "object")]
    pub(in crate::v1) run: Option<RunBody>,
    /// The same of a plan: 256 KiB at most.
    #[serde(default, deserialize_with = "object")]
    pub(in crate::v1) plan: Option<PlanBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ScheduleChangeBody {
    pub(in crate::v1) paused: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct ScheduleView {
    pub(in crate::v1) schedule_id: String,
    pub(in crate::v1) name: String,
    pub(in crate::v1) cron: String,
    pub(in crate::v1) time_zone: String,
    /// `skip` or `once`.
    pub(in crate::v1) missed: &'static str,
    pub(in crate::v1) paused: bool,
    /// The run that it submits; null where that is a plan.
    pub(in crate::v1) run: Option<PlannedView>,
    /// The plan that it submits, without its stages, and its secrets by their names; null where that is a run.
    pub(in crate::v1) plan: Option<PlannedPlanView>,
    /// When the next run is made; null while it is paused, or where the time never comes again.
    pub(in crate::v1) next_at: Option<u64>,
    /// When the last run was to be made.
    pub(in crate::v1) last_at: Option<u64>,
    pub(in crate::v1) last_run_id: Option<String>,
    pub(in crate::v1) last_plan_id: Option<String>,
    /// Why nothing was submitted the last time, where that is so.
    pub(in crate::v1) last_error: Option<String>,
    pub(in crate::v1) created_at: u64,
    pub(in crate::v1) updated_at: u64,
}

/// What a schedule submits.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct PlannedView {
    pub(in crate::v1) function: String,
    pub(in crate::v1) version: Option<u32>,
    #[schema(value_type = Vec<Vec<Value>>)]
    pub(in crate::v1) parameters: Vec<Box<RawValue>>,
    pub(in crate::v1) export: Option<String>,
    pub(in crate::v1) stdin: Option<String>,
    pub(in crate::v1) env: BTreeMap<String, String>,
    pub(in crate::v1) bid_price: Option<String>,
    pub(in crate::v1) timeout_ms: Option<u64>,
    pub(in crate::v1) retry: Option<Policy>,
    pub(in crate::v1) labels: BTreeMap<String, String>,
    pub(in crate::v1) name: Option<String>,
    pub(in crate::v1) tags: BTreeSet<String>,
    pub(in crate::v1) concurrency: Option<u32>,
    pub(in crate::v1) priority: u8,
}

/// What a schedule submits, where it is a plan.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct PlannedPlanView {
    pub(in crate::v1) name: String,
    pub(in crate::v1) description: Option<String>,
    pub(in crate::v1) tags: BTreeSet<String>,
    pub(in crate::v1) labels: BTreeMap<String, String>,
    pub(in crate::v1) inputs: Map<String, Value>,
    pub(in crate::v1) secrets: Vec<String>,
}

impl Wire for ScheduleBody {}
impl Wire for ScheduleChangeBody {}
