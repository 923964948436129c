//! A guest that runs: what it says meanwhile is handed on as it comes.

use std::time::Duration;

use skep_domain::model::log::Line;
use skep_domain::model::own::Own;
use skep_domain::port::sandbox::{Assignment, Record};
use skep_engine::{Error, Report, Running};
use tokio::time::{Instant, sleep, timeout};

use super::map;

/// How often the log of a running guest is handed on.
const LOG_INTERVAL: Duration = Duration::from_millis(40);
/// How often a guest is asked how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// Waits for the guest's end; hands on its log meanwhile, a moment after each write, and how far it is.
pub(super) async fn watch(
    mut running: Running,
    assignment: &Assignment,
    own: &Own,
    record: &dyn Record,
) -> (Result<Report, Error>, Vec<Line>) {
    let (mut lines, mut progress) = (Vec::new(), Progress::new());
    loop {
        let report = match timeout(LOG_INTERVAL, &mut running).await {
            Ok(report) => Some(report),
            // Most guests have ended by now. One that is silent costs next to nothing while it is.
            Err(_) => {
                let wrote = running.wrote();
                tokio::select! {
                    report = &mut running => Some(report),
                    () = wrote => None,
                    () = sleep(PROGRESS_INTERVAL) => None,
                }
            }
        };
        lines.extend(running.take_logs().into_iter().map(|line| own.redacted(map::line(line))));
        if let Some(report) = report {
            return (report, lines);
        }
        // What cannot be kept now is kept with the end.
        let kept = !lines.is_empty()
            && record.lines(assignment.job, assignment.attempt, lines.clone()).await.is_ok();
        if kept {
            lines.clear();
        }
        progress.tell(&running, assignment, record).await;
    }
}

/// How far a guest has said that it is.
struct Progress {
    told: Option<u8>,
    asked_at: Instant,
}

impl Progress {
    fn new() -> Self {
        Self { told: None, asked_at: Instant::now() }
    }

    /// Asks again, if it is time to, and tells what is new. What cannot be told now is told the next time.
    async fn tell(&mut self, running: &Running, assignment: &Assignment, record: &dyn Record) {
        if self.asked_at.elapsed() < PROGRESS_INTERVAL {
            return;
        }
        self.asked_at += self.asked_at.elapsed();
        let said = running.progress().filter(|said| self.told != Some(*said));
        if let Some(percent) = said
            && record.progress(assignment.job, assignment.attempt, percent).await.is_ok()
        {
            self.told = Some(percent);
        }
    }
}
