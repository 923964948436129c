//! Plans on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use skep_domain::model::retry::Policy;
use utoipa::ToSchema;

use super::CountsView;
use super::webhooks::WebhookBody;
use crate::shared::body::{Wire, object};
use crate::v1::schemas::{plan_status, stage_kind, stage_status};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::v1) struct PlanBody {
    /// 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256)]
    pub(in crate::v1) name: String,
    /// What it is for, in 4,096 characters at most.
    pub(in crate::v1) description: Option<String>,
    /// Words by which it is found: 16 of 1 to 64 characters, without spaces and commas.
    #[schema(max_items = 16)]
    pub(in crate::v1) tags: Option<BTreeSet<String>>,
    /// What its submitter keeps with it: 16 labels, 4 KiB in all.
    pub(in crate::v1) labels: Option<BTreeMap<String, String>>,
    /// What expressions know as `inputs`: 256 KiB at most.
    pub(in crate::v1) inputs: Option<Map<String, Value>>,
    /// What expressions know as `secrets`: 100 of them, 256 KiB in all. They are sealed, never shown, and redacted in logs.
    pub(in crate::v1) secrets: Option<BTreeMap<String, String>>,
    /// Who is told of `plan.*`, `stage.*` and `job.*` of it: 10 at most.
    #[schema(max_items = 10)]
    pub(in crate::v1) webhooks: Option<Vec<WebhookBody>>,
    /// What the plan comes to: an expression in `{{ }}`, or a text with some.
    #[schema(example = "{{ vars.sum }}")]
    pub(in crate::v1) output: Option<String>,
    /// One after another; 10,000 at most, with those in others.
    #[schema(min_items = 1)]
    pub(in crate::v1) stages: Vec<StageBody>,
    /// Not before, within a year.
    pub(in crate::v1) run_at: Option<u64>,
    /// How long it is kept once it is over; as long as the server keeps runs where it is not named.
    pub(in crate::v1) kept_ms: Option<u64>,
}

/// A stage: exactly one of `call`, `sequence`, `parallel`, `each` and `plan`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct StageBody {
    /// What it is called. May have expressions in `{{ }}`.
    pub(in crate::v1) name: String,
    /// An expression: where it comes to false or null, the stage is left out.
    #[serde(rename = "if")]
    pub(in crate::v1) when: Option<String>,
    /// What later expressions know its result as, in `vars`. May have expressions in `{{ }}`.
    pub(in crate::v1) var: Option<String>,
    /// Calls a function.
    #[serde(default, deserialize_with = "object")]
    pub(in crate::v1) call: Option<CallBody>,
    /// Stages one after another.
    #[schema(no_recursion)]
    pub(in crate::v1) sequence: Option<Vec<StageBody>>,
    /// Stages at once.
    #[schema(no_recursion)]
    pub(in crate::v1) parallel: Option<Vec<StageBody>>,
    /// A stage for each item of a list.
    #[serde(default, deserialize_with = "object")]
    pub(in crate::v1) each: Option<EachBody>,
    /// A plan of its own.
    #[serde(default, deserialize_with = "object")]
    pub(in crate::v1) plan: Option<NestedBody>,
}

/// A call. Its texts may have expressions in `{{ }}`; one that is nothing but an expression becomes its value.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::v1) struct CallBody {
    pub(in crate::v1) function: String,
    pub(in crate::v1) version: Option<u32>,
    pub(in crate::v1) export: Option<String>,
    pub(in crate::v1) arguments: Option<Vec<Value>>,
    pub(in crate::v1) env: Option<BTreeMap<String, String>>,
    pub(in crate::v1) stdin: Option<String>,
    /// Wall time of an attempt.
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub(in crate::v1) timeout_ms: Option<u64>,
    #[serde(default, deserialize_with = "object")]
    pub(in crate::v1) retry: Option<Policy>,
    /// The most that is paid for a job-minute, in dollars: a number, or a string of one.
    #[schema(schema_with = crate::v1::schemas::price)]
    pub(in crate::v1) bid_price: Option<Box<RawValue>>,
    /// Before which others of the account its job is taken, where none bids more: the highest first.
    #[schema(maximum = 9)]
    pub(in crate::v1) priority: Option<u8>,
    /// Memory of an instance: 64 KiB to 4 GiB; the function's setting where it is not named.
    #[schema(minimum = 65_536, maximum = 4_294_967_296_u64)]
    pub(in crate::v1) memory_bytes_max: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct EachBody {
    /// An expression that comes to a list: 100,000 items at most.
    #[schema(example = "{{ 1..10 }}")]
    pub(in crate::v1) list: String,
    /// What the stage's expressions know the item as: an object of `index`, from 0, and `value`. `item` where it is not
    /// named.
    pub(in crate::v1) var: Option<String>,
    /// Items at once; as many as there is room for where it is not named.
    #[schema(minimum = 1, maximum = 100_000)]
    pub(in crate::v1) concurrency: Option<u32>,
    #[schema(no_recursion)]
    #[serde(deserialize_with = "object")]
    pub(in crate::v1) stage: Box<StageBody>,
}

/// A plan in a plan. It knows its own inputs, secrets and variables; its name, inputs and secrets may have expressions
/// of the outer one. Its output is the stage's result.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct NestedBody {
    pub(in crate::v1) name: String,
    pub(in crate::v1) description: Option<String>,
    pub(in crate::v1) inputs: Option<Map<String, Value>>,
    pub(in crate::v1) secrets: Option<BTreeMap<String, String>>,
    pub(in crate::v1) webhooks: Option<Vec<WebhookBody>>,
    pub(in crate::v1) output: Option<String>,
    /// Whether the outer plan goes on at once, and neither ends with the other.
    pub(in crate::v1) detached: Option<bool>,
    #[schema(no_recursion, min_items = 1)]
    pub(in crate::v1) stages: Vec<StageBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct PlanView {
    pub(in crate::v1) plan_id: String,
    /// The plan that it is a stage of.
    pub(in crate::v1) parent_id: Option<String>,
    /// The schedule that made it.
    pub(in crate::v1) schedule_id: Option<String>,
    pub(in crate::v1) name: String,
    pub(in crate::v1) description: Option<String>,
    pub(in crate::v1) tags: BTreeSet<String>,
    pub(in crate::v1) labels: BTreeMap<String, String>,
    pub(in crate::v1) inputs: Map<String, Value>,
    /// The names of its secrets.
    pub(in crate::v1) secrets: Vec<String>,
    #[schema(schema_with = plan_status)]
    pub(in crate::v1) status: &'static str,
    /// Stages of the first level.
    pub(in crate::v1) num_stages: u32,
    /// How many of them are over.
    pub(in crate::v1) stages_over: u32,
    /// Percent of them.
    #[schema(maximum = 100)]
    pub(in crate::v1) progress: u32,
    /// Why it failed.
    pub(in crate::v1) error: Option<String>,
    /// What its output came to.
    #[schema(value_type = Option<Value>)]
    pub(in crate::v1) result: Option<Box<RawValue>>,
    pub(in crate::v1) cost_nanodollars: u64,
    pub(in crate::v1) run_at: Option<u64>,
    pub(in crate::v1) created_at: u64,
    pub(in crate::v1) started_at: Option<u64>,
    pub(in crate::v1) completed_at: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct StageView {
    pub(in crate::v1) stage_id: String,
    /// The stage that it is a part of; null on the first level.
    pub(in crate::v1) parent_id: Option<String>,
    /// Its place among its parent's parts, from 0.
    pub(in crate::v1) index: u32,
    pub(in crate::v1) name: Option<String>,
    #[schema(schema_with = stage_kind)]
    pub(in crate::v1) kind: &'static str,
    #[schema(schema_with = stage_status)]
    pub(in crate::v1) status: &'static str,
    /// The runs that it made, each with its jobs: `/v1/runs/{runId}` shows them.
    pub(in crate::v1) runs: Vec<StageRunView>,
    /// The plan that it made.
    pub(in crate::v1) plan_id: Option<String>,
    /// Why it failed.
    pub(in crate::v1) error: Option<String>,
    pub(in crate::v1) started_at: Option<u64>,
    pub(in crate::v1) completed_at: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct StageRunView {
    pub(in crate::v1) run_id: String,
    pub(in crate::v1) counts: CountsView,
}

impl Wire for PlanBody {}
