//! Functions, their versions, and what makes them of source, on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use skep_domain::model::function::Export;
use skep_domain::model::settings::Settings;
use utoipa::ToSchema;

use crate::v1::schemas::version_state;

/// The bytes of a component, a module, or WebAssembly text.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies that are no JSON")]
pub(in crate::v1) struct Component(Vec<u8>);

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct FunctionView {
    pub(in crate::v1) function_id: String,
    pub(in crate::v1) name: String,
    pub(in crate::v1) current_version: u32,
    pub(in crate::v1) kinds: Vec<String>,
    pub(in crate::v1) exports: Vec<Export>,
    pub(in crate::v1) imports: Vec<String>,
    pub(in crate::v1) settings: Settings,
    pub(in crate::v1) created_at: u64,
    pub(in crate::v1) updated_at: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct VersionView {
    pub(in crate::v1) version: u32,
    pub(in crate::v1) sha256: String,
    pub(in crate::v1) size_bytes: u64,
    #[schema(schema_with = version_state)]
    pub(in crate::v1) state: &'static str,
    /// What builds it, of source: a runtime's name and version, `python@2`.
    pub(in crate::v1) runtime: Option<String>,
    /// The job that builds it, as long as it is kept.
    pub(in crate::v1) build_job_id: Option<String>,
    /// What its build wrote, and why it failed if it did; in lists it is left out.
    pub(in crate::v1) build_logs: Option<String>,
    pub(in crate::v1) created_at: u64,
}

/// One version of a runtime.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct RuntimeView {
    pub(in crate::v1) name: String,
    pub(in crate::v1) version: u32,
    pub(in crate::v1) sha256: String,
    pub(in crate::v1) size_bytes: u64,
    pub(in crate::v1) created_at: u64,
}

#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct RuntimeVersionsView {
    pub(in crate::v1) name: String,
    /// The one that builds first, then the newest.
    pub(in crate::v1) versions: Vec<RuntimeView>,
}

/// Files of source, by path.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is kept as it is sent")]
pub(in crate::v1) struct SourceView {
    /// The hash of the runtime's component.
    pub(in crate::v1) runtime: String,
    /// The file to begin with.
    pub(in crate::v1) main: String,
    /// Each file's content: `{"text": …}`, or `{"base64": …}` where it is no text.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub(in crate::v1) files: BTreeMap<String, Value>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct UploadedView {
    pub(in crate::v1) function: FunctionView,
    pub(in crate::v1) version: VersionView,
}
