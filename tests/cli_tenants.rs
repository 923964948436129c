//! The command line for operators and tenants: accounts, keys, usage, profiles, help.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Ran, SKEP, Server, guest, wat};

#[test]
fn accounts_and_keys_are_managed() {
    let server = Server::start();
    let skep = |arguments: &[&str]| server.skep(arguments);
    let made =
        skep(&["accounts", "create", "ada", "--weight", "3", "--scope", "keys:write", "--json"]).json();
    assert_eq!((&made["weight"], made["scopes"].to_string().as_str()), (&3.into(), "[\"keys:write\"]"));
    assert!(skep(&["accounts"]).ok().contains("ada"));
    assert!(skep(&["accounts", "show", "ada"]).ok().contains("weight 3, has no password"));
    let changed = skep(&["accounts", "change", "ada", "--scope", "runs:read", "--scope", "keys:write"]).ok();
    assert!(changed.contains("runs:read keys:write"), "{changed}");
    let token = made["key"].as_str().expect("a key");
    let as_ada = |arguments: &[&str]| {
        let mut command = Command::new(SKEP);
        command.args(arguments).env("SKEP_URL", &server.url).env("SKEP_TOKEN", token);
        Ran::of(command)
    };
    let key = as_ada(&["keys", "create", "--name", "ci", "--days", "7", "--json"]).json();
    assert!(as_ada(&["keys"]).ok().contains("ci"));
    let id = key["keyId"].as_str().expect("an id");
    assert_eq!(as_ada(&["keys", "revoke", id]).ok(), format!("key {id} is revoked\n"));
    let refused = as_ada(&["accounts"]);
    assert_eq!((refused.code, refused.stderr.as_str()), (Some(3), "skep: this key lacks the scope admin\n"));
    assert_eq!(skep(&["accounts", "delete", "ada"]).ok(), "account ada is deleted\n");
    assert_eq!(as_ada(&["keys"]).code, Some(3));
}

#[test]
fn a_password_is_read_from_stdin() {
    let server = Server::start();
    let mut command = Command::new(SKEP);
    command
        .args(["accounts", "create", "ada", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command.env("SKEP_URL", &server.url).env("SKEP_TOKEN", server.key());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(b"correct horse\n").expect("it reads");
    let said = String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text");
    assert!(said.contains("has a password"), "{said}");
    let body = serde_json::json!({"name": "ada", "password": "correct horse"});
    server.anon().post("/v1/auth/token", &body).data(200);
}

#[test]
fn usage_adds_up_in_a_table() {
    let server = Server::start();
    let skep = |arguments: &[&str]| server.skep(arguments);
    server.admin().deploy("double", wat::DOUBLE);
    skep(&["invoke", "double", "1"]).ok();
    skep(&["run", "double", "--parameters", "[[1], [2]]", "--follow"]).ok();
    let table = skep(&["usage", "--by", "run"]).ok();
    let last = table.lines().last().expect("a line");
    assert!(last.starts_with("all") && last.contains(" 3 ") && last.contains("$0.00000"), "{table}");
    assert!(skep(&["usage", "--by", "function"]).ok().contains("double"));
    assert!(skep(&["usage", "--from", "2020-01-01", "--to", "2020-12-31"]).ok().starts_with("DAY"));
    assert!(skep(&["usage", "--from", "soon"]).stderr.contains("as in 2026-11-01"));
    assert_eq!(skep(&["usage", "--from", "2020-01-01"]).code, Some(3), "more than a year");
}

#[test]
fn a_log_is_followed_to_the_end_of_its_job() {
    let server = Server::start();
    server.admin().deploy("command", guest("command"));
    let parameters = "[[\"tick\", \"5\", \"100\"]]";
    let run = server.skep(&["run", "command", "--parameters", parameters, "--json"]).json();
    let id = run["runId"].as_str().expect("an id");
    let jobs = server.skep(&["jobs", "--run", id, "--json"]).json();
    let job = jobs["items"][0]["jobId"].as_str().expect("an id");
    let mut command = Command::new(SKEP);
    command.args(["logs", "-f", job]).env("SKEP_URL", &server.url).env("SKEP_TOKEN", server.key());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text")).collect();
    assert_eq!(lines.len(), 5);
    assert!(
        lines.iter().enumerate().all(|(number, line)| line.starts_with(&number.to_string())),
        "{lines:?}"
    );
    assert!(child.wait().expect("it ends").success());
    let results = server.skep(&["results", id]).ok();
    let first: Value = serde_json::from_str(results.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["status"], "SUCCEEDED");
    assert!(server.skep(&["runs"]).ok().contains("100%"));
    assert_eq!(server.skep(&["delete", "run", id]).ok(), format!("run {id} is deleted\n"));
    assert_eq!(server.skep(&["delete", "function", "command"]).ok(), "function command is deleted\n");
    assert_eq!(server.skep(&["delete", "function", "command"]).code, Some(3));
}

#[test]
fn a_profile_says_which_server_and_what_is_said_here_goes_before_it() {
    let (one, two) = (Server::start(), Server::start());
    two.admin().deploy("double", wat::DOUBLE);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    let key_file = one.directory.path().join("data/admin.key");
    let text = format!(
        "default = 'one'\n[profiles.one]\nurl = '{}'\ntoken_file = '{}'\n[profiles.two]\nurl = '{}'\ntoken = '{}'\n",
        one.url,
        key_file.display(),
        two.url,
        two.key()
    );
    std::fs::write(&file, &text).expect("it is written");
    let skep = |arguments: &[&str]| {
        let mut command = Command::new(SKEP);
        Ran::of({
            command
                .args(arguments)
                .env("SKEP_CLI_CONFIG", &file)
                .env_remove("SKEP_URL")
                .env_remove("SKEP_TOKEN");
            command
        })
    };
    assert!(!skep(&["functions"]).ok().contains("double"));
    assert!(skep(&["functions", "--profile", "two"]).ok().contains("double"));
    assert!(skep(&["functions", "--url", &two.url, "--token", &two.key()]).ok().contains("double"));
    // A profile's token goes to the profile's server only.
    let elsewhere = skep(&["functions", "--url", "http://192.0.2.1:9"]);
    assert!(elsewhere.code == Some(2) && elsewhere.stderr.contains("no key"), "{}", elsewhere.stderr);
    let unknown = skep(&["functions", "--profile", "three"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("there is no profile \"three\"") && unknown.stderr.contains("one, two"));
    std::fs::write(&file, format!("{text}[profile.four]\n")).expect("it is written");
    assert!(skep(&["functions"]).stderr.contains("unknown field `profile`"));
}

/// Every command, with those below it.
const COMMANDS: [&[&str]; 65] = [
    &[],
    &["serve"],
    &["demo"],
    &["doctor"],
    &["exec"],
    &["init"],
    &["deploy"],
    &["invoke"],
    &["run"],
    &["runs"],
    &["results"],
    &["jobs"],
    &["logs"],
    &["cancel"],
    &["restart"],
    &["functions"],
    &["delete"],
    &["delete", "function"],
    &["delete", "run"],
    &["runtimes"],
    &["runtimes", "list"],
    &["runtimes", "show"],
    &["runtimes", "add"],
    &["runtimes", "make"],
    &["runtimes", "rm"],
    &["models"],
    &["models", "list"],
    &["models", "show"],
    &["models", "put"],
    &["models", "rm"],
    &["plans"],
    &["plans", "list"],
    &["plans", "show"],
    &["plans", "submit"],
    &["plans", "schedule"],
    &["plans", "cancel"],
    &["plans", "restart"],
    &["plans", "rm"],
    &["schedules"],
    &["schedules", "list"],
    &["schedules", "show"],
    &["schedules", "put"],
    &["schedules", "pause"],
    &["schedules", "resume"],
    &["schedules", "rm"],
    &["webhooks"],
    &["webhooks", "list"],
    &["webhooks", "add"],
    &["webhooks", "show"],
    &["webhooks", "disable"],
    &["webhooks", "enable"],
    &["webhooks", "deliveries"],
    &["webhooks", "replay"],
    &["usage"],
    &["keys"],
    &["keys", "create"],
    &["keys", "revoke"],
    &["accounts"],
    &["accounts", "create"],
    &["accounts", "change"],
    &["accounts", "show"],
    &["accounts", "delete"],
    &["wit"],
    &["completions"],
    &["--version"],
];

#[test]
fn every_command_says_what_it_takes() {
    let mut text = String::new();
    for words in COMMANDS {
        let mut command = Command::new(SKEP);
        command.args(words).env_clear();
        if words != ["--version"] {
            command.arg("--help");
        }
        text.push_str(&format!("$ skep {}\n{}\n", words.join(" "), Ran::of(command).ok()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn completions_know_every_command() {
    let mut command = Command::new(SKEP);
    command.args(["completions", "bash"]);
    let script = Ran::of(command).ok();
    for words in COMMANDS.iter().filter(|words| words.len() == 1 && !words[0].starts_with('-')) {
        assert!(script.contains(words[0]), "{words:?}");
    }
    let mut command = Command::new("bash");
    command.args(["-n", "-c", &script]);
    Ran::of(command).ok();
}

#[test]
fn a_full_disk_is_no_success() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("this system has it");
    let mut command = Command::new(SKEP);
    command.args(["wit", &crate::harness::repository().join("guests/built/words.wasm").to_string_lossy()]);
    let output = command.stdout(full).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"));
}
