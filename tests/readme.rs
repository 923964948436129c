//! The README's tours are true: they are run as they stand.

use std::process::Command;

use crate::harness::{Ran, SKEP, Server, repository, skip};

/// The `sh` blocks of a section of the README.
fn section(title: &str) -> String {
    let readme = read("README.md");
    let (_, rest) = readme.split_once(&format!("\n## {title}\n")).expect("the section is there");
    blocks(rest.split("\n## ").next().expect("a section"))
}

fn blocks(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("a block ends")).collect()
}

fn read(page: &str) -> String {
    std::fs::read_to_string(repository().join(page)).expect("it is there")
}

fn run(titles: &[&str]) -> String {
    run_script(&titles.iter().map(|title| section(title)).collect::<String>())
}

fn run_script(script: &str) -> String {
    let server = Server::start();
    // What the tour with curl defines, for those that come after it.
    let prelude = "set -euo pipefail\nauth=\"Authorization: Bearer $SKEP_TOKEN\"\n";
    let mut bash = Command::new("bash");
    let path = std::env::var("PATH").expect("a PATH");
    let folder = std::path::Path::new(SKEP).parent().expect("a folder").display().to_string();
    bash.arg("-c")
        .arg(format!("{prelude}{script}"))
        .current_dir(repository())
        .env("PATH", format!("{folder}:{path}"))
        .env("SKEP_URL", &server.url)
        .env("SKEP_TOKEN", server.key());
    Ran::of(bash).ok()
}

#[test]
fn the_tour_with_the_command_line_runs_as_it_stands() {
    let printed = run(&["A tour with the command line"]);
    assert!(printed.contains("SUCCEEDED: 4 succeeded"), "{printed}");
    assert!(printed.contains("laptop") && printed.contains("its key, shown this once"), "{printed}");
}

#[test]
fn the_tour_with_curl_runs_as_it_stands() {
    if !has_curl() {
        return;
    }
    let printed = run(&["A tour with curl"]);
    assert!(printed.contains("\"status\":\"SUCCEEDED\""), "{printed}");
    for part in ["event: end", "\"tokenType\":\"Bearer\"", "\"message\":\"usage\""] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}

#[test]
fn schedules_are_as_it_says() {
    if !has_curl() {
        return;
    }
    let printed = run(&["Schedules"]);
    assert!(printed.contains("\"message\":\"schedule created\""), "{printed}");
    assert!(printed.contains("paused") && printed.contains("schedule often is deleted"), "{printed}");
}

#[test]
fn plans_are_as_their_page_says() {
    if !has_curl() {
        return;
    }
    let printed = run_script(&blocks(&read("docs/plans.md")));
    assert!(printed.contains("[25,21,16,15]") && printed.contains("\"status\":\"SKIPPED\""), "{printed}");
}

#[test]
fn the_page_about_webhooks_runs_as_it_stands() {
    if !has_curl() {
        return;
    }
    let printed = run_script(&blocks(&read("docs/webhooks.md")));
    for part in
        ["secret (shown once): whsec_", "run.succeeded, run.failed, run.cancelled, job.failed", "is deleted"]
    {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}

#[test]
fn a_job_of_tork_is_as_its_page_says() {
    if !has_curl() {
        return;
    }
    let printed = run_script(&blocks(&read("docs/tork.md")));
    assert!(
        printed.contains("\"result\":\"hello ada 17\"") && printed.contains("\"totalItems\":1"),
        "{printed}"
    );
}

#[test]
fn http_functions_and_grants_are_as_it_says() {
    if !has_curl() {
        return;
    }
    let printed = run(&["HTTP functions", "What a function may reach"]);
    assert!(printed.contains("hello\n") && printed.contains("to and fro"), "{printed}");
    assert!(printed.contains("*.example.org:8443") && !printed.contains("s3cret"), "{printed}");
}

fn has_curl() -> bool {
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        skip("there is no curl here");
    }
    has_curl
}

#[test]
fn security_names_tests_that_are_there() {
    let page = std::fs::read_to_string(repository().join("SECURITY.md")).expect("it is there");
    let mut found = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && line.contains(".rs` `")) {
        let last = line.trim_end_matches(" |").rsplit(" | ").next().expect("a column");
        let mut source = String::new();
        for quoted in last.split('`').skip(1).step_by(2).filter(|quoted| !quoted.starts_with("cargo")) {
            if quoted.contains('/') {
                source = std::fs::read_to_string(repository().join(quoted)).expect(quoted);
            } else {
                assert!(source.contains(&format!("fn {quoted}(")), "there is no test {quoted}");
                found += 1;
            }
        }
    }
    assert!(found > 30, "{found} tests are named");
}
