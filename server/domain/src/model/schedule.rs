//! A schedule: a run, or a plan, that is submitted again and again.

use std::fmt;

use cronexpr::Crontab;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::function::Name;
use super::id::{AccountId, ScheduleId, SubjectId};
use super::money::Nanodollars;
use super::named::named;
use super::plan::Head;
use super::run::Common;
use super::time::Millis;
use crate::error::{Error, Result};

/// The least time between two runs of `@every`.
const EVERY_MS_MIN: u64 = 1000;
/// The most: a year.
const EVERY_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;
/// Characters of a cron expression, and of a time zone.
const TEXT_LENGTH_MAX: usize = 200;
/// A run that is later than this was missed: the server did not run, or could not keep up.
pub const LATE_MS: u64 = 60_000;
/// The time zone of whoever names none.
pub const UTC: &str = "UTC";

/// What the short words stand for.
const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

named! {
    /// What becomes of runs whose time has passed while the server did not run.
    Missed, "missed", "missed":
    /// They are left out.
    Skip = 0, "skip";
    /// One is made for all of them.
    Once = 1, "once";
}

/// At which times runs are made.
#[derive(Clone)]
pub struct Timing {
    cron: String,
    zone: String,
    rule: Rule,
}

#[derive(Clone)]
enum Rule {
    Every(u64),
    Cron(Box<Crontab>),
}

impl Timing {
    /// Reads a cron expression: five fields (minute, hour, day of the month, month, day of the week), a word as
    /// `@daily`, or `@every 1h30m`; and the time zone in which it is meant, by its name in the IANA database.
    ///
    /// # Errors
    /// Invalid, with the field at fault and how to write it.
    pub fn parse(cron: &str, zone: &str) -> Result<Self> {
        for (field, text) in [("cron", cron), ("timeZone", zone)] {
            if text.len() > TEXT_LENGTH_MAX {
                let message = format!("{field} may have {TEXT_LENGTH_MAX} characters");
                return Err(Error::invalid(message).field(field));
            }
        }
        let cron = cron.trim();
        let rule = match cron.strip_prefix("@every ") {
            Some(text) => Rule::Every(every(text)?),
            None => Rule::Cron(Box::new(crontab(cron, zone)?)),
        };
        let timing = Self { cron: cron.to_owned(), zone: zone.to_owned(), rule };
        Ok(timing)
    }

    /// Whether it means times of day, and not a distance in time.
    fn names_hours(&self) -> bool {
        let hours = self.cron.split_whitespace().nth(1);
        hours.map_or(self.cron != "@hourly", |hours| !hours.contains('*'))
    }

    /// The expression.
    pub fn cron(&self) -> &str {
        &self.cron
    }

    /// The time zone.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The first time after now, where the last was at `last`. Never, if there is none within four years. A time of
    /// day that the clocks leave out on one day is left out, and one that they show twice is meant once.
    pub fn next(&self, last: Millis, now: Millis) -> Option<Millis> {
        match &self.rule {
            Rule::Every(every) => {
                let passed = now.0.saturating_sub(last.0) / every;
                Some(last.plus(every.saturating_mul(passed + 1)))
            }
            Rule::Cron(crontab) => {
                let now = Timestamp::from_millisecond(i64::try_from(now.0).ok()?).ok()?;
                let mut next = crontab.find_next(now).ok()?;
                while self.names_hours() && is_again(&next) {
                    next = crontab.find_next(next.timestamp()).ok()?;
                }
                u64::try_from(next.timestamp().as_millisecond()).ok().map(Millis)
            }
        }
    }
}

/// Whether clocks showed the same an hour before.
fn is_again(time: &Zoned) -> bool {
    let first = time.time_zone().to_ambiguous_zoned(time.datetime()).earlier();
    first.is_ok_and(|first| first.timestamp() < time.timestamp())
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timing({} {})", self.cron, self.zone)
    }
}

impl PartialEq for Timing {
    fn eq(&self, other: &Self) -> bool {
        (&self.cron, &self.zone) == (&other.cron, &other.zone)
    }
}

fn every(text: &str) -> Result<u64> {
    let duration = text.trim().parse::<SignedDuration>().ok();
    let millis = duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    millis.filter(|millis| (EVERY_MS_MIN..=EVERY_MS_MAX).contains(millis)).ok_or_else(|| {
        let message = format!("@every takes a time from 1s to a year, as in @every 1h30m; it was {text:?}");
        Error::invalid(message).field("cron")
    })
}

fn crontab(cron: &str, zone: &str) -> Result<Crontab> {
    let wrong = |why: String| {
        let message = format!(
            "the cron expression {cron:?} {why}; write five fields, as in \"30 4 * * MON-FRI\" (minute, hour, day of the month, month, day of the week), @daily, or @every 1h30m"
        );
        Error::invalid(message).field("cron")
    };
    let fields = WORDS.iter().find(|(word, _)| *word == cron).map_or(cron, |(_, fields)| fields);
    if fields.split_whitespace().count() != 5 {
        return Err(wrong("has not five fields".into()));
    }
    if jiff::tz::TimeZone::get(zone).is_err() {
        let message = format!("there is no time zone {zone:?}; name one as Europe/Berlin or UTC");
        return Err(Error::invalid(message).field("timeZone"));
    }
    cronexpr::parse_crontab(&format!("{fields} {zone}")).map_err(|error| {
        // Its last line says what is wrong; the others show where.
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches([' ', '^']).to_owned();
        wrong(format!("cannot be read: {why}"))
    })
}

/// What is submitted each time.
#[derive(Debug, Clone)]
pub enum What {
    /// A run.
    Run(Box<Planned>),
    /// A plan.
    Plan(Box<PlannedPlan>),
}

/// A plan that is submitted each time.
#[derive(Debug, Clone)]
pub struct PlannedPlan {
    /// What it is.
    pub head: Head,
    /// The names of its secrets.
    pub secrets: Vec<String>,
    /// All of it, sealed: its secrets are in it.
    pub sealed: Vec<u8>,
}

/// A run that is submitted each time. The function is looked up by name each time, so that its current version runs where none
/// is named.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// The function's name.
    pub function: String,
    /// The version; the current one where it is not named.
    pub version: Option<u32>,
    /// One tuple of arguments a job, as JSON arrays.
    pub tuples: Vec<Box<RawValue>>,
    /// What the jobs have in common.
    pub common: Common,
    /// The most that is paid for a job-minute, in billionths of a dollar.
    pub bid: Option<Nanodollars>,
}

/// A schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub name: Name,
    /// When.
    pub timing: Timing,
    /// What becomes of what was missed.
    pub missed: Missed,
    /// What.
    pub what: What,
    /// When the next run is made; none while it is paused.
    pub next_at: Option<Millis>,
    /// When the last run was to be made.
    pub last_at: Option<Millis>,
    /// The last run, or plan.
    pub last: Option<SubjectId>,
    /// Why there is none of the last time, where there is none.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed last.
    pub updated_at: Millis,
}

impl Schedule {
    /// Whether a run is made for a time that has come, and not left out for being missed.
    pub fn is_made(&self, due: Millis, now: Millis) -> bool {
        self.missed == Missed::Once || now.0.saturating_sub(due.0) <= LATE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next times after one, in UTC.
    fn after(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let timing = Timing::parse(cron, zone).expect(cron);
        let mut at = Millis(from.parse::<Timestamp>().expect(from).as_millisecond() as u64);
        let mut found = Vec::new();
        for _ in 0..count {
            let Some(next) = timing.next(at, at) else { break };
            found.push(Timestamp::from_millisecond(next.0 as i64).expect("a time").to_string());
            at = next;
        }
        found
    }

    #[test]
    fn times_are_those_of_the_zone() {
        assert_eq!(
            after("30 4 * * MON-FRI", "Europe/Berlin", "2026-11-20T12:00:00Z", 2),
            ["2026-11-23T03:30:00Z", "2026-11-24T03:30:00Z"]
        );
        assert_eq!(after("@daily", "Asia/Tokyo", "2026-11-20T12:00:00Z", 1), ["2026-11-20T15:00:00Z"]);
        // The clocks go from 2 to 3, and from 3 to 2.
        assert_eq!(
            after("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 2),
            ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            after("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            after("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 3),
            ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]
        );
        assert_eq!(after("* 2 * * *", "Europe/Berlin", "2026-10-25T00:59:00Z", 1), ["2026-10-26T01:00:00Z"]);
    }

    #[test]
    fn every_goes_on_from_the_last_time_and_leaves_out_what_has_passed() {
        let timing = Timing::parse("@every 1m30s", UTC).expect("it is one");
        assert_eq!(timing.next(Millis(1000), Millis(1000)), Some(Millis(91_000)));
        assert_eq!(timing.next(Millis(1000), Millis(500_000)), Some(Millis(541_000)));
    }

    #[test]
    fn what_was_missed_is_made_up_for_only_where_that_is_wanted() {
        let schedule = |missed| Schedule {
            id: ScheduleId::from_bytes([1; 16]),
            account: AccountId::from_bytes([2; 16]),
            name: Name::parse("s").expect("a name"),
            timing: Timing::parse("@daily", UTC).expect("an expression"),
            missed,
            what: What::Run(Box::new(Planned {
                function: "f".into(),
                version: None,
                tuples: Vec::new(),
                common: Common::default(),
                bid: None,
            })),
            next_at: None,
            last_at: None,
            last: None,
            last_error: None,
            created_at: Millis(0),
            updated_at: Millis(0),
        };
        for (missed, late, is_made) in [
            (Missed::Skip, LATE_MS, true),
            (Missed::Skip, LATE_MS + 1, false),
            (Missed::Once, LATE_MS + 1, true),
        ] {
            assert_eq!(schedule(missed).is_made(Millis(5), Millis(5 + late)), is_made, "{missed:?} {late}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_an_example() {
        for (cron, zone, field, says) in [
            ("61 * * * *", UTC, "cron", "0..=59"),
            ("* * * *", UTC, "cron", "has not five fields"),
            ("* * * * * *", UTC, "cron", "has not five fields"),
            ("@fortnightly", UTC, "cron", "@daily"),
            ("@every 0s", UTC, "cron", "from 1s to a year"),
            ("@every -1h", UTC, "cron", "from 1s to a year"),
            ("@every 90", UTC, "cron", "@every 1h30m"),
            ("@every 99999999999999h", UTC, "cron", "from 1s to a year"),
            ("* * * * *", "Mars/Base", "timeZone", "Mars/Base"),
            ("* * * * *", "../../etc/passwd", "timeZone", "no time zone"),
            (&"*".repeat(201), UTC, "cron", "200 characters"),
        ] {
            let error = Timing::parse(cron, zone).expect_err(cron);
            assert_eq!(error.field_at_fault(), Some(field), "{cron}");
            assert!(error.message().contains(says), "{cron}: {}", error.message());
        }
        let never = Timing::parse("0 0 30 2 *", UTC).expect("it can be read");
        assert_eq!(never.next(Millis(0), Millis(0)), None);
    }
}
