//! The same scripts run by this shell and by the machine's own: what is printed and the exit code are equal.
//!
//! The scripts are in `scripts.txt`. A line `### name` begins one, `### name (bash)` one that needs bash. Each
//! runs in a directory of its own, in the locale C.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shell::Script;

const SCRIPTS: &str = include_str!("scripts.txt");

struct Case<'a> {
    name: &'a str,
    text: &'a str,
    interpreter: &'a str,
}

fn cases() -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    for part in SCRIPTS.split("\n### ").skip(1) {
        let (title, text) = part.split_once('\n').expect("a script has text");
        let (name, interpreter) = match title.strip_suffix(" (bash)") {
            Some(name) => (name, "bash"),
            None => (title, "/bin/sh"),
        };
        cases.push(Case { name, text, interpreter });
    }
    cases
}

fn root() -> PathBuf {
    std::env::temp_dir().join(format!("skep-shell-{}", std::process::id()))
}

/// An empty directory.
fn directory(name: &str) -> PathBuf {
    let path = root().join(name.replace(' ', "-"));
    // It may be there from another run.
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a temporary directory");
    path
}

fn environment() -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    [("HOME", "/tmp"), ("LC_ALL", "C"), ("TZ", "UTC"), ("PATH", path.as_str())]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

fn expected(case: &Case<'_>, directory: &Path) -> Option<(u8, Vec<u8>)> {
    let output = Command::new(case.interpreter)
        .args(["-c", case.text, "script", "one", "two words"])
        .current_dir(directory)
        .env_clear()
        .envs(environment())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let status = output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
    Some((status, output.stdout))
}

fn found(case: &Case<'_>, directory: &Path) -> (u8, Vec<u8>, Vec<u8>) {
    let script = Script {
        name: "script",
        text: case.text,
        arguments: vec!["one".to_owned(), "two words".to_owned()],
        environment: environment(),
        directory: directory.to_str().expect("a path of UTF-8"),
    };
    script.run_captured(Vec::new())
}

#[test]
fn scripts_do_here_what_they_do_in_other_shells() {
    let only = std::env::var("SHELL_CASE").ok();
    let mut wrong = Vec::new();
    let mut skipped = 0;
    let cases = cases();
    for case in &cases {
        if only.as_ref().is_some_and(|only| !case.name.contains(only.as_str())) {
            continue;
        }
        let Some((status, printed)) = expected(case, &directory(&format!("other-{}", case.name))) else {
            skipped += 1;
            continue;
        };
        let (found_status, found_printed, messages) = found(case, &directory(&format!("ours-{}", case.name)));
        if (status, &printed) != (found_status, &found_printed) {
            let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            wrong.push(format!(
                "--- {}\n{}\nexpected {status}:\n{}found {found_status}:\n{}messages:\n{}",
                case.name,
                case.text,
                show(&printed),
                show(&found_printed),
                show(&messages)
            ));
        }
    }
    // What is left of it does not matter.
    let _ = std::fs::remove_dir_all(root());
    if skipped > 0 {
        eprintln!("SKIPPED {skipped} scripts: this machine lacks the shell to compare with");
    }
    assert!(wrong.is_empty(), "{} of {} scripts differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
