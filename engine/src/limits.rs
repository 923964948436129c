//! What one invocation may use, and the constants that bound what a stranger's program may contain.

use std::time::Duration;

/// Limits of one invocation. Every field is a hard bound; what happens past it is said at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all linear memories together. A growth past it fails in the guest; if the guest
    /// then dies, the failure is `out_of_memory`.
    pub memory_bytes_max: u64,
    /// Wall time from the first instruction. Past it: `timeout`.
    pub timeout: Duration,
    /// CPU time of the guest and of the host functions that it calls. Past it: `cpu_limit`.
    pub cpu: Duration,
    /// Bytes of the result, as JSON or text. Past it: `output_too_large`.
    pub output_bytes_max: u64,
    /// Bytes of stdout, and of stderr, each. Past it the stream is cut, with a mark.
    pub log_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 << 20,
            timeout: Duration::from_secs(60),
            cpu: Duration::from_secs(60),
            output_bytes_max: 1 << 20,
            log_bytes_max: 1 << 20,
        }
    }
}

/// Elements of one table. A table of 100,000 costs 800 KB of memory once it is touched.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Tables of one instance, memories of one instance: a composed component has a few of each.
pub(crate) const TABLES_MAX: usize = 20;
/// Linear memories of one component instance.
pub(crate) const MEMORIES_MAX: usize = 4;
/// Core instances of one component: each costs a few KB in the pool.
pub(crate) const CORE_INSTANCES_MAX: usize = 40;
/// Bytes that one host call may copy out of a guest, beside what a result may take.
pub(crate) const HOSTCALL_FUEL: usize = 16 << 20;
/// Handles (streams, pollables, descriptors) that a guest may hold at once.
pub(crate) const RESOURCES_MAX: usize = 10_000;
/// Bytes that one call of `wasi:random` may ask for.
pub(crate) const RANDOM_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a guest's own stack.
pub(crate) const STACK_BYTES_MAX: usize = 1 << 20;
/// Frames of a backtrace that are kept.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 32;
/// Bytes of a guest's error message that are kept.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;
/// How deep WIT types and JSON values may nest: both are walked by recursion.
pub(crate) const NESTING_MAX: usize = 64;
