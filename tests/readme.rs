//! The README's tours are true: they are run as they stand.

use std::process::Command;

use crate::harness::{Ran, SKEP, Server, repository, skip};

/// The `sh` blocks of a section.
fn blocks(section: &str) -> String {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("a README");
    let (_, rest) = readme.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let body = rest.split("\n## ").next().expect("a section");
    let mut script = String::from("set -euo pipefail\n");
    for block in body.split("```sh\n").skip(1) {
        script.push_str(block.split("```").next().expect("a block ends"));
    }
    script
}

fn run(section: &str) -> String {
    let server = Server::start();
    let mut bash = Command::new("bash");
    let path = std::env::var("PATH").expect("a PATH");
    let folder = std::path::Path::new(SKEP).parent().expect("a folder").display().to_string();
    bash.arg("-c")
        .arg(blocks(section))
        .current_dir(repository())
        .env("PATH", format!("{folder}:{path}"))
        .env("SKEP_URL", &server.url)
        .env("SKEP_TOKEN", server.key());
    Ran::of(bash).ok()
}

#[test]
fn the_tour_with_the_command_line_runs_as_it_stands() {
    let printed = run("A tour with the command line");
    assert!(printed.contains("SUCCEEDED: 4 succeeded"), "{printed}");
    assert!(printed.contains("laptop") && printed.contains("its key, shown this once"), "{printed}");
}

#[test]
fn the_tour_with_curl_runs_as_it_stands() {
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        skip("there is no curl here");
        return;
    }
    let printed = run("A tour with curl");
    assert!(printed.contains("\"status\":\"SUCCEEDED\""), "{printed}");
    for part in ["event: end", "\"tokenType\":\"Bearer\"", "\"message\":\"usage\""] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}
