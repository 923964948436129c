//! Limits that are the product's, not one function's. The configuration may lower or raise them.

use super::worker::Patience;

/// Sizes and counts that a stranger controls, each with its bound.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of an uploaded function.
    pub component_bytes_max: usize,
    /// Bytes of a runtime.
    pub runtime_bytes_max: usize,
    /// Bytes of a model.
    pub model_bytes_max: usize,
    /// Bytes of all models of one account.
    pub models_bytes_max: u64,
    /// Bytes of the files of uploaded source.
    pub source_bytes_max: usize,
    /// Bytes of the body of a run.
    pub run_body_bytes_max: usize,
    /// Bytes of any other body.
    pub body_bytes_max: usize,
    /// How long a body may send nothing, in milliseconds.
    pub body_stall_ms: u64,
    /// Bytes of one job's arguments, environment and stdin, as JSON.
    pub arguments_bytes_max: usize,
    /// Jobs of one run.
    pub run_jobs_max: usize,
    /// Calls of one account that are under way at once; of all accounts sixteen times as many.
    pub invocations_max: usize,
    /// Streams of events that are open at once; of one account a quarter of them.
    pub streams_max: usize,
    /// Whether strangers may make accounts for themselves.
    pub has_registration: bool,
    /// Whether Tork's clients on the server's own machine need no key: they are the admin.
    pub has_anonymous: bool,
    /// Accounts of the server.
    pub accounts_max: usize,
    /// Keys of one account.
    pub keys_max: usize,
    /// Functions of one account.
    pub functions_max: usize,
    /// Versions of one function.
    pub versions_max: u32,
    /// Workers of one account.
    pub workers_max: usize,
    /// Schedules of one account.
    pub schedules_max: usize,
    /// Plans of one account that are not over, with those in others.
    pub plans_max: usize,
    /// Webhooks of one account, without those of its plans.
    pub webhooks_max: usize,
    /// How long after its first try a delivery is tried again, in milliseconds. Each pause is five times the one before.
    pub webhook_pause_ms: u64,
    /// Tries of a delivery.
    pub webhook_attempts_max: u32,
    /// How long workers may say nothing.
    pub worker_patience: Patience,
    /// How long runs are kept once they are over, in milliseconds; for good where it is `None`.
    pub runs_kept_ms: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            component_bytes_max: 64 << 20,
            runtime_bytes_max: 128 << 20,
            model_bytes_max: 256 << 20,
            models_bytes_max: 10 << 30,
            source_bytes_max: 16 << 20,
            run_body_bytes_max: 64 << 20,
            body_bytes_max: 8 << 20,
            body_stall_ms: 30_000,
            arguments_bytes_max: 256 << 10,
            run_jobs_max: 100_000,
            invocations_max: 256,
            streams_max: 1_000,
            has_registration: false,
            has_anonymous: false,
            accounts_max: 100_000,
            keys_max: 1_000,
            functions_max: 10_000,
            versions_max: 10_000,
            workers_max: 100,
            schedules_max: 100,
            plans_max: 10_000,
            webhooks_max: 20,
            webhook_pause_ms: 5000,
            webhook_attempts_max: 8,
            worker_patience: Patience::default(),
            runs_kept_ms: Some(30 * 24 * 60 * 60 * 1000),
        }
    }
}
