//! Running guests, as the product sees it.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::model::attempt::Attempt;
use crate::model::function::{Code, Interface, Made};
use crate::model::id::{AccountId, JobId, RunId, Sha256};
use crate::model::log::Line;
use crate::model::ml_model::{Batching, Found};
use crate::model::run::Common;
use crate::model::settings::Settings;
use crate::model::trace::Trace;

/// An upload, made a component.
pub struct Prepared {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// What it offers.
    pub interface: Interface,
}

/// One attempt to be made.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The job.
    pub job: JobId,
    /// The attempt's number.
    pub attempt: u32,
    /// Whose it is, and its weight: guests of different accounts are polled fairly.
    pub account: AccountId,
    /// The account's weight.
    pub weight: u32,
    /// What it shares with the other jobs of its run.
    pub recipe: Arc<Recipe>,
    /// The arguments, as a JSON array.
    pub arguments: String,
    /// What it has for itself; see [`crate::model::own::Own`].
    pub own: Option<Vec<u8>>,
}

/// What a guest is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A call of a function.
    Call,
    /// The build of a version: the code is a runtime, this the hash of the source. What builds may use is set
    /// where they run.
    Build(Sha256),
}

/// What is the same for every job of a run: settings and input, joined.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The run.
    pub run: RunId,
    /// The trace of the request that asked for it.
    pub trace: Option<Trace>,
    /// The function's name, which a command sees as its own.
    pub function: String,
    /// What runs.
    pub code: Code,
    /// What it is to do.
    pub task: Task,
    /// The export to call.
    pub export: Option<String>,
    /// What a command reads.
    pub stdin: String,
    /// The function's settings, with what the run overrides.
    pub settings: Settings,
    /// Whether it is of a stage of a plan.
    pub is_staged: bool,
}

impl Recipe {
    /// Joins a function's settings with what a run overrides.
    pub fn join(
        (run, trace): (RunId, Option<Trace>),
        function: &str,
        settings: &Settings,
        code: Code,
        common: &Common,
        is_staged: bool,
    ) -> Arc<Self> {
        let mut settings = settings.clone();
        if let Some(timeout) = common.timeout_ms {
            settings.limits.timeout_ms = timeout;
        }
        if let Some(bytes) = common.memory_bytes_max {
            settings.limits.memory_bytes_max = bytes;
        }
        if let Some(retry) = &common.retry {
            settings.retry = retry.clone();
        }
        settings.env.extend(common.env.clone());
        Arc::new(Self {
            run,
            trace,
            function: function.to_owned(),
            code,
            task: Task::Call,
            export: common.export.clone().or(settings.export.take()),
            stdin: common.stdin.clone().unwrap_or_default(),
            settings,
            is_staged,
        })
    }

    /// The build of a version of a function.
    pub fn build(
        (run, trace): (RunId, Option<Trace>),
        function: &str,
        runtime: Code,
        source: Sha256,
    ) -> Arc<Self> {
        Arc::new(Self {
            run,
            trace,
            function: function.to_owned(),
            code: runtime,
            task: Task::Build(source),
            export: None,
            stdin: String::new(),
            settings: Settings::default(),
            is_staged: false,
        })
    }
}

/// What came of an attempt.
pub struct Attempted {
    /// How it ended and what it used.
    pub attempt: Attempt,
    /// What was made, if it was a build and ended well; it is on disk.
    pub made: Option<Made>,
    /// The lines that were not handed to the log sink while it ran.
    pub lines: Vec<Line>,
}

/// Takes what a guest that runs longer than a moment says, as it comes.
#[async_trait]
pub trait Record: Send + Sync {
    /// Keeps some lines of an attempt.
    async fn lines(&self, job: JobId, attempt: u32, lines: Vec<Line>) -> Result<()>;

    /// Keeps how far an attempt is, in percent.
    async fn progress(&self, job: JobId, attempt: u32, percent: u8) -> Result<()>;
}

/// Where guests run.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Makes a component of an upload and compiles it.
    ///
    /// # Errors
    /// Invalid, with what the bytes are and what to do.
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Prepared>;

    /// The same for a runtime, which the operator brings: compiling it may take more.
    ///
    /// # Errors
    /// Invalid, with what the bytes are and what to do.
    async fn prepare_runtime(&self, bytes: Vec<u8>) -> Result<Prepared>;

    /// Looks through a model, and proves that its rows are independent where it is to be batched.
    ///
    /// # Errors
    /// Invalid, with what is wrong with it.
    async fn inspect_model(&self, file: Bytes, batching: Option<Batching>) -> Result<Found>;

    /// Checks calls before anything is recorded, and gives them back.
    ///
    /// # Errors
    /// The index of the first tuple that does not fit, and why.
    async fn check(
        &self,
        code: Code,
        export: Option<&str>,
        tuples: Vec<Box<RawValue>>,
    ) -> Result<Vec<Box<RawValue>>, (Option<usize>, Error)>;

    /// Checks what a function is granted.
    ///
    /// # Errors
    /// Invalid, with the field at fault and how to write it.
    fn check_grants(&self, settings: &Settings) -> Result<()>;

    /// Runs one attempt to its end. A guest's failure is an outcome, and so is the host's.
    async fn run(&self, assignment: Assignment, record: Arc<dyn Record>) -> Attempted;

    /// Stops the guest of a job if it runs here. Says whether it does.
    fn cancel(&self, job: JobId) -> bool;

    /// Guests that could run now but for want of a thread, by account.
    fn backlogs(&self) -> HashMap<AccountId, u32>;
}
