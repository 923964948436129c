//! `sleep` and `timeout`.

use std::time::{Duration, Instant};

use super::{Failure, Outcome, Spec, Tool};
use crate::executor;

/// What `timeout` ends with when the time was up.
const TIMED_OUT: u8 = 124;

/// The longest time that is waited for. No sandbox lives so long.
const SECONDS_MAX: f64 = 1e9;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    if tool.arguments.is_empty() {
        return Err(Failure::new("how long?"));
    }
    let mut total = Duration::ZERO;
    for argument in &tool.arguments {
        total = total.saturating_add(duration(argument)?);
    }
    executor::sleep_until(Instant::now() + total.min(Duration::from_secs_f64(SECONDS_MAX))).await;
    Ok(0)
}

/// A number of seconds, or with a letter of minutes, hours or days.
fn duration(text: &str) -> Result<Duration, Failure> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        Some((at, 'd')) => (&text[..at], 86_400.0),
        _ => (text, 1.0),
    };
    if digits == "infinity" {
        return Ok(Duration::from_secs_f64(SECONDS_MAX));
    }
    let seconds: Option<f64> =
        digits.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    let seconds = seconds.ok_or_else(|| Failure::new(format!("{text:?} is not a time")))?;
    Ok(Duration::from_secs_f64((seconds * factor).min(SECONDS_MAX)))
}

/// Ends a command when the time is up, if it waits then or lets others run. Signals there are none.
pub(super) async fn timeout(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        values: "sk",
        long: &[("signal", 's'), ("kill-after", 'k')],
        ends_at_operand: true,
        ..Spec::default()
    })?;
    let [time, command @ ..] = parsed.operands.as_slice() else { return Err(Failure::usage("how long?")) };
    let limit = duration(time)?;
    let command = command.to_vec();
    if limit.is_zero() {
        return tool.run_command(command).await;
    }
    match executor::timeout(Instant::now() + limit, tool.run_command(command)).await {
        Some(outcome) => outcome,
        None => Ok(TIMED_OUT),
    }
}
