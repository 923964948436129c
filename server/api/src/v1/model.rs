//! The wire types of the native API. Names are contract; absent is `null`, never missing.

mod functions;
pub(super) mod plans;
pub(super) mod schedules;
pub(super) mod webhooks;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use skep_domain::model::job::Ended;
use skep_domain::model::limits::Limits;
use skep_domain::model::retry::Policy;
use skep_domain::model::usage::DeviceUsage;

use utoipa::ToSchema;

pub(super) use self::functions::{
    Component, FunctionView, RuntimeVersionsView, RuntimeView, SourceView, UploadedView, VersionView,
};
use crate::shared::body::{Wire, object};
use crate::v1::schemas::{failure_code, job_status, result_type, run_source, run_status, stream};

/// What every success looks like.
#[derive(Serialize, ToSchema)]
pub(super) struct Success<T> {
    pub(super) success: bool,
    pub(super) data: T,
    pub(super) message: &'static str,
}

/// A page of a list. The key is left out on the last one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) last_evaluated_key: Option<String>,
}

/// Nothing to be said but that it went well.
#[derive(Serialize, ToSchema)]
pub(super) struct Nothing {}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunView {
    pub(super) run_id: String,
    #[schema(schema_with = run_source)]
    pub(super) source: &'static str,
    pub(super) function: String,
    pub(super) function_version: u32,
    pub(super) export: Option<String>,
    #[schema(schema_with = run_status)]
    pub(super) status: &'static str,
    pub(super) num_jobs: u32,
    pub(super) counts: CountsView,
    /// Percent of its jobs that are over.
    #[schema(maximum = 100)]
    pub(super) progress: u32,
    /// One tuple of arguments a job, where there are few.
    #[schema(value_type = Option<Vec<Vec<Value>>>)]
    pub(super) parameters: Option<Vec<Box<RawValue>>>,
    /// The most that is paid for a job-minute, in dollars.
    pub(super) bid_price: Option<String>,
    pub(super) device: &'static str,
    /// What was charged so far.
    pub(super) cost_nanodollars: u64,
    pub(super) name: Option<String>,
    pub(super) tags: BTreeSet<String>,
    /// Jobs that run at once; null where there is no bound.
    pub(super) concurrency: Option<u32>,
    #[schema(maximum = 9)]
    pub(super) priority: u8,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) created_at: u64,
    pub(super) started_at: Option<u64>,
    pub(super) completed_at: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CountsView {
    pub(super) queued: u32,
    pub(super) running: u32,
    pub(super) retrying: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    pub(super) timed_out: u32,
    pub(super) cancelled: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    pub(super) job_id: String,
    pub(super) run_id: String,
    pub(super) index: u32,
    pub(super) job_type: String,
    /// What a plan calls it, where it is one item of a stage.
    pub(super) name: Option<String>,
    pub(super) function_version: u32,
    #[schema(schema_with = job_status)]
    pub(super) status: &'static str,
    #[schema(schema_with = result_type)]
    pub(super) result_type: &'static str,
    #[schema(value_type = PayloadView)]
    pub(super) payload: Box<RawValue>,
    #[schema(value_type = Option<Value>)]
    pub(super) result: Option<Box<RawValue>>,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<ErrorView>,
    pub(super) attempts: u32,
    /// How far it is, in percent: what the guest wrote to the file that `SKEP_PROGRESS` names; 100 once it succeeded.
    #[schema(maximum = 100)]
    pub(super) progress: u8,
    /// Why it is not claimed, where it is not just its turn.
    pub(super) waiting_for: Option<String>,
    pub(super) node_id: Option<String>,
    /// The worker that was given it last; null where this server claimed it.
    #[schema(format = "uuid")]
    pub(super) worker_id: Option<String>,
    pub(super) device: &'static str,
    pub(super) usage: Option<UsageView>,
    /// What was charged so far.
    pub(super) cost_nanodollars: u64,
    /// The most that is paid for a job-minute, in dollars.
    pub(super) bid_price: Option<String>,
    pub(super) created_at: u64,
    pub(super) updated_at: u64,
    pub(super) assigned_at: Option<u64>,
    pub(super) started_at: Option<u64>,
    pub(super) completed_at: Option<u64>,
}

/// A job with what it wrote, as a call answers.
#[derive(Serialize, ToSchema)]
pub(super) struct InvokedView {
    #[serde(flatten)]
    pub(super) job: JobView,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ErrorView {
    #[schema(schema_with = failure_code)]
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) backtrace: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageView {
    pub(super) cpu_nanos: u64,
    pub(super) wall_nanos: u64,
    pub(super) memory_peak_bytes: u64,
    pub(super) memory_byte_seconds: u64,
    pub(super) egress_bytes: u64,
    /// Time of GPUs; inference on the processor is CPU time.
    pub(super) device_nanos: u64,
    pub(super) log_bytes: u64,
    /// Which devices served an attempt's inferences; none in sums of many attempts.
    pub(super) devices: Vec<DeviceUsage>,
}

/// What one attempt came to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptView {
    pub(super) attempt: u32,
    #[schema(schema_with = result_type)]
    pub(super) result_type: &'static str,
    #[schema(value_type = Option<Value>)]
    pub(super) result: Option<Box<RawValue>>,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<ErrorView>,
    pub(super) usage: UsageView,
    /// What was charged.
    pub(super) cost_nanodollars: u64,
    /// The version of the price list.
    pub(super) price_version: u32,
    pub(super) started_at: u64,
    pub(super) completed_at: u64,
}

/// A job that is over, as a stream of events tells of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndedView {
    job_id: String,
    index: u32,
    status: &'static str,
    result_type: &'static str,
    attempts: u32,
    cost_nanodollars: u64,
    completed_at: Option<u64>,
}

impl From<Ended> for EndedView {
    fn from(ended: Ended) -> Self {
        Self {
            job_id: ended.id.to_string(),
            index: ended.index,
            status: ended.status.name(),
            result_type: ended.result_type.name(),
            attempts: ended.attempts,
            cost_nanodollars: ended.cost.0,
            completed_at: ended.completed_at.map(|at| at.0),
        }
    }
}

/// A line of a run's results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultView {
    pub(super) index: u32,
    pub(super) job_id: String,
    pub(super) status: &'static str,
    pub(super) result_type: &'static str,
    pub(super) result: Option<Box<RawValue>>,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<ErrorView>,
}

/// The payload of a job, as it is shown: what was not sent is left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the domain writes as text")]
pub(super) struct PayloadView {
    arguments: Vec<Value>,
    #[schema(nullable = false)]
    export: Option<String>,
    #[schema(nullable = false)]
    stdin: Option<String>,
    #[schema(nullable = false)]
    env: Option<BTreeMap<String, String>>,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountView {
    pub(super) account_id: String,
    pub(super) name: String,
    /// Its share of the executor against other accounts'.
    #[schema(minimum = 1, maximum = 1000)]
    pub(super) weight: u32,
    /// What its keys and tokens may do at most.
    pub(super) scopes: Vec<&'static str>,
    pub(super) has_password: bool,
    pub(super) created_at: u64,
}

/// An account with its first key.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeAccountView {
    #[serde(flatten)]
    pub(super) account: AccountView,
    /// 40 hex digits, shown this once.
    pub(super) key: String,
}

/// A key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyView {
    pub(super) key_id: String,
    pub(super) name: String,
    pub(super) scopes: Vec<&'static str>,
    pub(super) expires_at: Option<u64>,
    pub(super) created_at: u64,
}

/// A key with its digits.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeKeyView {
    #[serde(flatten)]
    pub(super) view: KeyView,
    /// 40 hex digits, shown this once.
    pub(super) key: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenView {
    /// A JWT, to be sent as `Authorization: Bearer …`.
    pub(super) token: String,
    pub(super) token_type: &'static str,
    pub(super) scopes: Vec<&'static str>,
    pub(super) expires_at: u64,
}

/// A line of a usage report.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportedView {
    /// The day, as in 2026-11-22, in UTC; `null` unless the report is by day.
    pub(super) day: Option<String>,
    /// The function's name; `null` unless the report is by function.
    pub(super) function: Option<String>,
    /// The run; `null` unless the report is by run.
    pub(super) run_id: Option<String>,
    /// Attempts that ended.
    pub(super) attempts: u64,
    /// What they used; the peak is the highest of any.
    pub(super) usage: UsageView,
    pub(super) cost_nanodollars: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LineView {
    pub(super) seq: u64,
    pub(super) attempt: u32,
    #[schema(schema_with = stream)]
    pub(super) stream: &'static str,
    pub(super) at: u64,
    pub(super) text: String,
}

/// `PATCH /v1/functions/{name}`: settings to change, as a JSON merge patch (RFC 7396).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionBody {
    /// A JSON merge patch of the settings (RFC 7396).
    #[schema(value_type = Object)]
    pub(super) settings: Value,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InvokeBody {
    #[schema(value_type = Option<Vec<Value>>)]
    pub(super) arguments: Option<Box<RawValue>>,
    pub(super) export: Option<String>,
    pub(super) version: Option<u32>,
    pub(super) stdin: Option<String>,
    pub(super) env: Option<BTreeMap<String, String>>,
    /// Wall time of an attempt.
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub(super) timeout_ms: Option<u64>,
    /// How long the answer may wait for the end.
    #[schema(maximum = 86_400_000)]
    pub(super) wait_ms: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RunBody {
    pub(super) function: String,
    /// One tuple of arguments a job.
    #[schema(value_type = Vec<Vec<Value>>, min_items = 1, max_items = 100_000)]
    pub(super) parameters: Vec<Box<RawValue>>,
    pub(super) export: Option<String>,
    pub(super) version: Option<u32>,
    pub(super) stdin: Option<String>,
    pub(super) env: Option<BTreeMap<String, String>>,
    /// The most that is paid for a job-minute, in dollars: a number, or a string of one.
    #[schema(schema_with = crate::v1::schemas::price)]
    pub(super) bid_price: Option<Box<RawValue>>,
    /// `cpu`.
    pub(super) device: Option<String>,
    /// Wall time of an attempt.
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub(super) timeout_ms: Option<u64>,
    #[serde(default, deserialize_with = "object")]
    pub(super) retry: Option<Policy>,
    /// Not before, within a year.
    pub(super) run_at: Option<u64>,
    /// What its submitter keeps with it: 16 labels, 4 KiB in all.
    pub(super) labels: Option<BTreeMap<String, String>>,
    /// What it is called: 1 to 256 characters.
    pub(super) name: Option<String>,
    /// Words by which it is found: 16 of 1 to 64 characters, without spaces and commas.
    #[schema(max_items = 16)]
    pub(super) tags: Option<BTreeSet<String>>,
    /// Jobs that run at once; as many as there is room for where it is not named.
    #[schema(minimum = 1)]
    pub(super) concurrency: Option<u32>,
    /// Before which others of the account its jobs are taken, where none bids more: the highest first; 0 where it is not
    /// named.
    #[schema(maximum = 9)]
    pub(super) priority: Option<u8>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct JobBody {
    pub(super) job_type: String,
    #[serde(deserialize_with = "object")]
    pub(super) payload: Payload,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    #[schema(value_type = Option<Vec<Value>>)]
    pub(super) arguments: Option<Box<RawValue>>,
    pub(super) export: Option<String>,
    pub(super) stdin: Option<String>,
    pub(super) env: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AccountBody {
    /// 1 to 100 letters, digits, '.', '_', '-' or '@', beginning with a letter or digit.
    pub(super) name: String,
    /// 8 characters at least.
    pub(super) password: Option<String>,
    #[schema(minimum = 1, maximum = 1000)]
    pub(super) weight: Option<u32>,
    /// All but `admin` where they are not named.
    #[schema(schema_with = crate::v1::schemas::scopes)]
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AccountChangeBody {
    pub(super) password: Option<String>,
    #[schema(minimum = 1, maximum = 1000)]
    pub(super) weight: Option<u32>,
    #[schema(schema_with = crate::v1::schemas::scopes)]
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyBody {
    /// What it is for.
    #[schema(max_length = 100)]
    pub(super) name: Option<String>,
    /// What it may do; all that the caller may, where they are not named.
    #[schema(schema_with = crate::v1::schemas::scopes)]
    pub(super) scopes: Option<Vec<String>>,
    /// When it ends.
    pub(super) expires_at: Option<u64>,
}

/// A key, or a name with its password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TokenBody {
    pub(super) key: Option<String>,
    pub(super) name: Option<String>,
    pub(super) password: Option<String>,
    /// All that the key or the account may, where they are not named.
    #[schema(schema_with = crate::v1::schemas::scopes)]
    pub(super) scopes: Option<Vec<String>>,
    #[schema(minimum = 1, maximum = 86_400)]
    pub(super) expires_in_seconds: Option<u64>,
}

impl Wire for AccountBody {}
impl Wire for AccountChangeBody {}
impl Wire for KeyBody {}
/// Whoever asks for a token has not shown anything yet.
impl Wire for TokenBody {
    fn bytes_max(_: &Limits) -> usize {
        16 << 10
    }
}
impl Wire for FunctionBody {}
impl Wire for InvokeBody {}
impl Wire for JobBody {}
impl Wire for RunBody {
    fn bytes_max(limits: &Limits) -> usize {
        limits.run_body_bytes_max
    }
}
