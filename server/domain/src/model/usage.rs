//! What an attempt used.

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
    /// Time on a device for inference, in nanoseconds.
    pub device_nanos: u64,
    /// Bytes written to stdout and stderr.
    pub log_bytes: u64,
}
