//! What one invocation may use. Every quantity that a guest controls has its bound here, with what it
//! costs the host; a few that a runtime fixes for all its guests follow below.

use std::time::Duration;

/// Limits of one invocation. Every field is a hard bound; what happens past it is said at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole instance: its linear memories, its tables, and what the host keeps for it in
    /// memory (small scratch files, what it printed). Costs what is touched. A
    /// growth past it fails in the guest; if the guest then dies, the failure is `out_of_memory`.
    pub memory_bytes_max: u64,
    /// Wall time from the first instruction. Past it: `timeout`.
    pub timeout: Duration,
    /// CPU time of the guest and of the host functions that it calls. Past it: `cpu_limit`.
    pub cpu: Duration,
    /// Bytes of the result, as JSON or text. Past it: `output_too_large`. While it is read, a list of bytes
    /// costs 32 times that on the host.
    pub output_bytes_max: u64,
    /// Bytes of stdout, and of stderr, each. Past it the stream is cut, with a mark. A line costs 32 bytes
    /// beside its text.
    pub log_bytes_max: u64,
    /// Bytes of all scratch files. Past it: `ENOSPC`. The first MiB costs memory, the rest disk.
    pub scratch_bytes_max: u64,
    /// Scratch files, directories and links. Past it: `ENOSPC`. Each costs 512 bytes of memory.
    pub scratch_files_max: u64,
    /// Elements of one table, 100,000 at most. A growth past it fails in the guest. Each costs 8 bytes.
    pub table_elements_max: u64,
    /// Handles (streams, pollables, descriptors, requests) held at once. Past it the guest traps. Each
    /// costs 100 bytes to a few KiB.
    pub resources_max: u32,
    /// Bytes that one host call may copy out of the guest, beside a result. Past it the guest traps.
    pub hostcall_bytes_max: u64,
    /// Bytes that one call of `wasi:random` may ask for. Past it the guest traps.
    pub random_bytes_max: u64,
    /// Bytes of the fields of one HTTP message that the guest makes, with their book-keeping. Past it:
    /// the error `size-exceeded`.
    pub http_fields_bytes_max: u64,
    /// Bytes that it may send over the network, heads and encryption with them. Past it: the connection breaks.
    pub egress_bytes_max: u64,
    /// Bytes that it may be sent over the network. Past it: the connection breaks.
    pub ingress_bytes_max: u64,
    /// Connections at once. Past it: the error `connection-limit-reached`. Each costs a socket and 100 KiB.
    pub connections_max: u32,
    /// Inferences. Past it: the error `too-large`.
    pub inferences_max: u64,
    /// Bytes of the tensors that one inference is given. Past it: the error `too-large`. They count as memory too.
    pub tensor_bytes_max: u64,
    /// Time on devices, for inferences and for loading models. Past it: the error `timeout`.
    pub device: Duration,
    /// Core instances of the component, 40 at most. Past it, it cannot be instantiated: a trap. Each costs a few
    /// KB in the pool.
    pub instances_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 << 20,
            timeout: Duration::from_secs(60),
            cpu: Duration::from_secs(60),
            output_bytes_max: 1 << 20,
            log_bytes_max: 1 << 20,
            scratch_bytes_max: 64 << 20,
            scratch_files_max: 1000,
            table_elements_max: TABLE_ELEMENTS_MAX as u64,
            resources_max: 10_000,
            hostcall_bytes_max: 16 << 20,
            random_bytes_max: 1 << 20,
            http_fields_bytes_max: 16 << 10,
            egress_bytes_max: 64 << 20,
            ingress_bytes_max: 256 << 20,
            connections_max: 16,
            inferences_max: 1_000_000,
            tensor_bytes_max: 64 << 20,
            device: Duration::from_secs(60),
            instances_max: INSTANCES_MAX as u32,
        }
    }
}

/// Elements of one table that the pool has room for. A table of 100,000 costs 800 KB of memory once it is
/// touched.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Bytes of an element, which count as memory.
pub(crate) const TABLE_ELEMENT_BYTES: u64 = 8;
/// Tables of one component instance: a composed one has a few. A slot costs 800 KB of address space.
pub(crate) const TABLES_MAX: usize = 20;
/// Entries that one handle may take in a table of the host: a pollable and what it waits for, a stream and the
/// call that reads it, a handle and its loan to a call.
pub(crate) const ENTRIES_PER_HANDLE: usize = 2;
/// Linear memories of one component instance. A slot costs 4 GiB and guards of address space.
pub(crate) const MEMORIES_MAX: usize = 4;
/// Core instances of one component: each costs a few KB in the pool.
pub(crate) const INSTANCES_MAX: usize = 40;
/// Bytes that the host keeps of all core instances of one component: 32 for each function that a table may hold.
/// LLVM has 37,000.
pub(crate) const INSTANCE_BYTES_MAX: usize = 1536 << 10;
/// Bytes of a guest's own stack, the same for all: a runtime has one limit. Costs what is touched, and as
/// much again for host functions.
pub(crate) const STACK_BYTES_MAX: usize = 1 << 20;
/// Frames of a backtrace that are kept.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 32;
/// Bytes of a frame that are kept: names are the guest's own, and may be of any length.
pub(crate) const FRAME_BYTES_MAX: usize = 256;
/// Bytes of a script's own trace that are kept.
pub(crate) const TRACE_BYTES_MAX: usize = 16 << 10;
/// Bytes of a guest's error message that are kept.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;
/// How deep WIT types and JSON values may nest: both are walked by recursion.
pub(crate) const NESTING_MAX: usize = 64;
