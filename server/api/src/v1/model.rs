//! The wire types of the native API. Names are contract; absent is `null`, never missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use skep_domain::model::function::{Export, Settings};
use skep_domain::model::limits::Limits;
use skep_domain::model::retry::Policy;

use crate::shared::body::Wire;

/// What every success looks like.
#[derive(Serialize)]
pub(super) struct Success<T> {
    pub(super) success: bool,
    pub(super) data: T,
    pub(super) message: &'static str,
}

/// A page of a list. The key is left out on the last one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_evaluated_key: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionView {
    pub(super) function_id: String,
    pub(super) name: String,
    pub(super) current_version: u32,
    pub(super) kinds: Vec<String>,
    pub(super) exports: Vec<Export>,
    pub(super) imports: Vec<String>,
    pub(super) settings: Settings,
    pub(super) created_at: u64,
    pub(super) updated_at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionView {
    pub(super) version: u32,
    pub(super) sha256: String,
    pub(super) size_bytes: u64,
    pub(super) state: &'static str,
    pub(super) runtime: Option<String>,
    pub(super) build_logs: Option<String>,
    pub(super) created_at: u64,
}

#[derive(Serialize)]
pub(super) struct UploadedView {
    pub(super) function: FunctionView,
    pub(super) version: VersionView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunView {
    pub(super) run_id: String,
    pub(super) source: &'static str,
    pub(super) function: String,
    pub(super) function_version: u32,
    pub(super) export: Option<String>,
    pub(super) status: &'static str,
    pub(super) num_jobs: u32,
    pub(super) counts: CountsView,
    pub(super) progress: u32,
    pub(super) parameters: Option<Vec<Box<RawValue>>>,
    pub(super) bid_price: Option<String>,
    pub(super) device: &'static str,
    pub(super) cost_nanodollars: Option<u64>,
    pub(super) created_at: u64,
    pub(super) started_at: Option<u64>,
    pub(super) completed_at: Option<u64>,
}

#[derive(Serialize)]
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    pub(super) job_id: String,
    pub(super) run_id: String,
    pub(super) index: u32,
    pub(super) job_type: String,
    pub(super) function_version: u32,
    pub(super) status: &'static str,
    pub(super) result_type: &'static str,
    pub(super) payload: Box<RawValue>,
    pub(super) result: Option<Box<RawValue>>,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<ErrorView>,
    pub(super) attempts: u32,
    pub(super) waiting_for: Option<String>,
    pub(super) node_id: Option<String>,
    pub(super) device: &'static str,
    pub(super) usage: Option<UsageView>,
    pub(super) cost_nanodollars: Option<u64>,
    pub(super) bid_price: Option<String>,
    pub(super) created_at: u64,
    pub(super) updated_at: u64,
    pub(super) assigned_at: Option<u64>,
    pub(super) started_at: Option<u64>,
    pub(super) completed_at: Option<u64>,
}

/// A job with what it wrote, as a call answers.
#[derive(Serialize)]
pub(super) struct InvokedView {
    #[serde(flatten)]
    pub(super) job: JobView,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

#[derive(Serialize)]
pub(super) struct ErrorView {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) backtrace: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageView {
    pub(super) cpu_nanos: u64,
    pub(super) wall_nanos: u64,
    pub(super) memory_peak_bytes: u64,
    pub(super) memory_byte_seconds: u64,
    pub(super) egress_bytes: u64,
    pub(super) device_nanos: u64,
    pub(super) log_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptView {
    pub(super) attempt: u32,
    pub(super) result_type: &'static str,
    pub(super) result: Option<Box<RawValue>>,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<ErrorView>,
    pub(super) usage: UsageView,
    pub(super) started_at: u64,
    pub(super) completed_at: u64,
}

#[derive(Serialize)]
pub(super) struct LineView {
    pub(super) seq: u64,
    pub(super) attempt: u32,
    pub(super) stream: &'static str,
    pub(super) at: u64,
    pub(super) text: String,
}

/// `PATCH /v1/functions/{name}`: settings to change, as a JSON merge patch (RFC 7396).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionBody {
    pub(super) settings: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InvokeBody {
    pub(super) arguments: Option<Box<RawValue>>,
    pub(super) export: Option<String>,
    pub(super) version: Option<u32>,
    pub(super) stdin: Option<String>,
    pub(super) env: Option<BTreeMap<String, String>>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) wait_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RunBody {
    pub(super) function: String,
    pub(super) parameters: Vec<Box<RawValue>>,
    pub(super) export: Option<String>,
    pub(super) version: Option<u32>,
    pub(super) stdin: Option<String>,
    pub(super) env: Option<BTreeMap<String, String>>,
    pub(super) bid_price: Option<Box<RawValue>>,
    pub(super) device: Option<String>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) retry: Option<Policy>,
    pub(super) run_at: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct JobBody {
    pub(super) job_type: String,
    pub(super) payload: Payload,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) arguments: Option<Box<RawValue>>,
    pub(super) export: Option<String>,
    pub(super) stdin: Option<String>,
    pub(super) env: Option<BTreeMap<String, String>>,
}

impl Wire for FunctionBody {}
impl Wire for InvokeBody {}
impl Wire for JobBody {}
impl Wire for RunBody {
    fn bytes_max(limits: &Limits) -> usize {
        limits.run_body_bytes_max
    }
}
