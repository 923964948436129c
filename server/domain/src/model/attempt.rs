//! How an attempt ended.

use super::money::Nanodollars;
use super::named::named;
use super::time::Millis;
use super::usage::{DeviceUsage, Usage};

/// One start of a job, once it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// A command's exit code.
    pub exit_code: Option<i32>,
    /// What it used.
    pub usage: Usage,
    /// What inference took of each device that served it.
    pub devices: Vec<DeviceUsage>,
    /// When its guest started.
    pub started_at: Millis,
    /// When it was over.
    pub ended_at: Millis,
}

/// An attempt as it was kept, with what was charged for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Charged {
    /// The attempt.
    pub attempt: Attempt,
    /// What was charged.
    pub cost: Nanodollars,
    /// The version of the price list.
    pub price_version: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It ended well.
    Succeeded(Output),
    /// It did not.
    Failed(Failure),
}

impl Outcome {
    /// Bytes of its texts.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Succeeded(Output::None) => 0,
            Self::Succeeded(Output::Json(text) | Output::Text(text)) => text.len(),
            Self::Failed(failure) => {
                failure.message.len() + failure.backtrace.as_ref().map_or(0, String::len)
            }
        }
    }
}

/// What a guest gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Nothing.
    None,
    /// JSON, as text.
    Json(String),
    /// Text that is not meant as JSON.
    Text(String),
}

impl Output {
    /// JSON of a result. It is text where no client would read it: it nests too deep, or names half a character or a
    /// number past all numbers.
    pub fn of_json(json: &str) -> Self {
        let is_read =
            depth(json) <= RESULT_DEPTH_MAX && serde_json::from_str::<serde_json::Value>(json).is_ok();
        if is_read { Self::Json(json.to_owned()) } else { Self::Text(json.to_owned()) }
    }
}

/// How deep the JSON of a result may nest.
const RESULT_DEPTH_MAX: usize = 64;

/// How deep a JSON text nests.
fn depth(json: &str) -> usize {
    let (mut deepest, mut here, mut in_string, mut escaped) = (0, 0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => here += 1,
            b']' | b'}' if !in_string => here = here.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(here);
    }
    deepest
}

/// Why an attempt did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for programs and retry policies.
    pub code: FailureCode,
    /// For people.
    pub message: String,
    /// The guest's frames, innermost first, one a line.
    pub backtrace: Option<String>,
}

impl Failure {
    /// A failure that has nothing but a code and a message.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), backtrace: None }
    }
}

named! {
    /// The kinds of failure.
    FailureCode, "failure code", "code":
    /// The function returned an error.
    GuestError = 1, "guest_error";
    /// A command ended with a code that is not 0.
    ExitCode = 2, "exit_code";
    /// The guest trapped.
    Trap = 3, "trap";
    /// The guest died after its memory could not grow.
    OutOfMemory = 4, "out_of_memory";
    /// Past its CPU time.
    CpuLimit = 5, "cpu_limit";
    /// Its stack is exhausted.
    StackOverflow = 6, "stack_overflow";
    /// Its result is larger than allowed.
    OutputTooLarge = 7, "output_too_large";
    /// It reached for what was not granted.
    Denied = 8, "denied";
    /// Past its wall time.
    Timeout = 9, "timeout";
    /// The node that ran it died, again and again.
    Interrupted = 10, "interrupted";
    /// The host failed, again and again.
    Host = 11, "host";
    /// It was cancelled.
    Cancelled = 12, "cancelled";
}

impl FailureCode {
    /// Whether the guest, not the host, is to blame: only these count against the retry limit.
    pub fn is_guests(self) -> bool {
        !matches!(self, Self::Interrupted | Self::Host | Self::Cancelled)
    }
}
