//! Scenarios as data: what is sent and what is to come back, in `tests/scenarios/<dialect>/*.toml`.
//!
//! A file has what its server needs (`config`, `runtimes`, `accounts` with their passwords) and steps: `send` with `form`,
//! `json`, `yaml` or `text`, then the `status` and, as JSON, the `answer`, whose objects have these fields and no others. In it
//! `<uuid>`, `<date>`, `<token>`, `<any>` and the like stand for values that differ, and `~…` for a text that has this in it. What `save` names
//! stands in later steps as `{name}`, in a query as `{name%}`. A step that is to be `repeated` is sent until its answer is so.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, PATIENCE, Server, encoded, made_runtime, repository};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    config: String,
    #[serde(default)]
    runtimes: Vec<String>,
    #[serde(default)]
    accounts: BTreeMap<String, String>,
    step: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    send: String,
    /// The header; the one of the step before, where it is not named.
    authorization: Option<String>,
    form: Option<BTreeMap<String, String>>,
    json: Option<String>,
    yaml: Option<String>,
    text: Option<String>,
    status: u16,
    answer: Option<String>,
    #[serde(default)]
    save: BTreeMap<String, String>,
    #[serde(default)]
    repeated: bool,
}

#[test]
fn sharedcloud_answers_as_seeds_000_and_001_say() {
    play("sharedcloud");
}

#[test]
fn jobs_are_answered_as_seed_002_says() {
    play("v1");
}

#[test]
fn tork_answers_as_seed_004_says() {
    play("tork");
}

#[test]
fn fiddler_answers_as_seed_003_says() {
    play("fiddler");
}

fn play(dialect: &str) {
    let folder = repository().join("tests/scenarios").join(dialect);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("scenarios").flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        play_file(&file);
    }
}

fn play_file(file: &Path) {
    let text = std::fs::read_to_string(file).expect("text");
    let scenario: Scenario =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let server = Server::start_with(&scenario.config);
    for runtime in &scenario.runtimes {
        let Some(component) = made_runtime(runtime) else { return };
        server.skep(&["runtimes", "add", runtime, &component.to_string_lossy()]).ok();
    }
    for (name, password) in &scenario.accounts {
        server.admin().post("/v1/accounts", &json!({"name": name, "password": password})).data(201);
    }
    let mut saved = BTreeMap::from([("admin".to_owned(), server.key())]);
    let mut caller = server.anon();
    for (number, step) in scenario.step.iter().enumerate() {
        let place = format!("{} step {}: {}", file.display(), number + 1, step.send);
        if let Some(authorization) = &step.authorization {
            caller.authorization = Some(filled(authorization, &saved)).filter(|text| !text.is_empty());
        }
        let answer = ask(&caller, step, &saved, &place);
        for (name, pointer) in &step.save {
            let value = answer.body.pointer(pointer).and_then(Value::as_str);
            let value = value.unwrap_or_else(|| panic!("{place}: no {pointer} in {}", answer.body));
            saved.insert(name.clone(), value.to_owned());
        }
    }
}

/// Sends a step, again and again if it says so, and holds the answer against what it is to be.
fn ask(caller: &Caller, step: &Step, saved: &BTreeMap<String, String>, place: &str) -> Answer {
    let began = Instant::now();
    loop {
        let answer = sent(caller, step, saved);
        let found = found(&answer, step, saved, place);
        match found {
            None => return answer,
            Some(_) if step.repeated && began.elapsed() < PATIENCE => {}
            Some(why) => panic!("{place}: {why}\n{}", answer.body),
        }
    }
}

fn sent(caller: &Caller, step: &Step, saved: &BTreeMap<String, String>) -> Answer {
    let (method, path) = step.send.split_once(' ').expect("a method and a path");
    let path = filled(path, saved);
    if let Some(yaml) = &step.yaml {
        return caller.send(method, &path, filled(yaml, saved), &[("Content-Type", "text/yaml")]);
    }
    match (&step.form, &step.json) {
        (Some(form), _) => {
            let pair =
                |(name, value): (&String, &String)| format!("{name}={}", encoded(&filled(value, saved)));
            let body = form.iter().map(pair).collect::<Vec<_>>().join("&");
            caller.send(method, &path, body, &[("Content-Type", "application/x-www-form-urlencoded")])
        }
        (None, Some(json)) => {
            caller.send(method, &path, filled(json, saved), &[("Content-Type", "application/json")])
        }
        (None, None) => caller.send(method, &path, step.text.as_deref().unwrap_or_default(), &[]),
    }
}

/// What is wrong with an answer, if anything is.
fn found(answer: &Answer, step: &Step, saved: &BTreeMap<String, String>, place: &str) -> Option<String> {
    if answer.status != step.status {
        return Some(format!("it is {} and not {}", answer.status, step.status));
    }
    let wanted = filled(step.answer.as_deref()?, saved);
    let wanted: Value = serde_json::from_str(&wanted).unwrap_or_else(|error| panic!("{place}: {error}"));
    differs(&wanted, &answer.body, "")
}

fn differs(wanted: &Value, found: &Value, at: &str) -> Option<String> {
    let other = || Some(format!("{at} is {found} and not {wanted}"));
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            let names = |object: &serde_json::Map<String, Value>| {
                object.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            if names(wanted) != names(found) {
                return other();
            }
            wanted.iter().find_map(|(name, value)| differs(value, &found[name], &format!("{at}/{name}")))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            if wanted.len() != found.len() {
                return other();
            }
            let pairs = wanted.iter().zip(found).enumerate();
            pairs.into_iter().find_map(|(index, (one, other))| differs(one, other, &format!("{at}/{index}")))
        }
        (Value::String(pattern), found) => {
            if fits(pattern, found) {
                None
            } else {
                other()
            }
        }
        _ => {
            if wanted == found {
                None
            } else {
                other()
            }
        }
    }
}

fn fits(pattern: &str, found: &Value) -> bool {
    let shape = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c }).collect()
    };
    let text = found.as_str();
    match pattern {
        "<any>" => true,
        "<price of two seconds>" => found.as_f64().is_some_and(|price| (0.008..0.02).contains(&price)),
        "<two seconds>" => found.as_u64().is_some_and(|seconds| (2..5).contains(&seconds)),
        "<uuid>" => text.is_some_and(|text| shape(text) == "00000000-0000-0000-0000-000000000000"),
        "<hex>" => text.is_some_and(|text| text.len() == 32 && shape(text).chars().all(|c| c == '0')),
        "<time>" => {
            text.is_some_and(|text| shape(text).starts_with("0000-00-00T00:00:00") && text.ends_with('Z'))
        }
        "<date>" => text.is_some_and(|text| shape(text) == "00-00-0000 00:00:00"),
        "<token>" => text.is_some_and(|text| text.len() == 40 && shape(text).chars().all(|c| c == '0')),
        pattern => match pattern.strip_prefix('~') {
            Some(part) => text.is_some_and(|text| text.contains(part)),
            None => text == Some(pattern),
        },
    }
}

fn filled(text: &str, saved: &BTreeMap<String, String>) -> String {
    saved.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}%}}"), &encoded(value))
    })
}
