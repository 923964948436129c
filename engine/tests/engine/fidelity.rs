//! Commands: arguments, environment, streams, exit codes, and what is denied.

use skep_engine::{Config, Directory, Engine, FailureCode, Filesystem, LogStream, Outcome};

use crate::{Run, guest};

#[test]
fn arguments_environment_and_stdin_arrive() {
    let program = guest("command");
    assert_eq!(Run::of(&program).stdout(), "hello\n");
    assert_eq!(Run::of(&program).arguments(["args", "a b", "ü"]).stdout(), "a b\nü\n");
    let mut run = Run::of(&program).arguments(["env"]);
    run.env = vec![("B".into(), "2".into()), ("A".into(), "1".into())];
    assert_eq!(run.stdout(), "A=1\nB=2\nSKEP_OUTPUT=/output\nSKEP_PROGRESS=/progress\n");
    let mut run = Run::of(&program).arguments(["cat"]);
    run.stdin = b"over the pipe\n";
    assert_eq!(run.stdout(), "over the pipe\n");
    assert_eq!(Run::of(&program).arguments(["cat"]).stdout(), "");
}

#[test]
fn exit_codes_are_told_apart() {
    let program = guest("command");
    assert_eq!(Run::of(&program).arguments(["exit", "0"]).stdout(), "");
    let failure = Run::of(&program).arguments(["exit", "1"]).failure();
    assert_eq!((failure.code, failure.exit_code), (FailureCode::ExitCode, Some(1)));
    assert_eq!(Run::of(&program).arguments(["panic", "no"]).code(), FailureCode::Trap);
}

#[test]
fn lines_say_which_stream_they_came_from() {
    let program = guest("command");
    let (_, lines) = Run::of(&program).arguments(["stderr", "careful"]).report();
    assert_eq!(lines[0].stream, LogStream::Stderr);
    assert_eq!(lines[0].text, "careful");
    assert!(lines[0].at_ms > 1_600_000_000_000);
}

#[test]
fn no_network_and_no_files_unless_granted() {
    let program = guest("command");
    let denied = |arguments: &[&str]| {
        let (report, lines) = Run::of(&program).arguments(arguments.iter().copied()).report();
        let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        assert!(!text.join("\n").contains("root:"), "{text:?}");
        (report.outcome, text.join("\n"))
    };
    let (_, text) = denied(&["dial", "127.0.0.1:22"]);
    assert!(text.contains("access-denied"), "{text}");
    let (outcome, _) = denied(&["read", "/etc/passwd"]);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    // What it writes is its own, and nowhere else.
    let (outcome, _) = denied(&["write", "/tmp/skep-escape", "x"]);
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    assert!(!std::path::Path::new("/tmp/skep-escape").exists());
}

#[test]
fn a_granted_directory_is_readable_and_has_walls() {
    let engine = Engine::new(&Config { instances: 1, files: Filesystem::Host, ..Config::default() });
    let engine = engine.expect("this machine can run guests");
    let program = engine.compile(&crate::guest_bytes("command")).expect("compiles");
    let directory = tempfile::tempdir().expect("a directory");
    let outside = directory.path().join("secret");
    std::fs::write(&outside, "secret").expect("writable");
    let inside = directory.path().join("in");
    std::fs::create_dir(&inside).expect("writable");
    std::fs::write(inside.join("note"), "granted").expect("writable");
    let read = |path: &str| {
        let mut run = Run::of(&program).arguments(["read", path]);
        run.directories = vec![Directory { host: inside.clone(), guest: "/data".into() }];
        crate::wait(engine.invoke(run.invocation())).expect("the host works").outcome
    };
    assert!(matches!(read("/data/note"), Outcome::Finished(text) if text.starts_with(b"granted")));
    assert!(matches!(read("/data/../secret"), Outcome::Failed(_)));
}

#[test]
fn a_command_of_wasi_0_3_runs() {
    let program = guest("async-command");
    assert_eq!(Run::of(&program).stdout(), "hello from 0.3\n");
    assert_eq!(Run::of(&program).arguments(["one", "two"]).stdout(), "one\ntwo\n");
    assert_eq!(Run::of(&program).arguments(["fail"]).code(), FailureCode::ExitCode);
}
