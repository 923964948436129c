//! Compiling is a stranger's work too: it happens in a child without rights, within limits, and what goes
//! wrong there fails one upload.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{PATIENCE, SKEP, Server, wat};

/// A module of so many functions with this body, of which the first is exported.
fn module(functions: u32, body: &[u8]) -> Vec<u8> {
    let repeated = |count: u32, item: &[u8]| [number(count), item.repeat(count as usize)].concat();
    let entry = [number(body.len() as u32), body.to_vec()].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &repeated(functions, &[0])),
        section(7, &[1, 1, b'f', 0, 0]),
        section(10, &repeated(functions, &entry)),
    ]
    .concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], number(content.len() as u32), content.to_vec()].concat()
}

/// LEB128.
fn number(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// `(block (br_table 0 0 0 … (i32.const 0)))`, so many times 0.
fn br_table(targets: u32) -> Vec<u8> {
    [vec![0, 0x02, 0x40, 0x41, 0, 0x0e], number(targets), vec![0; targets as usize + 1], vec![0x0b, 0x0b]]
        .concat()
}

/// Blocks in blocks.
fn nested(depth: usize) -> Vec<u8> {
    [vec![0], [0x02, 0x40].repeat(depth), vec![0x0b; depth + 1]].concat()
}

/// Additions, one after another.
fn long(operations: usize) -> Vec<u8> {
    [vec![0, 0x41, 0], [0x41, 1, 0x6a].repeat(operations), vec![0x1a, 0x0b]].concat()
}

#[test]
fn what_takes_too_much_to_compile_fails_one_upload_and_delays_nobody() {
    let server =
        Server::start_with("[compiler]\nmemory_bytes_max = 400000000\ncpu_seconds = 4\nwall_seconds = 6\n");
    let (admin, other) = (server.admin(), server.member("other"));
    other.deploy("double", wat::DOUBLE);
    let call = || {
        let began = Instant::now();
        other.invoke("double", &json!({"arguments": [1]})).data(200);
        began.elapsed()
    };
    let alone = (0..50).map(|_| call()).max().expect("calls");
    for (name, bytes) in [
        ("a-million-functions", module(1_000_000, &[0, 0x0b])),
        ("fifty-megabytes", module(50, &long(330_000))),
        ("a-huge-br-table", module(1, &br_table(5_000_000))),
        ("blocks-in-blocks", module(1, &nested(2_000_000))),
        ("one-long-function", module(1, &long(3_000_000))),
    ] {
        let began = Instant::now();
        let uploading = std::thread::scope(|scope| {
            let uploading = scope.spawn(|| admin.put(&format!("/v1/functions/{name}"), &bytes));
            let mut took = Vec::new();
            while !uploading.is_finished() {
                took.push(call());
            }
            took.sort_unstable();
            // Two cores and a disk are shared with all the other tests: what a few calls take says nothing.
            let most = took.get(took.len() * 9 / 10).copied().unwrap_or_default();
            assert!(most < alone * 10 + Duration::from_millis(500), "{name}: {most:?}, alone {alone:?}");
            uploading.join().expect("it answers")
        });
        assert!(began.elapsed() < Duration::from_secs(30), "{name}: {:?}", began.elapsed());
        let message = uploading.refused(400);
        let known = [
            "compiling it takes more than",
            "compiling it took more than",
            "the compiler",
            "compiling it was stopped",
            "not valid",
            "cannot be compiled",
            "too many",
            "too large",
        ];
        assert!(known.iter().any(|known| message.contains(known)), "{name}: {message}");
        admin.get(&format!("/v1/functions/{name}")).refused(404);
    }
    admin.deploy("double", wat::DOUBLE);
    assert_eq!(admin.invoke("double", &json!({"arguments": [21]})).data(200)["result"], 42);
}

#[test]
fn a_compiler_has_nothing_but_its_pipe() {
    let worker = Command::new(SKEP)
        .args(["compile-worker", "100000000", "5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let file =
        |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", worker.id())).unwrap_or_default();
    let began = Instant::now();
    // It confines itself before it reads a byte, and waits for the first one then.
    while !file("status").contains("Seccomp:\t2") {
        assert!(began.elapsed() < PATIENCE, "{}", file("status"));
    }
    let (status, limits) = (file("status"), file("limits"));
    assert!(status.contains("NoNewPrivs:\t1") && status.contains("Threads:\t1\n"), "{status}");
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).expect("a limit").to_owned();
    assert!(limit("Max data size").contains("100000000"), "{limits}");
    assert!(limit("Max cpu time").contains(" 5 "), "{limits}");
    assert!(limit("Max file size").contains(" 0 "), "{limits}");
    let output = worker.wait_with_output().expect("it ends with its pipe");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the pipe broke"), "{output:?}");
}

#[test]
fn a_compiler_without_limits_does_not_begin() {
    let output = Command::new(SKEP).arg("compile-worker").stdin(Stdio::null()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
