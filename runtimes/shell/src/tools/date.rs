//! `date`, in UTC: the sandbox knows no other time zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::{Failure, Outcome, Spec, Tool};

const DEFAULT: &str = "%a %b %e %H:%M:%S %Z %Y";

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let mut arguments = std::mem::take(&mut tool.arguments);
    // `-Iseconds` and `--iso-8601=seconds`: a value that may be left out.
    let mut format = None;
    arguments.retain(|argument| {
        let precision = argument
            .strip_prefix("-I")
            .or_else(|| argument.strip_prefix("--iso-8601"))
            .or_else(|| argument.strip_prefix("--iso"));
        if let Some(precision) = precision {
            format = Some(iso(precision.trim_start_matches('=')));
        }
        precision.is_none()
    });
    if matches!(format, Some(None)) {
        return Err(Failure::usage("the precision is one of date, hours, minutes, seconds, ns"));
    }
    tool.arguments = arguments;
    let parsed = tool.parse(&Spec {
        flags: "uR",
        values: "dr",
        long: &[("utc", 'u'), ("universal", 'u'), ("date", 'd'), ("reference", 'r'), ("rfc-email", 'R')],
        ..Spec::default()
    })?;
    let time = match (parsed.value('d'), parsed.value('r')) {
        (Some(text), _) => parse(text)?,
        (None, Some(path)) => {
            let changed = std::fs::metadata(tool.shell.path(path)).and_then(|found| found.modified())?;
            Timestamp::try_from(changed).map_err(|error| Failure::new(error.to_string()))?
        }
        (None, None) => now()?,
    };
    let given = match parsed.operands.as_slice() {
        [] => None,
        [format] if format.starts_with('+') => Some(&format[1..]),
        _ => return Err(Failure::new("the time cannot be set")),
    };
    let format = match (given, format.flatten()) {
        (Some(given), _) => given,
        (None, Some(iso)) => iso,
        (None, None) if parsed.has('R') => "%a, %d %b %Y %H:%M:%S +0000",
        (None, None) => DEFAULT,
    };
    let text = write(format, time)?;
    tool.output.line(text.as_bytes()).await?;
    Ok(0)
}

fn iso(precision: &str) -> Option<&'static str> {
    Some(match precision {
        "" | "date" => "%Y-%m-%d",
        "hours" => "%Y-%m-%dT%H+00:00",
        "minutes" => "%Y-%m-%dT%H:%M+00:00",
        "seconds" => "%Y-%m-%dT%H:%M:%S+00:00",
        "ns" => "%Y-%m-%dT%H:%M:%S,%N+00:00",
        _ => return None,
    })
}

fn now() -> Result<Timestamp, Failure> {
    // Not `Timestamp::now`, which panics where the clock is out of its range.
    Timestamp::try_from(std::time::SystemTime::now()).map_err(|error| Failure::new(error.to_string()))
}

fn write(format: &str, time: Timestamp) -> Result<String, Failure> {
    // A few directives of other systems have other names here.
    let mut changed = String::new();
    let mut rest = format.chars();
    while let Some(character) = rest.next() {
        changed.push(character);
        if character != '%' {
            continue;
        }
        match rest.next() {
            Some('Z') => {
                changed.pop();
                changed.push_str("UTC");
            }
            Some('N') => changed.push_str("9f"),
            Some('r') => {
                changed.pop();
                changed.push_str("%I:%M:%S %p");
            }
            Some(directive) => changed.push(directive),
            None => changed.push('%'),
        }
    }
    let zoned = time.to_zoned(TimeZone::UTC);
    jiff::fmt::strtime::format(&changed, &zoned).map_err(|error| Failure::new(format!("{format}: {error}")))
}

/// A time as text: `@seconds`, `now`, `today`, a date, a date and a time, and after it `+3 days`, `2 hours ago`.
pub(super) fn parse(text: &str) -> Result<Timestamp, Failure> {
    let wrong = || Failure::new(format!("invalid date {text:?}"));
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds: f64 = seconds.parse().map_err(|_| wrong())?;
        let whole = seconds.floor();
        return Timestamp::new(whole as i64, ((seconds - whole) * 1e9) as i32).map_err(|_| wrong());
    }
    let mut time = now()?.to_zoned(TimeZone::UTC);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest = words.as_slice();
    // As many words as make a date and a time.
    for count in [2, 1] {
        let Some((first, after)) = rest.split_at_checked(count) else { continue };
        if let Some(found) = absolute(&first.join(" ")) {
            time = found;
            rest = after;
            break;
        }
    }
    while let [first, after @ ..] = rest {
        rest = after;
        time = match *first {
            "now" => time,
            "today" => time,
            "yesterday" => time.checked_sub(1.day()).map_err(|_| wrong())?,
            "tomorrow" => time.checked_add(1.day()).map_err(|_| wrong())?,
            "UTC" | "GMT" | "Z" => time,
            number => {
                let (amount, unit, after) = match (number.parse::<i64>(), rest) {
                    (Ok(amount), [unit, after @ ..]) => (amount, *unit, after),
                    (Err(_), after) if matches!(number, "next" | "last") && !after.is_empty() => {
                        (if number == "next" { 1 } else { -1 }, after[0], &after[1..])
                    }
                    _ => return Err(wrong()),
                };
                let is_ago = after.first() == Some(&"ago");
                rest = if is_ago { &after[1..] } else { after };
                let span =
                    span(if is_ago { amount.checked_neg() } else { Some(amount) }, unit).ok_or_else(wrong)?;
                time.checked_add(span).map_err(|_| wrong())?
            }
        };
    }
    Ok(time.timestamp())
}

fn absolute(text: &str) -> Option<Zoned> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.to_zoned(TimeZone::UTC));
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return time.to_zoned(TimeZone::UTC).ok();
    }
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let date = Date::strptime("%Y%m%d", text).ok()?;
        return date.to_zoned(TimeZone::UTC).ok();
    }
    text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()
}

fn span(amount: Option<i64>, unit: &str) -> Option<Span> {
    let amount = amount?;
    let span = Span::new();
    match unit.trim_end_matches('s') {
        "second" | "sec" => span.try_seconds(amount),
        "minute" | "min" => span.try_minutes(amount),
        "hour" => span.try_hours(amount),
        "day" => span.try_days(amount),
        "week" => span.try_weeks(amount),
        "month" => span.try_months(amount),
        "year" => span.try_years(amount),
        _ => return None,
    }
    .ok()
}
