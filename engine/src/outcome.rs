//! What became of an invocation.

use serde_json::Value;

use crate::script::Built;
use skep_inference::{Device, DeviceKind};

/// An invocation from its first instruction to its end.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What it used.
    pub usage: Usage,
    /// What inference took of each device that served it.
    pub devices: Vec<DeviceUsage>,
}

/// How a guest ended. Failing is an outcome like any other.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// An export returned; `None` where its type has no result.
    Returned(Option<Value>),
    /// A function of a script returned: JSON, as its runtime wrote it.
    Answered(String),
    /// A runtime made something of source.
    Built(Box<Built>),
    /// A command ended well; its output is what it wrote to stdout.
    Finished(Vec<u8>),
    /// A command ended well and left its output in the file that `SKEP_OUTPUT` names.
    Wrote(Vec<u8>),
    /// It did not end well.
    Failed(Failure),
}

/// Why a guest failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The kind of failure, for programs.
    pub code: FailureCode,
    /// For people; at most 4 KiB.
    pub message: String,
    /// The Wasm frames, innermost first, one a line, at most 32; or a script's own trace, at most 16 KiB.
    pub backtrace: Option<String>,
    /// A command's exit code.
    pub exit_code: Option<i32>,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// The function returned an error.
    GuestError,
    /// The command ended with a code that is not 0.
    ExitCode,
    /// The guest trapped.
    Trap,
    /// The guest died after its memory could not grow.
    OutOfMemory,
    /// Past `Limits::cpu`.
    CpuLimit,
    /// The guest's stack is exhausted.
    StackOverflow,
    /// Past `Limits::output_bytes_max`.
    OutputTooLarge,
    /// Past `Limits::timeout`.
    Timeout,
    /// `Running::cancel` was called, or nobody waits for the response any more.
    Cancelled,
    /// No guest ran, for a reason that is the host's.
    Host,
}

/// What an invocation used, whether it ended well or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of the guest and its host calls, in nanoseconds.
    pub cpu_nanos: u64,
    /// Wall time from the first instruction to the end, in nanoseconds.
    pub wall_nanos: u64,
    /// The most bytes that it had in memory: linear memories, tables, and what the host kept for it.
    pub memory_peak_bytes: u64,
    /// Memory over wall time, in byte-seconds, rounded down.
    pub memory_byte_seconds: u64,
    /// Bytes sent over the network.
    pub egress_bytes: u64,
    /// Time of GPUs for inference, in nanoseconds. Inference on the processor is CPU time.
    pub device_nanos: u64,
    /// Bytes written to stdout and stderr, also those that were cut.
    pub log_bytes: u64,
}

/// What inference took of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceUsage {
    /// The device's name: `cpu`, `gpu0`.
    pub device: String,
    /// What its maker calls it.
    pub model: String,
    /// What kind it is.
    pub kind: DeviceKind,
    /// Inferences that it computed.
    pub inferences: u64,
    /// Time that they took of it, in nanoseconds: of a batch their share, by rows.
    pub nanos: u64,
    /// Bytes of the tensors that it was given and gave.
    pub tensor_bytes: u64,
    /// Time that loading models took of it, in nanoseconds. Who finds one loaded pays nothing.
    pub load_nanos: u64,
}

impl DeviceUsage {
    /// Nothing yet.
    pub(crate) fn of(device: &Device) -> Self {
        let (device, model, kind) = (device.name.clone(), device.model.clone(), device.kind);
        Self { device, model, kind, inferences: 0, nanos: 0, tensor_bytes: 0, load_nanos: 0 }
    }
}
