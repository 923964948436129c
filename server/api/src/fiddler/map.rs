//! Domain to Fiddler's words.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_domain::model::account::Account;
use skep_domain::model::attempt::{Attempt, Outcome, Output};
use skep_domain::model::function::Function;
use skep_domain::model::job::{Job, Status};
use skep_domain::model::selection::Brief;
use skep_domain::model::settings::Grants;
use skep_domain::model::time::Millis;

use super::model::{self, Extra, Info, ResourceType};
use crate::shared::date::timestamp;

pub(super) fn job(job: Job, function: Option<&Function>, account: &Account, verbose: bool) -> model::Job {
    let (status, progress) = (status(job.progress.status), job.percent());
    let failure = failure(status, job.last.as_ref());
    let (error_reason, error_message) = failure.unzip();
    let extras = verbose.then(|| {
        let result = result(status, job.last.as_ref());
        let task = Extra { status, result, error_message: error_message.clone() };
        BTreeMap::from([(job.id.to_string(), task)])
    });
    model::Job {
        id: job.id.to_string(),
        name: job.job_type.clone(),
        info: Info {
            resource_type: resource_type(function.map(|function| &function.settings.grants)),
            resource_name: job.job_type,
            project_name: account.name.as_str().to_owned(),
        },
        status,
        progress,
        error_message,
        error_reason,
        extras,
    }
}

/// A job of a list.
pub(super) fn item(job: Brief, account: &Account) -> model::JobItem {
    let resource_type = if job.has_model { ResourceType::Model } else { ResourceType::Data };
    model::JobItem {
        id: job.id.to_string(),
        name: job.job_type.clone(),
        info: Info {
            resource_type,
            resource_name: job.job_type,
            project_name: account.name.as_str().to_owned(),
        },
        status: status(job.status),
        created_at: time(job.created_at),
        updated_at: time(job.updated_at),
        started_at: job.started_at.map(time),
        completed_at: job.completed_at.map(time),
    }
}

/// An account as a project, and as whose it is.
pub(super) fn project(account: &Account) -> model::Project {
    let at = time(account.created_at);
    model::Project {
        id: account.id.to_string(),
        name: account.name.as_str().to_owned(),
        created_at: at.clone(),
        updated_at: at,
        organization: organization(account),
    }
}

pub(super) fn organization(account: &Account) -> model::Organization {
    model::Organization { id: account.id.to_string(), name: account.name.as_str().to_owned() }
}

fn time(at: Millis) -> String {
    timestamp(at).to_string()
}

fn resource_type(grants: Option<&Grants>) -> ResourceType {
    match grants {
        Some(grants) if !grants.models.is_empty() => ResourceType::Model,
        _ => ResourceType::Data,
    }
}

pub(super) fn status(status: Status) -> model::Status {
    match status {
        Status::Queued => model::Status::Pending,
        Status::Running => model::Status::Started,
        Status::Retrying => model::Status::Retry,
        Status::Succeeded => model::Status::Success,
        Status::Failed | Status::TimedOut => model::Status::Failure,
        Status::Cancelled => model::Status::Revoked,
    }
}

/// Why a job failed: the kind, and for people. A job that will be tried again has not failed.
fn failure(status: model::Status, last: Option<&Attempt>) -> Option<(String, String)> {
    match &last?.outcome {
        Outcome::Failed(failure) if status == model::Status::Failure => {
            Some((failure.code.name().to_owned(), failure.message.clone()))
        }
        _ => None,
    }
}

fn result(status: model::Status, last: Option<&Attempt>) -> Value {
    let output = match last.map(|last| &last.outcome) {
        Some(Outcome::Succeeded(output)) if status == model::Status::Success => output,
        _ => return json!({}),
    };
    let value: Value = match output {
        Output::None => return json!({}),
        // What is kept as JSON was JSON when it came.
        Output::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Output::Text(text) => text.as_str().into(),
    };
    if value.is_object() { value } else { json!({"value": value}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_with_a_model_is_of_one() {
        let with_model = Grants { models: vec!["mnist".to_owned()], ..Grants::default() };
        assert_eq!(resource_type(Some(&with_model)), ResourceType::Model);
        assert_eq!(resource_type(Some(&Grants::default())), ResourceType::Data);
        assert_eq!(resource_type(None), ResourceType::Data);
    }

    /// Each of ours, and what it is there.
    #[test]
    fn every_status_has_its_counterpart() {
        let table: Vec<String> = Status::ALL
            .iter()
            .map(|ours| format!("{} {}", ours.name(), json!(status(*ours)).as_str().unwrap_or_default()))
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        QUEUED PENDING
        RUNNING STARTED
        RETRYING RETRY
        SUCCEEDED SUCCESS
        FAILED FAILURE
        TIMED_OUT FAILURE
        CANCELLED REVOKED
        ");
    }
}
