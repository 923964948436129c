//! The command line against a server, and `exec` without one.

use std::process::Command;

use crate::harness::{Ran, SKEP, Server, guest, repository, wat};

fn exec(arguments: &[&str]) -> Ran {
    let mut command = Command::new(SKEP);
    command.arg("exec").args(arguments);
    Ran::of(command)
}

fn built(name: &str) -> String {
    repository().join(format!("guests/built/{name}.wasm")).to_string_lossy().into_owned()
}

#[test]
fn a_tour_of_the_commands() {
    let server = Server::start();
    let skep = |arguments: &[&str]| server.skep(arguments);
    assert!(skep(&["deploy", &built("primes")]).ok().contains("primes version 1"));
    assert!(skep(&["functions"]).ok().contains("count"));
    assert!(skep(&["functions", "primes"]).ok().contains("func(low: u32, high: u32) -> u32"));
    assert_eq!(skep(&["invoke", "primes", "0", "100"]).ok(), "25\n");
    assert_eq!(skep(&["invoke", "primes", "0", "100", "--json"]).json()["result"], 25);
    assert!(skep(&["invoke", "primes", "-1", "100"]).stderr.contains("expected u32, got -1"));
    let run = skep(&["run", "primes", "--parameters", "[[0, 10], [0, 100]]", "--follow", "--json"]).json();
    assert_eq!(run["counts"]["succeeded"], 2);
    let id = run["runId"].as_str().expect("an id");
    let table = skep(&["jobs", "--run", id]).ok();
    assert!(table.contains("SUCCEEDED") && table.contains("25"), "{table}");
    let jobs = skep(&["jobs", "--run", id, "--json"]).json();
    let job = jobs["items"][1]["jobId"].as_str().expect("an id");
    assert!(skep(&["jobs", job]).ok().contains("result     25"));
    assert_eq!(skep(&["logs", job]).ok(), "[0, 100): 25 primes\n");
    assert!(skep(&["wit", "primes"]).ok().contains("export count: func(low: u32, high: u32) -> u32"));
}

#[test]
fn exit_codes_mean_something() {
    let server = Server::start();
    let skep = |arguments: &[&str]| server.skep(arguments);
    server.admin().deploy("even", wat::EVEN);
    let failed = skep(&["invoke", "even", "1"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("trap") && failed.stderr.contains("check"), "{}", failed.stderr);
    assert_eq!(skep(&["run", "even", "--parameters", "[[1]]", "--follow"]).code, Some(1));
    assert_eq!(skep(&["invoke", "--nonsense"]).code, Some(2));
    assert_eq!(skep(&["run", "even", "--parameters", "((1, 2),)"]).code, Some(2));
    let refused = skep(&["invoke", "nothing"]);
    assert_eq!((refused.code, refused.stderr.as_str()), (Some(3), "skep: there is no such function\n"));
    let odd = skep(&["functions", "a b\u{fc}"]);
    assert!(odd.code == Some(3) && odd.stderr.contains("no such function"), "{}", odd.stderr);
    let json = skep(&["invoke", "nothing", "--json"]);
    assert_eq!(
        json.stderr,
        "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"there is no such function\"}}\n"
    );
    let unreachable = skep(&["functions", "--url", "http://127.0.0.1:9"]);
    assert_eq!(unreachable.code, Some(4));
    assert!(unreachable.stderr.contains("skep serve"), "{}", unreachable.stderr);
    let schemeless = skep(&["functions", "--url", "127.0.0.1:9"]);
    assert!(schemeless.code == Some(2) && schemeless.stderr.contains("http://"), "{}", schemeless.stderr);
    let keyless = skep(&["functions", "--token", "wrong"]);
    assert_eq!(keyless.code, Some(3));
    assert!(keyless.stderr.contains("--token"), "{}", keyless.stderr);
}

#[test]
fn jobs_and_runs_are_cancelled_and_restarted() {
    let server = Server::start();
    server.admin().deploy("spin", wat::SPIN);
    let run = server.skep(&["run", "spin", "--parameters", "[[]]", "--json"]).json();
    let run = run["runId"].as_str().expect("an id");
    assert!(server.skep(&["cancel", run]).ok().contains(run));
    server.admin().run_over(run);
    let jobs = server.skep(&["jobs", "--run", run, "--json"]).json();
    let job = jobs["items"][0]["jobId"].as_str().expect("an id");
    assert!(server.skep(&["restart", job]).ok().contains("QUEUED"));
    server.skep(&["cancel", job]).ok();
    server.admin().wait_until(&format!("/v1/jobs/{job}"), |job| job["status"] == "CANCELLED");
    assert_eq!(server.skep(&["cancel", job]).code, Some(3));
}

#[test]
fn exec_passes_everything_through() {
    let command = built("command");
    assert_eq!(exec(&[&command, "args", "a b", "--flag"]).ok(), "a b\n--flag\n");
    assert_eq!(exec(&["--env", "A=1", &command, "env"]).ok(), "A=1\n");
    assert_eq!(exec(&[&command, "exit", "1"]).code, Some(1));
    assert_eq!(exec(&[&command, "panic", "x"]).code, Some(134));
    assert_eq!(exec(&["--timeout-ms", "100", &command, "spin"]).code, Some(124));
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("note"), "granted").expect("writable");
    let granted = format!("{}::/data", directory.path().display());
    assert!(exec(&["--dir", &granted, &command, "read", "/data/note"]).ok().starts_with("granted"));
    assert_ne!(exec(&[&command, "read", "/data/note"]).code, Some(0));
    assert_eq!(exec(&[&built("primes"), "0", "100"]).ok(), "[0, 100): 25 primes\n25\n");
    let refused = exec(&["/etc/hostname"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("not WebAssembly"), "{}", refused.stderr);
    assert_eq!(exec(&["/no/such/file"]).code, Some(1));
    let missing = exec(&["--dir", "/no/such/folder::/d", &command]);
    assert!(
        missing.code == Some(1) && missing.stderr.contains("opening a granted directory"),
        "{}",
        missing.stderr
    );
    assert!(!missing.stderr.contains("server"), "{}", missing.stderr);
}

#[test]
fn a_stranger_cannot_reach_the_terminal() {
    let server = Server::start();
    server.admin().deploy("c", guest("command"));
    // ESC ] 0 ; x BEL would set the window's title.
    let shown = server.skep(&["invoke", "c", "bytes", "1b5d303b7807"]).ok();
    assert_eq!(shown, "\\u{1b}]0;x\\u{7}\n");
    // U+202E turns what follows it around.
    let turned = server.skep(&["invoke", "c", "bytes", "61e280ae74787462"]).ok();
    assert_eq!(turned, "a\\u{202e}txtb\n");
}

#[test]
fn the_demo_ends_well() {
    let mut command = Command::new(SKEP);
    command.arg("demo");
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("1000 succeeded") && ran.stdout.contains("1229 primes"), "{}", ran.stdout);
}

#[test]
fn doctor_says_what_is_missing_and_what_to_do() {
    let doctor = |arguments: &[&str]| {
        let mut command = Command::new(SKEP);
        command.arg("doctor").args(arguments);
        Ran::of(command)
    };
    let checks = doctor(&["--instances", "1", "--json"]).json()["checks"].clone();
    let names: Vec<_> =
        checks.as_array().expect("checks").iter().map(|check| check["check"].clone()).collect();
    assert_eq!(names, ["guests", "compilers", "kernel", "files", "disk"]);
    assert_eq!((&checks[0]["state"], &checks[0]["advice"]), (&"good".into(), &serde_json::Value::Null));
    let ill = doctor(&["--instances", "100000000", "--data", "/proc/skep-data"]);
    assert_eq!(ill.code, Some(1), "{}", ill.stdout);
    assert!(ill.stdout.contains("sysctl -w vm.max_map_count=1200004096"), "{}", ill.stdout);
    assert!(ill.stdout.contains("/proc cannot be written"), "{}", ill.stdout);
}
