//! The pages of the languages are true: their examples run as they stand.

use std::process::Command;

use crate::harness::{Ran, SKEP, Server, made_runtime, repository};

/// Runs the `sh` blocks of a page, one after another.
pub(crate) fn run(server: &Server, page: &str) -> String {
    let page = std::fs::read_to_string(repository().join("docs").join(page)).expect("a page");
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split("```").next().expect("it ends"));
    let script: String = blocks.collect();
    assert!(!script.is_empty(), "there is something to run");
    let path = std::env::var("PATH").expect("a PATH");
    let folder = std::path::Path::new(SKEP).parent().expect("a folder").display().to_string();
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(format!("set -euo pipefail\n{script}"));
    bash.env("PATH", format!("{folder}:{path}")).env("SKEP_URL", &server.url).env("SKEP_TOKEN", server.key());
    Ran::of(bash).ok()
}

#[test]
fn javascript_is_as_its_page_says() {
    let printed = run(&Server::start(), "javascript.md");
    for part in [
        r#"{"greetings":["hello ada","hello ada"]}"#,
        "\n5\n",
        r#"{"path":"/a","said":"hello"}"#,
        "1\n2\n3\n",
        "\n42\n",
        "\n54\n",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}

#[test]
fn the_shell_is_as_its_page_says() {
    let printed = run(&Server::start(), "shell.md");
    assert!(printed.contains("a 3\n") && printed.contains("\n7\n"), "{printed}");
}

#[test]
fn python_is_as_its_page_says() {
    let Some(component) = made_runtime("python") else { return };
    let server = Server::start();
    server.skep(&["runtimes", "add", "python", &component.to_string_lossy()]).ok();
    let printed = run(&server, "python.md");
    for part in [r#"{"loss":0.0078125,"name":"mnist"}"#, "\n3\n", "GET /a/b\n"] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}

#[test]
fn runtimes_are_as_their_page_says() {
    let printed = run(&Server::start(), "runtimes.md");
    assert!(printed.contains("javascript") && printed.ends_with("144\n"), "{printed}");
}
