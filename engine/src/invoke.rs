//! A call: checked, run in a fresh sandbox, reported.

mod attempt;
mod call;
mod classify;
pub(crate) mod preview1;
mod run;
mod script;
pub(crate) mod serve;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

pub use self::call::Call;
use crate::capability::files::Outside;
use crate::capability::grants::Grants;
use crate::capability::logs::{Capture, LogLine};
use crate::compile::{Engine, Program};
use crate::control::{Control, Interrupt};
use crate::error::Error;
use crate::invoke::attempt::Attempt;
use crate::limits::Limits;
use crate::outcome::Report;
use skep_fair::ShareGroup;

/// Bytes of a number of percents.
const PROGRESS_BYTES_MAX: u64 = 32;

/// Everything that one invocation takes.
pub struct Invocation {
    /// What to run.
    pub program: Program,
    /// The checked call, from [`Program::call`] of the same program.
    pub call: Call,
    /// What a command sees as its own name (`argv[0]`).
    pub name: String,
    /// Environment variables; the guest sees no others.
    pub env: Vec<(String, String)>,
    /// Where its standard streams go.
    pub stdio: Stdio,
    /// Directories of the host that it may read and write, where the engine's guests see these at all.
    pub directories: Vec<Directory>,
    /// What it may use.
    pub limits: Limits,
    /// What it may reach.
    pub grants: Arc<Grants>,
    /// Whose it is.
    pub group: ShareGroup,
}

impl Invocation {
    /// The variable that names the file of a command's result.
    pub(crate) const OUTPUT: &str = "SKEP_OUTPUT";
    /// The variable that names the file in which a guest says how far it is.
    pub(crate) const PROGRESS: &str = "SKEP_PROGRESS";

    /// Where a command may leave its result: where its environment says, or else at a place of ours.
    pub(crate) fn output_file(&self) -> &str {
        self.named(Self::OUTPUT, "/output")
    }

    /// Where a guest may say how far it is, in the same way.
    pub(crate) fn progress_file(&self) -> &str {
        self.named(Self::PROGRESS, "/progress")
    }

    fn named<'a>(&'a self, name: &str, usual: &'a str) -> &'a str {
        let named = self.env.iter().rev().find(|(known, _)| known == name);
        named.map_or(usual, |(_, path)| path)
    }
}

/// Where a guest's standard streams go.
pub enum Stdio {
    /// Stdin from memory; stdout and stderr to the log.
    Captured {
        /// What the guest reads; empty is an end of file.
        stdin: Bytes,
    },
    /// The process's own.
    Inherited,
}

/// A directory of the host as a guest sees it.
pub struct Directory {
    /// The host's path.
    pub host: PathBuf,
    /// The guest's path.
    pub guest: String,
}

/// A running invocation: a future of its report. Dropping it stops the guest.
pub struct Running {
    report: oneshot::Receiver<Result<Report, Error>>,
    control: Arc<Control>,
    capture: Arc<Capture>,
    files: Arc<OnceLock<Outside>>,
    progress_file: String,
}

/// Cancels an invocation, wherever it is; harmless after its end.
#[derive(Clone)]
pub struct Canceller {
    control: Arc<Control>,
}

impl Canceller {
    /// As [`Running::cancel`].
    pub fn cancel(&self) {
        self.control.interrupt(Interrupt::Cancel);
    }
}

impl Engine {
    /// Runs an attempt as soon as there is a place in the pool for it.
    fn submit(
        &self,
        group: ShareGroup,
        program: &Program,
        control: Arc<Control>,
        make: impl FnOnce(Option<OwnedSemaphorePermit>) -> Attempt + Send + 'static,
    ) {
        let (places, count) = (self.inner.places.clone(), program.ready.places);
        let mut place = places.clone().try_acquire_many_owned(count);
        // Who only waits for work makes room for who has some.
        while place.is_err() && self.inner.warm.evict() {
            place = places.clone().try_acquire_many_owned(count);
        }
        if let Ok(place) = place {
            return self.inner.executor.submit(group, Box::new(make(Some(place))));
        }
        // The pool is full: wait in line, without a thread.
        let waiting = Arc::downgrade(&self.inner);
        #[expect(clippy::disallowed_methods, reason = "the engine has an I/O thread of its own")]
        self.io().spawn(async move {
            // Who is cancelled meanwhile goes on without a place: it will not run.
            let place = tokio::select! {
                place = places.acquire_many_owned(count) => place.ok(),
                () = control.interruption() => None,
            };
            if let Some(inner) = waiting.upgrade() {
                inner.executor.submit(group, Box::new(make(place)));
            }
        });
    }
}

impl Running {
    pub(crate) fn start(engine: &Engine, invocation: Invocation) -> Self {
        let control = Arc::new(Control::new(invocation.limits.clone()));
        let capture = Capture::new(control.clone(), invocation.call.is_command());
        let (sender, report) = oneshot::channel();
        let files = Arc::new(OnceLock::new());
        let running = Self {
            report,
            control: control.clone(),
            capture: capture.clone(),
            files: files.clone(),
            progress_file: invocation.progress_file().to_owned(),
        };
        let group = invocation.group;
        let program = invocation.program.clone();
        engine.submit(group, &program, control.clone(), move |place| {
            let life = Box::pin(run::run(invocation, control.clone(), (capture.clone(), files), place));
            // Nobody waits for a guest that was dropped.
            let on_end = move |report| drop(sender.send(report));
            Attempt::new(life, control, capture, Box::new(on_end))
        });
        running
    }

    /// Stops the guest: at its next epoch, or at once where it waits for the host.
    pub fn cancel(&self) {
        self.control.interrupt(Interrupt::Cancel);
    }

    /// A handle that cancels it from elsewhere.
    pub fn canceller(&self) -> Canceller {
        Canceller { control: self.control.clone() }
    }

    /// Waits until the guest has written something since this was last waited for.
    pub fn wrote(&self) -> impl Future<Output = ()> + Send + use<> {
        let capture = self.capture.clone();
        async move { capture.written().await }
    }

    /// How far the guest says that it is, in percent: the number in its file for that, from 0 to 100.
    pub fn progress(&self) -> Option<u8> {
        let bytes = self.files.get()?.read(&self.progress_file, PROGRESS_BYTES_MAX)?;
        let number: f64 = std::str::from_utf8(&bytes).ok()?.trim().parse().ok()?;
        // What is neither less nor more is a number, and fits.
        (0.0..=100.0).contains(&number).then_some(number as u8)
    }

    /// The lines that the guest has completed since the last call; after the end, the rest too.
    pub fn take_logs(&self) -> Vec<LogLine> {
        self.capture.take_lines()
    }
}

impl Future for Running {
    type Output = Result<Report, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.report).poll(context).map(|report| report.unwrap_or(Err(Error::Stopped)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel();
    }
}
