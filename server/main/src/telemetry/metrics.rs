//! Metrics for Prometheus: what each is, and how times are grouped.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use skep_domain::{Error, Result};

use super::process;

/// Bounds of the groups of times, in seconds.
const SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0];

/// The recorder of this process: there is one, however many servers it has.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

pub(super) struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    pub(super) fn install() -> Result<Self> {
        if let Some(handle) = RECORDER.get() {
            return Ok(Self { handle: handle.clone() });
        }
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS).map_err(Error::internal)?;
        let handle = builder.install_recorder().map_err(Error::internal)?;
        describe();
        gauge!("skep_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { handle: RECORDER.get_or_init(|| handle).clone() })
    }

    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    pub(super) fn render(&self) -> String {
        process::measure();
        self.handle.render()
    }
}

fn describe() {
    let counters = [
        ("skep_http_requests_total", "Requests that were answered, by method, route and status."),
        ("skep_attempts_total", "Attempts of jobs and calls that ended, by outcome."),
        ("skep_attempt_cpu_seconds_total", "CPU time of guests and their host calls."),
        ("skep_jobs_claimed_total", "Jobs that were claimed."),
        ("skep_store_commits_total", "Transactions that were committed."),
        ("skep_store_methods_total", "Methods that wrote, many of which share a commit."),
        ("skep_panics_total", "Handlers that panicked."),
        ("process_cpu_seconds_total", "CPU time of this process."),
    ];
    counters.into_iter().for_each(|(name, help)| describe_counter!(name, help));
    describe_histogram!("skep_http_request_duration_seconds", Unit::Seconds, "Time until an answer began.");
    describe_histogram!(
        "skep_store_commit_duration_seconds",
        Unit::Seconds,
        "Time of a transaction, to the disk."
    );
    let gauges = [
        ("skep_build_info", "Which release this is; always 1."),
        ("skep_jobs_in_hand", "Jobs that are claimed and whose end is not written yet."),
        ("process_resident_memory_bytes", "Memory of this process."),
        ("process_open_fds", "Open files and connections of this process."),
        ("process_start_time_seconds", "When this process was started, in Unix seconds."),
    ];
    gauges.into_iter().for_each(|(name, help)| describe_gauge!(name, help));
}
