//! Webhooks: where somebody wants to be told of what happens to runs, jobs, plans and stages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{AccountId, DeliveryId, PlanId, SubjectId, WebhookId};
use super::named::named;
use super::plan::Style;
use super::time::Millis;
use crate::error::{Error, Result};

/// Webhooks of one plan.
pub const OF_PLAN_MAX: usize = 10;
/// Characters of a URL.
const URL_LENGTH_MAX: usize = 2048;
/// Headers of a webhook, and bytes of all of them.
const HEADERS_MAX: usize = 20;
const HEADERS_BYTES_MAX: usize = 16 << 10;
/// Bytes of a condition.
const CONDITION_BYTES_MAX: usize = 4096;
/// Characters of what a webhook is for.
const DESCRIPTION_LENGTH_MAX: usize = 256;
/// Headers that the server makes itself.
const OWN_HEADERS: [&str; 7] =
    ["connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"];

named! {
    /// What may happen.
    Event, "event", "events":
    /// All jobs of a run succeeded.
    RunSucceeded = 0, "run.succeeded";
    /// A run is over, and not all of its jobs succeeded.
    RunFailed = 1, "run.failed";
    /// A run was cancelled.
    RunCancelled = 2, "run.cancelled";
    /// An attempt of a job began.
    JobStarted = 3, "job.started";
    /// A job succeeded.
    JobSucceeded = 4, "job.succeeded";
    /// A job failed for good.
    JobFailed = 5, "job.failed";
    /// A job took too long.
    JobTimedOut = 6, "job.timed_out";
    /// A job was cancelled.
    JobCancelled = 7, "job.cancelled";
    /// A plan began, or goes on after it had ended.
    PlanStarted = 8, "plan.started";
    /// One more stage of a plan's first level is over.
    PlanProgressed = 9, "plan.progressed";
    /// All stages of a plan are over.
    PlanSucceeded = 10, "plan.succeeded";
    /// A stage of a plan failed.
    PlanFailed = 11, "plan.failed";
    /// A plan was cancelled.
    PlanCancelled = 12, "plan.cancelled";
    /// A stage began.
    StageStarted = 13, "stage.started";
    /// A stage was left out.
    StageSkipped = 14, "stage.skipped";
    /// A stage ended well.
    StageSucceeded = 15, "stage.succeeded";
    /// A stage failed.
    StageFailed = 16, "stage.failed";
    /// A stage was cancelled.
    StageCancelled = 17, "stage.cancelled";
    /// A job says how far it is.
    JobProgressed = 18, "job.progressed";
}

impl Event {
    /// Whether it happens to a run or a job, and not to a plan or a stage.
    fn is_of_a_run(self) -> bool {
        self.name().starts_with("run.") || self.name().starts_with("job.")
    }
}

/// Some events.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Events(u32);

impl Events {
    /// These.
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        Self(events.into_iter().fold(0, |all, event| all | (1 << event.number())))
    }

    /// What happens to runs and their jobs.
    pub fn of_runs() -> Self {
        Self::of(Event::ALL.iter().copied().filter(|event| event.is_of_a_run()))
    }

    /// What happens to plans and their stages.
    pub fn of_plans() -> Self {
        Self::of(Event::ALL.iter().copied().filter(|event| !event.is_of_a_run()))
    }

    /// Reads names: of one event each, of all of a kind as `run.*`, or `*` for all.
    ///
    /// # Errors
    /// Invalid for a name of none, or without any.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut found = Self::default();
        for name in names {
            let fits = |event: &&Event| match name.strip_suffix('*') {
                Some("") => true,
                Some(kind) => kind.ends_with('.') && event.name().starts_with(kind),
                None => event.name() == name,
            };
            let named = Self::of(Event::ALL.iter().filter(fits).copied());
            if named == Self::default() {
                // It says which there are.
                name.parse::<Event>()?;
            }
            found.0 |= named.0;
        }
        if found == Self::default() {
            let message = "events must name at least one, as run.failed, run.* or *";
            return Err(Error::invalid(message).field("events"));
        }
        Ok(found)
    }

    /// Whether one is among them.
    pub fn has(self, event: Event) -> bool {
        self.0 & (1 << event.number()) != 0
    }

    /// Whether any of others is among them.
    pub fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Both together.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// What is in both.
    #[must_use]
    pub fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Event::ALL.iter().filter(move |event| self.has(**event)).map(|event| event.name())
    }

    /// As they are stored.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// What was stored.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

/// What somebody wants to be told, and where.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// Where.
    pub url: String,
    /// Of what.
    pub events: Events,
    /// Headers of each request. Their values may be secret, and are templates where it is a plan's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// An expression: nothing is sent where it does not come to true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What requests are signed with; they are not where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Hook {
    /// Checks what somebody sent, but for its expressions. What it says of fields begins with `at`.
    ///
    /// # Errors
    /// Invalid, with the field at fault.
    pub fn check(&self, at: &str) -> Result<()> {
        let wrong = |field: &str, why: String| {
            Error::invalid(format!("{at}{field} {why}")).field(format!("{at}{field}"))
        };
        if !self.url.contains("{{") {
            check_url(&self.url).map_err(|why| wrong("url", why))?;
        }
        if self.headers.len() > HEADERS_MAX || self.headers_bytes() > HEADERS_BYTES_MAX {
            return Err(wrong(
                "headers",
                format!("may be {HEADERS_MAX}, of {HEADERS_BYTES_MAX} bytes together"),
            ));
        }
        for (name, value) in &self.headers {
            check_header(name, value).map_err(|why| wrong("headers", why))?;
        }
        if self.when.as_ref().is_some_and(|when| when.len() > CONDITION_BYTES_MAX) {
            return Err(wrong("if", format!("may have {CONDITION_BYTES_MAX} bytes")));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_LENGTH_MAX) {
            return Err(wrong("description", format!("may have {DESCRIPTION_LENGTH_MAX} characters")));
        }
        match self.secret.as_deref().map(key_of_secret) {
            Some(None) => Err(wrong(
                "secret",
                "must be whsec_ and 24 to 64 bytes in base64; leave it out to have one made".into(),
            )),
            Some(Some(_)) | None => Ok(()),
        }
    }

    fn headers_bytes(&self) -> usize {
        self.headers.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// Whether something is asked that can be asked, not whether it may be: that depends on the address that is dialled.
fn check_url(url: &str) -> std::result::Result<(), String> {
    let wrong = || {
        format!("must be an http:// or https:// URL of {URL_LENGTH_MAX} characters at most, without a user")
    };
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).ok_or_else(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = url.chars().all(|character| character.is_ascii_graphic());
    if host.is_empty()
        || host.starts_with(':')
        || host.contains('@')
        || !is_plain
        || url.len() > URL_LENGTH_MAX
    {
        return Err(wrong());
    }
    Ok(())
}

fn check_header(name: &str, value: &str) -> std::result::Result<(), String> {
    let is_token =
        |character: char| character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!("has {name:?}, which is no name of a header"));
    }
    let lower = name.to_ascii_lowercase();
    if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("webhook-") {
        return Err(format!("has {name}, which the server sets itself"));
    }
    if is_header_value(value) {
        Ok(())
    } else {
        Err(format!("has a value of {name} with what no header may have"))
    }
}

/// Whether a value can stand in a header: without line breaks and other control characters.
pub fn is_header_value(value: &str) -> bool {
    value.chars().all(|character| !character.is_control() || character == '\t')
}

/// What stands before a secret.
pub const SECRET_PREFIX: &str = "whsec_";

/// The bytes of a secret, if it is one.
pub fn key_of_secret(secret: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let encoded = secret.strip_prefix(SECRET_PREFIX)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    Some(bytes).filter(|bytes| (24..=64).contains(&bytes.len()))
}

/// A webhook, as it is shown.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub account: AccountId,
    /// The plan whose it is; of all of the account where there is none.
    pub plan: Option<PlanId>,
    /// Where it tells.
    pub url: String,
    /// Of what.
    pub events: Events,
    /// The names of its headers.
    pub headers: BTreeSet<String>,
    /// The condition.
    pub when: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// In whose words.
    pub style: Style,
    /// Since when it tells nothing any more, and why.
    pub disabled: Option<(Millis, String)>,
    /// What happened to what was to be told.
    pub counts: Counts,
    /// When it told something last.
    pub delivered_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
}

/// Deliveries of a webhook.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Not yet delivered.
    pub waiting: u64,
    /// Delivered.
    pub delivered: u64,
    /// Given up, and kept.
    pub dead: u64,
    /// Not kept at all, for too many waited or were dead.
    pub dropped: u64,
}

named! {
    /// Where a delivery is. What has been delivered is not kept.
    DeliveryStatus, "status", "status":
    /// It will be tried.
    Waiting = 0, "WAITING";
    /// Given up.
    Dead = 1, "DEAD";
}

/// Something that happened, and is to be told.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Who is told.
    pub webhook: WebhookId,
    /// What happened.
    pub event: Event,
    /// To what.
    pub subject: SubjectId,
    /// When it happened.
    pub at: Millis,
    /// Where it is.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due_at: Option<Millis>,
    /// What came of the last try: the status of the answer, or why there was none.
    pub last: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_named_one_by_one_or_by_kind() {
        let names = |names: &[&str]| -> Vec<&str> {
            Events::parse(names.iter().copied()).expect("events").names().collect()
        };
        assert_eq!(names(&["run.failed", "run.failed"]), ["run.failed"]);
        assert_eq!(names(&["run.*"]), ["run.succeeded", "run.failed", "run.cancelled"]);
        assert_eq!(names(&["*"]).len(), Event::ALL.len());
        for wrong in [&[][..], &["run"], &["run*"], &["ru*"], &["nothing.*"], &[""]] {
            let error = Events::parse(wrong.iter().copied()).expect_err("they are none");
            assert_eq!(error.field_at_fault(), Some("events"), "{wrong:?}");
        }
    }

    #[test]
    fn a_hook_asks_only_what_can_be_asked() {
        let hook = |url: &str| Hook { url: url.into(), ..Hook::default() };
        for url in [
            "http://example.org",
            "https://example.org:8443/a?b=c",
            "http://[2001:db8::1]/x",
            "{{ inputs.url }}",
        ] {
            assert!(hook(url).check("").is_ok(), "{url}");
        }
        for url in [
            "",
            "example.org",
            "ftp://example.org",
            "http://",
            "http:///x",
            "http://:80",
            "https://a@b/",
            "http://a b/",
            "http://a/\n",
        ] {
            assert_eq!(hook(url).check("hook.").expect_err(url).field_at_fault(), Some("hook.url"), "{url}");
        }
        for (name, value) in [("", "a"), ("a b", "a"), ("Host", "a"), ("Webhook-Id", "a"), ("x", "a\r\nb")] {
            let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            let hook = Hook { headers, ..hook("http://a") };
            assert_eq!(hook.check("").expect_err(name).field_at_fault(), Some("headers"), "{name}");
        }
        for secret in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let hook = Hook { secret: Some(secret.into()), ..hook("http://a") };
            assert_eq!(hook.check("").expect_err(secret).field_at_fault(), Some("secret"), "{secret}");
        }
        assert_eq!(key_of_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").map(|key| key.len()), Some(24));
    }
}
