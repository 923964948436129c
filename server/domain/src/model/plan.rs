//! A plan: stages that follow from each other. Each call in it becomes a run, made when its turn comes.
//!
//! A stage is data ([`Stage`]); what has become of it is a [`Staged`]. How a plan goes on is decided by
//! the service of plans, turn by turn.

mod check;
mod names;
mod sealing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::{AccountId, PlanId, RunId, ScheduleId, StageId};
use super::job::Status;
use super::labels::Labels;
use super::money::Nanodollars;
use super::named::named;
use super::retry::Policy;
use super::run::Counts;
use super::time::Millis;
use super::webhook::Hook;

pub use self::check::{STAGES_MAX, check, check_webhooks};
pub use self::names::Names;
pub use self::sealing::{HOISTED, hoist_secrets};

/// Bytes of all variables of a plan, as JSON.
pub const VARIABLES_BYTES_MAX: u64 = 4 << 20;

/// What values are in expressions, and how they are written into texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Style {
    /// Results are the JSON that they are; a value in a text is written as JSON.
    #[default]
    Json,
    /// Results are texts; a value in a text is written as Go's `%v` writes it.
    Text,
}

/// What a plan is, apart from its stages.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// What it is called.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words by which it is found.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// What whoever submitted it keeps with it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What its expressions know as `inputs`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    /// An expression: what the plan comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What values are.
    pub style: Style,
    /// How long it is kept once it is over, in milliseconds; as long as runs are where it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_ms: Option<u64>,
    /// What a dialect wants to know of it again, in its own words. It may be large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noted: Option<String>,
}

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What it is called. A template.
    pub name: String,
    /// It is left out where this comes to `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What expressions after it know its result as. A template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub var: Option<String>,
    /// What a dialect wants to know of it again, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<String>,
    /// What it does.
    pub does: Does,
}

/// What a stage does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Does {
    /// Calls a function: a run of one job.
    Call(Box<Call>),
    /// Stages one after another.
    Sequence(Vec<Stage>),
    /// Stages at once.
    Parallel(Vec<Stage>),
    /// A stage for each item of a list. Where it is a call, all of them are one run.
    Each(Box<Each>),
    /// A plan of its own.
    Plan(Box<Nested>),
}

named! {
    /// The kinds of [`Does`].
    Kind, "kind", "kind":
    /// A call.
    Call = 0, "call";
    /// One after another.
    Sequence = 1, "sequence";
    /// At once.
    Parallel = 2, "parallel";
    /// For each item.
    Each = 3, "each";
    /// A plan of its own.
    Plan = 4, "plan";
}

impl Does {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Call(_) => Kind::Call,
            Self::Sequence(_) => Kind::Sequence,
            Self::Parallel(_) => Kind::Parallel,
            Self::Each(_) => Kind::Each,
            Self::Plan(_) => Kind::Plan,
        }
    }
}

/// A call of a function. Its texts are templates.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// The function's name, or that of an image that stands for one.
    pub function: String,
    /// The version; the current one where it is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The export to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// The arguments. A text that is one template becomes the value itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Value>,
    /// Environment variables on top of the function's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What a command reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Wall time of an attempt, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// The retry policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Policy>,
    /// The most that is paid for a job-minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid: Option<Nanodollars>,
    /// Before which others of the account its job is taken: 0 to 9, the highest first.
    pub priority: u8,
    /// Bytes of memory of an instance; the function's setting where it is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes_max: Option<u64>,
    /// What is to be run, where the function's name is that of an image. The arguments are its command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<Box<Script>>,
}

/// What an image is asked to run. Nothing in it is a template.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Script {
    /// A script; where there is none, the command is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// What stands before the command's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Files by their names, and what is in them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// Folders that are to be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    /// What runs before it, in the same sandbox.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Aside>,
    /// What runs after it, if it ended well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Aside>,
    /// What it asks for that is not here: the call fails with that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

/// What runs before or after a script. Nothing in it is a template; the values of its variables stand in the call's
/// environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Aside {
    /// The image in which it would run: what stands for it must be what stands for that of the script.
    pub image: String,
    /// What stands before the names of its variables in the environment.
    pub prefix: String,
    /// The names of its variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// A script; where there is none, the command is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The command's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Files by their names, and what is in them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// A stage for each item of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Each {
    /// An expression that comes to a list.
    pub list: String,
    /// What the stage's expressions know the item as: an object of `index` and `value`.
    pub var: String,
    /// Items at once; all of them where it is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// The stage.
    pub stage: Stage,
}

/// A plan in a plan. Its name, inputs and secrets are templates of the outer one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Nested {
    /// What it is.
    pub head: Head,
    /// What its expressions know as `secrets`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// Who is told of what happens to it. URLs and headers are templates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Hook>,
    /// Whether the outer plan goes on at once, and neither ends with the other.
    pub is_detached: bool,
    /// Its stages, one after another.
    pub stages: Vec<Stage>,
}

impl Nested {
    /// The names of its secrets, without those that the server made of an inner plan's.
    pub fn names_of_secrets(&self) -> Vec<String> {
        self.secrets.keys().filter(|name| !name.starts_with(HOISTED)).cloned().collect()
    }
}

named! {
    /// Where a stage is in its life.
    StageStatus, "status", "status":
    /// Its turn has not come.
    Waiting = 0, "WAITING";
    /// What it does is under way.
    Running = 1, "RUNNING";
    /// Over: left out, for its condition was not met.
    Skipped = 2, "SKIPPED";
    /// Over: it ended well.
    Succeeded = 3, "SUCCEEDED";
    /// Over: it failed, and its plan with it.
    Failed = 4, "FAILED";
    /// Over: it was cancelled.
    Cancelled = 5, "CANCELLED";
}

impl StageStatus {
    /// Whether nothing moves it on.
    pub fn is_over(self) -> bool {
        match self {
            Self::Waiting | Self::Running => false,
            Self::Skipped | Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// A plan, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Whose it is.
    pub account: AccountId,
    /// The plan that it is a stage of.
    pub parent: Option<PlanId>,
    /// The schedule that made it.
    pub schedule: Option<ScheduleId>,
    /// What it is.
    pub head: Head,
    /// The names of its secrets.
    pub secrets: Vec<String>,
    /// Where it is. Never `RETRYING` or `TIMED_OUT`.
    pub status: Status,
    /// Its stages of the first level.
    pub total: u32,
    /// How many of them have begun.
    pub begun: u32,
    /// How many are over.
    pub over: u32,
    /// Why it failed.
    pub error: Option<String>,
    /// What it came to, as JSON.
    pub result: Option<String>,
    /// What was charged for the jobs of its runs.
    pub cost: Nanodollars,
    /// Not before this.
    pub run_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
    /// When its first stage began.
    pub started_at: Option<Millis>,
    /// When it was over.
    pub completed_at: Option<Millis>,
}

impl Plan {
    /// How far it is, from 0 to 100.
    pub fn progress(&self) -> u32 {
        match (self.total, self.status) {
            (_, Status::Succeeded) => 100,
            (0, _) => 0,
            (total, _) => (u64::from(self.over) * 100 / u64::from(total)) as u32,
        }
    }
}

/// A stage of a plan that has begun or waits, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Staged {
    /// Its id.
    pub id: StageId,
    /// The stage that it is a part of; none on the first level.
    pub parent: Option<StageId>,
    /// Its place among its parent's, from 0.
    pub position: u32,
    /// What it was to be; a part of an each has it there.
    pub stage: Option<Stage>,
    /// What it is called, once its turn has come.
    pub name: Option<String>,
    /// What it does.
    pub kind: Kind,
    /// Where it is.
    pub status: StageStatus,
    /// Its parts, if it has some.
    pub total: u32,
    /// How many of them are over.
    pub over: u32,
    /// The runs that it made.
    pub runs: Vec<(RunId, Counts)>,
    /// The plan that it made.
    pub plan: Option<PlanId>,
    /// Why it failed.
    pub error: Option<String>,
    /// When its turn came.
    pub started_at: Option<Millis>,
    /// When it was over.
    pub completed_at: Option<Millis>,
}
