//! A run: jobs that were submitted together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::id::{AccountId, FunctionId, RunId, StageId};
use super::job::Status;
use super::labels::Labels;
use super::money::Nanodollars;
use super::named::named;
use super::retry::Policy;
use super::time::Millis;
use crate::error::{Error, Result};

named! {
    /// What made a run. Lists show all but `invoke`, `http`, `build` and `plan` unless asked.
    Source, "source", "source":
    /// A submission of many jobs.
    Run = 0, "run";
    /// A submission of one job.
    Job = 1, "job";
    /// A call that somebody waited for.
    Invoke = 2, "invoke";
    /// A request to an HTTP function that is kept.
    Http = 3, "http";
    /// The build of a version.
    Build = 4, "build";
    /// A schedule whose time came.
    Schedule = 5, "schedule";
    /// A stage of a plan.
    Plan = 6, "plan";
}

impl Source {
    /// Whether it stands in lists where nobody asks for it.
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Run | Self::Job | Self::Schedule)
    }
}

/// Jobs of a run, by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts(pub [u32; 7]);

impl Counts {
    /// Jobs in a status.
    pub fn of(&self, status: Status) -> u32 {
        self.0[usize::from(status.number())]
    }

    /// All jobs.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Jobs that are over.
    pub fn over(&self) -> u32 {
        Status::ALL.iter().filter(|status| status.is_over()).map(|status| self.of(*status)).sum()
    }

    /// How far the run is, from 0 to 100; 100 only when it is over.
    pub fn progress(&self) -> u32 {
        match self.total() {
            0 => 100,
            total => (u64::from(self.over()) * 100 / u64::from(total)) as u32,
        }
    }

    /// The run's own status, by its jobs.
    pub fn status(&self, cancelled: bool) -> Status {
        let total = self.total();
        if self.over() < total {
            let untouched = self.of(Status::Queued) == total;
            return if untouched { Status::Queued } else { Status::Running };
        }
        let cancelled = cancelled || self.of(Status::Cancelled) == total;
        match (self.of(Status::Succeeded) == total, cancelled) {
            (true, _) => Status::Succeeded,
            (false, true) => Status::Cancelled,
            (false, false) => Status::Failed,
        }
    }
}

/// What all jobs of a run have in common: stored once with the run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// The export to call; the function's setting where it is not named.
    pub export: Option<String>,
    /// What a command reads.
    pub stdin: Option<String>,
    /// Environment variables on top of the function's.
    pub env: BTreeMap<String, String>,
    /// Wall time of an attempt; the function's setting where it is not named.
    pub timeout_ms: Option<u64>,
    /// The retry policy; the function's setting where it is not named.
    pub retry: Option<Policy>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Words by which it is found.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// What whoever submitted it keeps with it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Jobs that run at once; as many as there is room for where it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Before which others of the account its jobs are taken, where none bids more: 0 to 9, the highest first.
    #[serde(skip_serializing_if = "is_least")]
    pub priority: u8,
    /// Bytes of memory of an instance; the function's setting where it is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes_max: Option<u64>,
    /// What a worker must offer to be given its jobs. Where it is empty, none is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub requires: BTreeSet<String>,
}

fn is_least(priority: &u8) -> bool {
    *priority == 0
}

/// The highest priority.
pub const PRIORITY_MAX: u8 = 9;
/// Characters of a run's name.
const NAME_LENGTH_MAX: usize = 256;
/// Tags of a run.
const TAGS_MAX: usize = 16;
/// Characters of a tag.
const TAG_LENGTH_MAX: usize = 64;

impl Common {
    /// Checks the name, the tags, the concurrency and the priority.
    ///
    /// # Errors
    /// Invalid, with the field at fault.
    pub fn check_words(&self) -> Result<()> {
        if self.name.as_ref().is_some_and(|name| !fits(name, NAME_LENGTH_MAX)) {
            let message =
                format!("name must be 1 to {NAME_LENGTH_MAX} characters, none of them a control character");
            return Err(Error::invalid(message).field("name"));
        }
        if self.concurrency == Some(0) {
            return Err(Error::invalid("concurrency must be 1 at least").field("concurrency"));
        }
        check_priority(self.priority, "priority")?;
        check_tags(&self.tags, "tags")
    }
}

/// Checks a priority that somebody sent.
///
/// # Errors
/// Invalid, with its bounds.
pub fn check_priority(priority: u8, field: &str) -> Result<()> {
    if priority <= PRIORITY_MAX {
        return Ok(());
    }
    Err(Error::invalid(format!("{field} must be from 0 to {PRIORITY_MAX}")).field(field))
}

/// Checks tags that somebody sent.
///
/// # Errors
/// Invalid, with how many there may be and what a tag may be.
pub fn check_tags(tags: &BTreeSet<String>, field: &str) -> Result<()> {
    let is_tag = |tag: &String| fits(tag, TAG_LENGTH_MAX) && !tag.contains([',', ' ']);
    if tags.len() <= TAGS_MAX && tags.iter().all(is_tag) {
        return Ok(());
    }
    let message = format!(
        "{field} may be {TAGS_MAX}, each of 1 to {TAG_LENGTH_MAX} characters without spaces and commas"
    );
    Err(Error::invalid(message).field(field))
}

fn fits(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A run as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Whose it is.
    pub account: AccountId,
    /// What made it.
    pub source: Source,
    /// The stage of a plan that made it, if one did.
    pub stage: Option<StageId>,
    /// The function.
    pub function: FunctionId,
    /// The function's name when the run was made.
    pub function_name: String,
    /// The pinned version.
    pub version: u32,
    /// What its jobs have in common.
    pub common: Common,
    /// Its jobs by status.
    pub counts: Counts,
    /// Whether it was cancelled as a whole.
    pub cancelled: bool,
    /// The most that its owner pays for a job-minute.
    pub bid: Option<Nanodollars>,
    /// What was charged for its jobs.
    pub cost: Nanodollars,
    /// The argument tuples, as JSON texts, where there are few; see [`PARAMETERS_SHOWN_MAX`].
    pub parameters: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Millis,
    /// When its first job was claimed.
    pub started_at: Option<Millis>,
    /// When its last job was over.
    pub completed_at: Option<Millis>,
}

/// A place in the order in which the ends of a run's jobs were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Which of the writes.
    pub seq: u64,
    /// How many of its ends are before this place.
    pub seen: u32,
}

/// A run of more jobs than this does not repeat their arguments: its jobs show them.
pub const PARAMETERS_SHOWN_MAX: u32 = 100;
/// Nor does one whose arguments have more bytes than this.
pub const PARAMETERS_BYTES_SHOWN_MAX: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_over_when_every_job_is() {
        let counts = |queued, running, succeeded, failed, cancelled| {
            Counts([queued, running, 0, succeeded, failed, 0, cancelled])
        };
        assert_eq!(counts(2, 0, 0, 0, 0).status(false), Status::Queued);
        assert_eq!(counts(1, 0, 1, 0, 0).status(false), Status::Running);
        assert_eq!(counts(0, 1, 1, 0, 0).status(true), Status::Running);
        assert_eq!(counts(0, 0, 2, 0, 0).status(true), Status::Succeeded);
        assert_eq!(counts(0, 0, 1, 1, 0).status(false), Status::Failed);
        assert_eq!(counts(0, 0, 1, 0, 1).status(true), Status::Cancelled);
        assert_eq!(counts(1, 0, 199, 0, 0).progress(), 99);
    }
}
