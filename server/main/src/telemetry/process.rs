//! What the system says of this process, under the names that Prometheus has for it.

use std::fs;

use metrics::{counter, gauge};

/// Ticks of a second, as `/proc` counts CPU time on Linux.
const TICKS: f64 = 100.0;
/// Bytes of a page, as `/proc` counts memory.
const PAGE_BYTES: f64 = 4096.0;

/// Measures the process. What cannot be measured here is left out.
pub(super) fn measure() {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
    // The name in parentheses may have spaces; what follows is numbers.
    let Some((_, numbers)) = stat.rsplit_once(") ") else { return };
    let numbers: Vec<f64> = numbers.split(' ').map(|text| text.parse().unwrap_or(0.0)).collect();
    let [cpu, started, pages] = match numbers[..] {
        [_, _, _, _, _, _, _, _, _, _, _, user, system, _, _, _, _, _, _, started, _, pages, ..] => {
            [user + system, started, pages]
        }
        _ => return,
    };
    // Whole seconds: a counter of this kind counts in whole numbers.
    counter!("process_cpu_seconds_total").absolute((cpu / TICKS) as u64);
    gauge!("process_resident_memory_bytes").set(pages * PAGE_BYTES);
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(open.count() as f64);
    }
    let boot = fs::read_to_string("/proc/stat").unwrap_or_default();
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.parse::<f64>().ok());
    if let Some(boot) = boot {
        gauge!("process_start_time_seconds").set(boot + started / TICKS);
    }
}
