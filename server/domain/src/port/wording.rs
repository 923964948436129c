//! How what happened is told: each API has its words for it.

use serde_json::{Map, Value};

use crate::model::job::Job;
use crate::model::plan::{Plan, Staged, Style};
use crate::model::run::Run;
use crate::model::time::Millis;
use crate::model::webhook::Event;

/// What something happened to, as it was then.
#[derive(Debug, Clone)]
pub enum Told {
    /// A run.
    Run(Run),
    /// A job.
    Job(Job),
    /// A plan.
    Plan(Plan),
    /// A stage of a plan; with its job, where it is a call that is over.
    Stage(Plan, Staged, Option<Job>),
    /// A job of a stage of a plan.
    Item(Plan, Staged, Job),
}

/// What is told.
#[derive(Debug, Clone)]
pub struct Telling {
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Millis,
    /// To what.
    pub told: Told,
}

/// Something that is told, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Worded {
    /// The body of the request.
    pub body: Value,
    /// What a condition knows.
    pub known: Map<String, Value>,
}

/// Whoever finds the words.
pub trait Wording: Send + Sync {
    /// Puts it into words, those of an API; nothing where that has none. Where it is to be brief, without what may be
    /// large.
    fn put(&self, style: Style, telling: &Telling, is_brief: bool) -> Option<Worded>;
}
