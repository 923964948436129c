//! Scratch files: what a guest can do with them, what it cannot, and what is left of them.

use std::path::Path;

use skep_engine::{Config, Engine, FailureCode, Filesystem, Limits, Outcome};

use crate::{Run, guest, guest_bytes, wait};

/// Does these operations in one guest; what each came to. The first line is where the directory is. Both versions of
/// WASI come to the same.
fn done(operations: &[&str], limits: impl Fn(&mut Limits)) -> Vec<String> {
    let of = |name| {
        let program = guest(name);
        let text = Run::of(&program).arguments(operations.iter().copied()).limits(&limits).stdout();
        let mut lines = text.lines().map(str::to_owned);
        assert_eq!(lines.next().as_deref(), Some("/"));
        lines.collect::<Vec<_>>()
    };
    let lines = of("scratch");
    // That one is for the tree below both.
    if !operations.iter().any(|operation| operation.starts_with("deep")) {
        for ((operation, one), other) in operations.iter().zip(&lines).zip(of("async-scratch")) {
            assert_eq!(*one, other, "{operation}, by WASI 0.3");
        }
    }
    lines
}

/// Each operation with what it must come to.
fn all(steps: &[(&str, &str)]) {
    let operations: Vec<&str> = steps.iter().map(|(operation, _)| *operation).collect();
    for ((operation, expected), came) in steps.iter().zip(done(&operations, |_| {})) {
        assert_eq!(came, *expected, "{operation}");
    }
}

#[test]
fn files_and_directories_are_made_read_moved_and_removed() {
    all(&[
        ("list .", "tmp"),
        ("mkdir a", "ok"),
        ("mkdir a", "exist"),
        ("put a/b hello", "ok"),
        ("append a/b world", "ok"),
        ("get a/b", "helloworld"),
        ("stat a/b", "DescriptorType::RegularFile 10 bytes 1 links"),
        ("link a/b c", "ok"),
        ("stat c", "DescriptorType::RegularFile 10 bytes 2 links"),
        ("rename a/b a/d", "ok"),
        ("list a", "d"),
        ("rmdir a", "not-empty"),
        ("unlink a", "is-directory"),
        ("rmdir c", "not-directory"),
        ("unlink a/d", "ok"),
        ("rmdir a", "ok"),
        ("get c", "helloworld"),
        ("size c 3", "ok"),
        ("get c", "hel"),
        ("create c", "exist"),
        ("unnamed e", "still here"),
        ("list .", "c tmp"),
    ]);
}

#[test]
fn no_path_link_or_slash_leads_out() {
    all(&[
        ("get ../etc/passwd", "not-permitted"),
        ("get /etc/passwd", "not-permitted"),
        ("get tmp/../../etc/passwd", "not-permitted"),
        ("symlink /etc/passwd a", "not-permitted"),
        ("symlink ../../etc/passwd a", "ok"),
        ("get a", "not-permitted"),
        ("symlink tmp/.. up", "ok"),
        ("list up", "a tmp up"),
        ("list up/up/up/tmp/..", "a tmp up"),
        ("get up/../x", "not-permitted"),
        ("symlink loop loop", "ok"),
        ("get loop", "loop"),
        ("stat loop", "DescriptorType::SymbolicLink 4 bytes 1 links"),
        ("put f x", "ok"),
        ("get f/", "not-directory"),
        ("stat f/", "not-directory"),
        ("unlink f/", "not-directory"),
        ("rename f g/", "not-directory"),
        ("put h/ x", "is-directory"),
        ("get f/x", "not-directory"),
        ("mkdir d/", "ok"),
        ("rename d d/e", "invalid"),
        ("rename d .", "busy"),
        ("rmdir .", "invalid"),
        ("rmdir tmp/..", "invalid"),
        ("get ", "no-entry"),
        ("put d/./../d/x 1", "ok"),
        ("get d//x", "1"),
        ("mkdir no/such", "no-entry"),
    ]);
    let long = "x".repeat(256);
    assert_eq!(done(&[&format!("put {long} x")], |_| {}), ["name-too-long"]);
    assert_eq!(done(&[&format!("get {}", "a/".repeat(3000))], |_| {}), ["name-too-long"]);
}

#[test]
fn bytes_and_files_have_quotas_that_come_back() {
    let small = |limits: &mut Limits| (limits.scratch_bytes_max, limits.scratch_files_max) = (100_000, 10);
    let came = done(
        &[
            "fill a 99000",
            "fill b 2000",
            "get b2",
            "append a 1",
            "size c 1",
            "unlink a",
            "fill b 100000",
            "size b 18446744073709551615",
            "size b 0",
            "many m 100",
            "symlink x y",
            "link b z",
        ],
        small,
    );
    assert_eq!(
        came,
        [
            "99000",
            "1000 then insufficient-space",
            "no-entry",
            "insufficient-space",
            "insufficient-space",
            "ok",
            "100000",
            "insufficient-space",
            "ok",
            "7 then insufficient-space",
            "insufficient-space",
            "insufficient-space",
        ]
    );
    assert_eq!(done(&["put a x"], |limits| limits.scratch_bytes_max = 0), ["insufficient-space"]);
    assert_eq!(done(&["put a x"], |limits| limits.scratch_files_max = 0), ["insufficient-space"]);
}

#[test]
fn ten_thousand_directories_deep_nothing_breaks() {
    let came = done(&["deep 9000"], |limits| limits.scratch_files_max = 100_000);
    assert_eq!(came, ["9000, moved into itself: invalid"]);
}

#[test]
fn what_is_too_big_for_memory_goes_to_a_file_without_a_name_and_counts_as_memory_until_then() {
    let directory = tempfile::tempdir().expect("a directory");
    let files = Filesystem::Scratch { directory: directory.path().to_owned(), disk_bytes_max: 8 << 20 };
    let engine = Engine::new(&Config { instances: 4, files, ..Config::default() });
    let engine = engine.expect("this machine can run guests");
    let program = engine.compile(&guest_bytes("scratch")).expect("compiles");
    let report = |operations: &[&str]| {
        let run = Run::of(&program).arguments(operations.iter().copied());
        wait(engine.invoke(run.invocation())).expect("the host works")
    };
    let text = |outcome| match outcome {
        Outcome::Finished(text) => String::from_utf8(text).expect("text"),
        other => panic!("{other:?}"),
    };
    let none = report(&[]).usage.memory_peak_bytes;
    let in_memory = report(&["fill a 500000"]).usage.memory_peak_bytes;
    assert!(in_memory >= none + 500_000, "{none} {in_memory}");
    let spilled = report(&["fill a 5000000", "append a x", "size a 4999999", "stat a"]);
    assert!(spilled.usage.memory_peak_bytes < none + (2 << 20), "{:?}", spilled.usage);
    assert!(text(spilled.outcome).contains("RegularFile 4999999 bytes"));
    // All guests share what disk there is, and give it back.
    assert!(text(report(&["fill a 9000000"]).outcome).contains("then insufficient-space"));
    assert!(text(report(&["fill a 8000000"]).outcome).contains("8000000"));
    assert_eq!(std::fs::read_dir(directory.path()).expect("it is there").count(), 0);
}

#[test]
fn nothing_is_left_for_the_next_guest() {
    for _ in 0..20 {
        assert_eq!(done(&["create secret", "list ."], |_| {}), ["ok", "secret tmp"]);
    }
    assert!(!Path::new("/secret").exists());
}

#[test]
fn a_commands_result_is_the_file_that_it_was_told_to_write() {
    let program = guest("command");
    let run = || Run::of(&program).arguments(["output", r#"{"a": 1}"#]);
    assert_eq!(run().outcome(), Outcome::Wrote(br#"{"a": 1}"#.to_vec()));
    let mut elsewhere = run();
    elsewhere.env = vec![("SKEP_OUTPUT".into(), "/tmp/here".into())];
    assert_eq!(elsewhere.outcome(), Outcome::Wrote(br#"{"a": 1}"#.to_vec()));
    let failure = run().limits(|limits| limits.output_bytes_max = 7).failure();
    assert_eq!(failure.code, FailureCode::OutputTooLarge);
    assert!(failure.message.contains("the file of the result"), "{}", failure.message);
}
