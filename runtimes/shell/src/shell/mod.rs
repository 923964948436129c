//! The state of a shell. A subshell has a copy of it: what is large in it is shared until one changes it.

mod descriptors;
mod options;
pub(crate) mod paths;
mod variables;

use std::collections::HashMap;
use std::rc::Rc;

pub(crate) use descriptors::Descriptors;
pub(crate) use options::Options;
pub(crate) use variables::{Kind, Value, Variables};

use crate::executor::Job;
use crate::stream::Output;
use crate::syntax::Command;

/// Commands, words and tools that run inside of each other. Each takes a part of the sandbox's stack: of one
/// MiB, 700 of the largest were measured to fill it. A call of a function takes two, with an `if` in it three.
pub(crate) const DEPTH_MAX: u32 = 350;

/// Background jobs that a shell remembers.
pub(crate) const JOBS_MAX: usize = 10_000;

/// Why the commands after this one do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The shell or subshell ends with `status`.
    Exit,
    /// The function or sourced file ends with `status`.
    Return,
    Break(u32),
    Continue(u32),
}

pub(crate) type Flow = Result<(), Stop>;

#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) variables: Variables,
    pub(crate) functions: Rc<HashMap<String, Rc<Command>>>,
    /// `$1` and on.
    pub(crate) arguments: Rc<Vec<String>>,
    /// `$0`, and what stands before messages.
    pub(crate) name: Rc<str>,
    /// The working directory, absolute. The process has none of its own in WASI.
    pub(crate) directory: Rc<str>,
    pub(crate) descriptors: Descriptors,
    pub(crate) options: Options,
    pub(crate) status: u8,
    /// The line of the command that runs.
    pub(crate) line: u32,
    pub(crate) depth: u32,
    /// Conditions around the command, in which a failure does not end a shell with `set -e`.
    pub(crate) conditions: u32,
    pub(crate) loops: u32,
    pub(crate) functions_running: u32,
    pub(crate) exit_trap: Option<Rc<str>>,
    pub(crate) error_trap: Option<Rc<str>>,
    pub(crate) jobs: Vec<(u32, Job<u8>)>,
    /// `$!`
    pub(crate) last_job: Option<u32>,
    /// What the last substitution in the command ended with, if there was one.
    pub(crate) substituted: Option<u8>,
    /// The letter of an argument of several options that `getopts` is at.
    pub(crate) option_letter: usize,
    /// The state of `$RANDOM`.
    pub(crate) random: u32,
    pub(crate) began: std::time::Instant,
}

impl Shell {
    pub(crate) fn new(name: &str, arguments: Vec<String>, descriptors: Descriptors) -> Self {
        Self {
            variables: Variables::default(),
            functions: Rc::default(),
            arguments: Rc::new(arguments),
            name: name.into(),
            directory: "/".into(),
            descriptors,
            options: Options::default(),
            status: 0,
            line: 0,
            depth: 0,
            conditions: 0,
            loops: 0,
            functions_running: 0,
            exit_trap: None,
            error_trap: None,
            jobs: Vec::new(),
            last_job: None,
            substituted: None,
            option_letter: 0,
            random: std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |now| now.subsec_nanos() | 1),
            began: std::time::Instant::now(),
        }
    }

    /// A copy for `( … )` and what else runs in a subshell.
    pub(crate) fn subshell(&self) -> Self {
        Self { exit_trap: None, loops: 0, jobs: Vec::new(), ..self.clone() }
    }

    /// Writes a message of the shell to its stderr. That it cannot be written changes nothing.
    pub(crate) async fn complain(&self, message: &str) {
        let text = format!("{}: line {}: {message}", self.name, self.line.max(1));
        let mut output = Output::new(self.descriptors.get(2));
        if output.line(text.as_bytes()).await.is_ok() {
            let _ = output.flush().await;
        }
    }

    /// Ends the shell with a message and a status.
    pub(crate) async fn fail(&mut self, message: &str, status: u8) -> Stop {
        self.complain(message).await;
        self.status = status;
        Stop::Exit
    }

    /// Goes one level deeper, or ends the shell if that is too deep. The caller sets `depth` back.
    pub(crate) async fn descend(&mut self) -> Flow {
        if self.depth >= DEPTH_MAX {
            return Err(self
                .fail(&format!("commands run deeper than {DEPTH_MAX} levels in each other"), 2)
                .await);
        }
        self.depth += 1;
        Ok(())
    }

    /// The first character of `IFS`, which joins the values of `"$*"`.
    pub(crate) fn joiner(&self) -> String {
        match self.variables.get("IFS") {
            Some(separators) => separators.chars().next().map(String::from).unwrap_or_default(),
            None => " ".to_owned(),
        }
    }
}
