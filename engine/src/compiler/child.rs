//! The side of the pipe that is the server's: starts a child, gives it work, and does not wait for ever.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::mpsc::channel;
use std::thread;

use super::{Done, Task, Worker, frame};
use crate::error::Rejected;

/// What a child lacks, every child lacks: it is told once.
static TOLD: Once = Once::new();

/// Bytes of what a child says of its end.
const LAST_WORDS_BYTES_MAX: u64 = 4096;

/// Works in a child of its own.
pub(super) fn work(worker: &Worker, task: Task, bytes: &[u8]) -> Result<Done, Rejected> {
    let (done, missing) = attempt(worker, task, bytes)?;
    if !missing.is_empty() {
        TOLD.call_once(|| tracing::warn!(missing, "compilers are not wholly confined here"));
    }
    done
}

impl Worker {
    /// Starts one, and says what it should be kept from and is not, on this machine.
    ///
    /// # Errors
    /// If it cannot be started, or does not compile.
    pub fn missing_walls(&self) -> Result<Vec<String>, Rejected> {
        let (done, missing) = attempt(self, Task::Upload, b"(component)")?;
        done.map(|_| missing.lines().map(str::to_owned).collect())
    }
}

/// What a child answered, and what it said beside.
type Answered = (Result<Done, Rejected>, String);

fn attempt(worker: &Worker, task: Task, bytes: &[u8]) -> Result<Answered, Rejected> {
    let mut child = start(worker).map_err(|error| {
        tracing::error!(%error, "the compiler could not be started");
        Rejected("the compiler could not be started; the server's log says why".into())
    })?;
    let (mut stdin, stdout, stderr) = match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(stdin), Some(stdout), Some(stderr)) => (stdin, stdout, stderr),
        _ => unreachable!("all three are pipes"),
    };
    let (sender, result) = channel();
    let in_time = thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends early has said why, or died.
            let _ = frame::write_task(&mut stdin, task, bytes);
        });
        scope.spawn(move || drop(sender.send(frame::read_result(stdout))));
        let in_time = result.recv_timeout(worker.wall);
        // It has answered, or it will not: with it go the pipes, and with these the threads. One whose answer
        // broke off is dying, and is to say of what.
        if !matches!(in_time, Ok(Err(_))) {
            let _ = child.kill();
        }
        in_time
    });
    let mut last_words = String::new();
    let _ = stderr.take(LAST_WORDS_BYTES_MAX).read_to_string(&mut last_words);
    let (is_late, status) = (in_time.is_err(), child.wait().ok());
    if let Ok(Ok(done)) = in_time {
        return Ok((done, last_words));
    }
    Err(Rejected(reason((worker, task), is_late, status, &last_words)))
}

fn start(worker: &Worker) -> std::io::Result<Child> {
    Command::new(&worker.program)
        .args(&worker.arguments)
        .arg(worker.memory_bytes_max.to_string())
        .arg(worker.cpu.as_secs().max(1).to_string())
        // Nothing of the server's: neither its secrets nor its settings.
        .env_clear()
        .envs(worker.env.iter().cloned())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Why there is nothing, for whoever uploaded it.
fn reason(
    (worker, task): (&Worker, Task),
    is_late: bool,
    status: Option<ExitStatus>,
    last_words: &str,
) -> String {
    const SIGXCPU: i32 = 24;
    const SIGKILL: i32 = 9;
    const SIGABRT: i32 = 6;
    let mebibytes = worker.memory_bytes_max >> 20;
    let doing = match task {
        Task::Model(_) => "loading it",
        Task::Upload | Task::Runtime | Task::Component => "compiling it",
    };
    if is_late {
        return format!("{doing} took more than {} s", worker.wall.as_secs());
    }
    if last_words.contains("memory allocation") {
        return format!("{doing} takes more than {mebibytes} MiB of memory");
    }
    tracing::warn!(?status, last_words, "a compiler ended without a word to its server");
    match status.and_then(|status| status.signal()) {
        Some(SIGXCPU) => format!("{doing} takes more than {} s of CPU time", worker.cpu.as_secs()),
        Some(SIGKILL) => format!(
            "{doing} was stopped: it takes more than {mebibytes} MiB of memory or {} s",
            worker.cpu.as_secs()
        ),
        Some(SIGABRT) => {
            format!("the compiler gave up on it, or it takes more than {mebibytes} MiB of memory")
        }
        Some(signal) => format!("the compiler crashed on it (signal {signal})"),
        None => "the compiler crashed on it".into(),
    }
}
