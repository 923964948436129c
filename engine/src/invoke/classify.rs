//! What a guest's end means: a value, an exit code, a trap, a limit.

use std::fmt;

use serde_json::Value;
use wasmtime::component::{Type, Val};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::call::Target;
use super::script::{self, NotLoaded};
use crate::control::{Control, Interrupt};
use crate::error::Error;
use crate::limits::{BACKTRACE_FRAMES_MAX, FRAME_BYTES_MAX, Limits, MESSAGE_BYTES_MAX};
use crate::outcome::{Failure, FailureCode, Outcome};
use crate::values::render;

/// The error with which an epoch ends a guest.
#[derive(Debug)]
pub(super) struct Interrupted(pub(super) Interrupt);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(reason(self.0))
    }
}

impl std::error::Error for Interrupted {}

fn reason(why: Interrupt) -> &'static str {
    match why {
        Interrupt::Timeout => "the time limit is reached",
        Interrupt::Cpu => "the CPU time limit is reached",
        Interrupt::Cancel => "cancelled",
    }
}

pub(super) fn interrupted(why: Interrupt, backtrace: Option<String>) -> Outcome {
    failed(why.code(), reason(why).into(), backtrace)
}

fn failed(code: FailureCode, message: String, backtrace: Option<String>) -> Outcome {
    Outcome::Failed(Failure { code, message: self::message(message), backtrace, exit_code: None })
}

pub(super) fn exited(code: i32) -> Outcome {
    if code == 0 {
        return Outcome::Finished(Vec::new());
    }
    let message = format!("exited with code {code}");
    Outcome::Failed(Failure { code: FailureCode::ExitCode, message, backtrace: None, exit_code: Some(code) })
}

/// A call that came back.
pub(super) fn returned(target: &Target, value: Option<Val>, limits: &Limits) -> Outcome {
    match (target, value) {
        (Target::Command { .. }, Some(Val::Result(Err(_)))) => exited(1),
        (Target::Command { .. }, _) => exited(0),
        (Target::Export { result: Some(ty), .. }, Some(value)) => export_returned(ty, &value, limits),
        // What a runtime gives back is JSON, or a code, and comes another way.
        (Target::Export { .. } | Target::Runtime(_), _) => Outcome::Returned(None),
    }
}

/// A command that ended well: its result is the file that it was told to write, or else what it printed.
pub(super) fn finished(written: Option<Vec<u8>>, stdout: Option<Vec<u8>>, limits: &Limits) -> Outcome {
    let max = limits.output_bytes_max;
    let too_large =
        |what| failed(FailureCode::OutputTooLarge, format!("{what} has more than {max} bytes"), None);
    match (written, stdout) {
        (Some(written), _) if written.len() as u64 > max => too_large("the file of the result"),
        (Some(written), _) => Outcome::Wrote(written),
        (None, Some(stdout)) => Outcome::Finished(stdout),
        (None, None) => too_large("stdout"),
    }
}

/// A top-level `result` is the call's own success or failure; any other value is the result.
fn export_returned(ty: &Type, value: &Val, limits: &Limits) -> Outcome {
    let result = match (ty, value) {
        (Type::Result(ty), Val::Result(Err(error))) => {
            let error = error.as_ref().zip(ty.err()).map(|(error, ty)| render(&ty, error));
            return failed(FailureCode::GuestError, guest_message(error), None);
        }
        (Type::Result(ty), Val::Result(Ok(value))) => {
            value.as_ref().zip(ty.ok()).map(|(value, ty)| render(&ty, value))
        }
        (ty, value) => Some(render(ty, value)),
    };
    let size = result.as_ref().map_or(0, rendered_bytes);
    if size > limits.output_bytes_max {
        return result_too_large(size, limits);
    }
    Outcome::Returned(result)
}

/// A function of a script that gave JSON back.
pub(super) fn answered(json: String, limits: &Limits) -> Outcome {
    match json.len() as u64 {
        size if size > limits.output_bytes_max => result_too_large(size, limits),
        _ => Outcome::Answered(json),
    }
}

fn result_too_large(size: u64, limits: &Limits) -> Outcome {
    let message = format!("the result has {size} bytes, {} are allowed", limits.output_bytes_max);
    failed(FailureCode::OutputTooLarge, message, None)
}

fn guest_message(error: Option<Value>) -> String {
    match error {
        None => "the function returned an error".into(),
        Some(Value::String(message)) => message,
        Some(other) => other.to_string(),
    }
}

/// How long a value is as JSON, without writing it.
fn rendered_bytes(value: &Value) -> u64 {
    struct Count(u64);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(u64::MAX, |()| count.0)
}

/// A call that did not come back.
pub(super) fn error(error: &wasmtime::Error, control: &Control) -> Outcome {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).filter(|text| !text.is_empty());
    if let Some(Interrupted(why)) = error.downcast_ref() {
        return interrupted(*why, backtrace);
    }
    if let Some(NotLoaded(failure)) = error.downcast_ref() {
        return script::failed(failure.clone(), control);
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return exited(*code);
    }
    let message = error.root_cause().to_string();
    let message = message.strip_prefix("wasm trap: ").unwrap_or(&message).to_owned();
    if let Some(Trap::StackOverflow) = error.downcast_ref() {
        return failed(FailureCode::StackOverflow, message, backtrace);
    }
    if control.memory_refused() {
        let message = format!("more than {} bytes of memory were asked for", control.limits.memory_bytes_max);
        return failed(FailureCode::OutOfMemory, message, backtrace);
    }
    failed(FailureCode::Trap, message, backtrace)
}

/// An instance that could not be made: a full pool is the host's fault, all else the guest's.
pub(super) fn instantiation(cause: wasmtime::Error, control: &Control) -> Result<Outcome, Error> {
    if cause.is::<PoolConcurrencyLimitError>() {
        return Err(Error::Runtime { doing: "making an instance", source: cause });
    }
    Ok(error(&cause, control))
}

/// The frames as text, innermost first: `0: module!function`.
fn frames(backtrace: &WasmBacktrace) -> String {
    let text = backtrace.to_string();
    // wasmtime ends with advice for whoever runs it.
    let is_frame = |line: &&str| !line.is_empty() && !line.starts_with("note: ");
    let lines = text.lines().skip(1).map(str::trim).filter(is_frame);
    let short = |line: &str| line[..line.floor_char_boundary(FRAME_BYTES_MAX)].to_owned();
    lines.take(BACKTRACE_FRAMES_MAX).map(short).collect::<Vec<_>>().join("\n")
}

/// A message of a guest, as long as it may be.
pub(super) fn message(message: String) -> String {
    cut(message, MESSAGE_BYTES_MAX)
}

pub(super) fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let end = text.floor_char_boundary(bytes_max);
        text.truncate(end);
        text.push('…');
    }
    text
}
