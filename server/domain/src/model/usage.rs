//! What an attempt used, and what attempts used together.

use serde::{Deserialize, Serialize};

use super::id::RunId;
use super::money::Nanodollars;
use super::named::named;
use super::time::Millis;

/// Metered per attempt. A job shows its last attempt's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// CPU time of the guest and its host calls, in nanoseconds.
    pub cpu_nanos: u64,
    /// Wall time, in nanoseconds.
    pub wall_nanos: u64,
    /// The most linear memory it had, in bytes.
    pub memory_peak_bytes: u64,
    /// Linear memory over wall time, in byte-seconds.
    pub memory_byte_seconds: u64,
    /// Bytes sent to the network.
    pub egress_bytes: u64,
    /// Time of GPUs for inference, in nanoseconds. On the processor it is CPU time.
    pub device_nanos: u64,
    /// Bytes written to stdout and stderr.
    pub log_bytes: u64,
}

/// What inference took of one device for an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceUsage {
    /// The device: `cpu`, `gpu0`.
    pub device: String,
    /// What its maker calls it.
    pub model: String,
    /// Inferences that it computed.
    pub inferences: u64,
    /// Time that they took of it, in nanoseconds: of a batch their share, by rows.
    pub nanos: u64,
    /// Bytes of the tensors that it was given and gave.
    pub tensor_bytes: u64,
    /// Time that loading models took of it, in nanoseconds; none where they were loaded.
    pub load_nanos: u64,
}

/// What attempts used together, and what was charged for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Attempts that ended.
    pub attempts: u64,
    /// What they used. The peak is the highest of any.
    pub usage: Usage,
    /// What was charged.
    pub cost: Nanodollars,
}

impl Totals {
    /// Adds an attempt.
    pub fn add(&mut self, usage: &Usage, cost: Nanodollars) {
        self.join(&Self { attempts: 1, usage: *usage, cost });
    }

    /// Adds what other attempts used.
    pub fn join(&mut self, other: &Self) {
        self.attempts += other.attempts;
        let (sum, usage) = (&mut self.usage, &other.usage);
        sum.cpu_nanos = sum.cpu_nanos.saturating_add(usage.cpu_nanos);
        sum.wall_nanos = sum.wall_nanos.saturating_add(usage.wall_nanos);
        sum.memory_peak_bytes = sum.memory_peak_bytes.max(usage.memory_peak_bytes);
        sum.memory_byte_seconds = sum.memory_byte_seconds.saturating_add(usage.memory_byte_seconds);
        sum.egress_bytes = sum.egress_bytes.saturating_add(usage.egress_bytes);
        sum.device_nanos = sum.device_nanos.saturating_add(usage.device_nanos);
        sum.log_bytes = sum.log_bytes.saturating_add(usage.log_bytes);
        self.cost.0 = self.cost.0.saturating_add(other.cost.0);
    }
}

named! {
    /// What usage is added up by.
    By, "grouping", "by":
    /// By day, in UTC.
    Day = 0, "day";
    /// By function.
    Function = 1, "function";
    /// By run.
    Run = 2, "run";
}

/// What a line of a usage report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The day that begins then.
    Day(Millis),
    /// A function, by the name it had.
    Function(String),
    /// A run.
    Run(RunId),
}

/// A line of a usage report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What it is about.
    pub about: About,
    /// What was used.
    pub totals: Totals,
}

/// Milliseconds of a day: days of a report begin at midnight UTC.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
