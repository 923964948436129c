//! What Fiddler's API sends, as seed 003 and its client have it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub(super) const API_VERSION: &str = "3.0";

/// An answer that is one thing.
#[derive(Serialize, ToSchema)]
pub(super) struct Normal<T> {
    #[schema(example = "3.0")]
    pub(super) api_version: &'static str,
    #[schema(example = "NORMAL")]
    pub(super) kind: &'static str,
    pub(super) data: T,
}

impl<T> Normal<T> {
    pub(super) fn new(data: T) -> Self {
        Self { api_version: API_VERSION, kind: "NORMAL", data }
    }
}

/// A job.
#[derive(Serialize, ToSchema)]
pub(super) struct Job {
    #[schema(format = "uuid")]
    pub(super) id: String,
    /// The function's name.
    pub(super) name: String,
    pub(super) info: Info,
    pub(super) status: Status,
    /// 100 for one that ended well, else 0: it is one task.
    #[schema(minimum = 0, maximum = 100)]
    pub(super) progress: u8,
    /// Why it failed, for people.
    #[schema(required)]
    pub(super) error_message: Option<String>,
    /// The kind of its failure.
    #[schema(required)]
    pub(super) error_reason: Option<String>,
    /// Its result, where it was asked for with `verbose`.
    #[schema(required)]
    pub(super) extras: Option<BTreeMap<String, Extra>>,
}

/// A job, as a list has it.
#[derive(Serialize, ToSchema)]
pub(super) struct JobItem {
    #[schema(format = "uuid")]
    pub(super) id: String,
    /// The function's name.
    pub(super) name: String,
    pub(super) info: Info,
    pub(super) status: Status,
    #[schema(format = DateTime)]
    pub(super) created_at: String,
    #[schema(format = DateTime)]
    pub(super) updated_at: String,
    #[schema(format = DateTime, required)]
    pub(super) started_at: Option<String>,
    #[schema(format = DateTime, required)]
    pub(super) completed_at: Option<String>,
}

/// An account, as the project of its jobs.
#[derive(Serialize, ToSchema)]
pub(super) struct Project {
    #[schema(format = "uuid")]
    pub(super) id: String,
    pub(super) name: String,
    #[schema(format = DateTime)]
    pub(super) created_at: String,
    #[schema(format = DateTime)]
    pub(super) updated_at: String,
    pub(super) organization: Organization,
}

/// What a job is of.
#[derive(Serialize, ToSchema)]
pub(super) struct Info {
    pub(super) resource_type: ResourceType,
    /// The function's name.
    pub(super) resource_name: String,
    /// The account's name.
    pub(super) project_name: String,
}

/// `MODEL` where a model is granted to the function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ResourceType {
    Model,
    Data,
}

impl ResourceType {
    /// Its word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Model => "MODEL",
            Self::Data => "DATA",
        }
    }
}

/// Where a job is. `RETRY` and `REVOKED` are its client's, not its document's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Status {
    Pending,
    Started,
    Retry,
    Success,
    Failure,
    Revoked,
}

impl Status {
    /// Its word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Started => "STARTED",
            Self::Retry => "RETRY",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Revoked => "REVOKED",
        }
    }
}

/// The one task of a job.
#[derive(Serialize, ToSchema)]
pub(super) struct Extra {
    pub(super) status: Status,
    /// The result, if it is an object; another under `value`.
    #[schema(value_type = Object)]
    pub(super) result: Value,
    #[schema(required)]
    pub(super) error_message: Option<String>,
}

/// What a client asks for first.
#[derive(Serialize, ToSchema)]
pub(super) struct ServerInfo {
    /// None: what this has, it has for all.
    #[schema(value_type = Object)]
    pub(super) feature_flags: Value,
    /// The release of Fiddler whose API this is.
    pub(super) server_version: &'static str,
    pub(super) organization: Organization,
}

/// That a client may go on: nothing more is said.
#[derive(Serialize, ToSchema)]
pub(super) struct Compatible {}

/// The caller's account.
#[derive(Serialize, ToSchema)]
pub(super) struct Organization {
    #[schema(format = "uuid")]
    pub(super) id: String,
    pub(super) name: String,
}
