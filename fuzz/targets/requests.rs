//! Requests of every kind to the whole API of a server in this process: each is answered, and none is the server's
//! own fault.
//!
//! An input is a method, a path and a query on its first line, headers on the lines after it, and a body after an
//! empty line. `KEY` stands for a key with every scope.

#![no_main]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::exit;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const PATIENCE: Duration = Duration::from_secs(20);
/// Paths that answer for as long as something goes on.
const STREAMS: [&[u8]; 2] = [b"/events", b"follow"];

static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let (services, held) = skep::services(directory.path(), runtime.handle()).expect("the services");
    runtime.block_on(services.auth.create_admin(KEY)).expect("it is made");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let front = skep_api::Front::start(listener, &services, 1).expect("it listens");
    let address = front.address();
    // They live as long as the process.
    std::mem::forget((front, services, held, runtime, directory));
    address
});

/// A server starts its own program to compile what is uploaded: that is this one.
fn compile_if_asked() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "compile-worker") {
        let code = skep_engine::compile_worker(&arguments[at + 1..]);
        exit(i32::from(code != std::process::ExitCode::SUCCESS));
    }
}

fuzz_target!(init: compile_if_asked(), |input: &[u8]| {
    let (head, body) = input.split_at(find(input, b"\n\n").unwrap_or(input.len()));
    let body = body.get(2..).unwrap_or_default();
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if STREAMS.iter().any(|stream| find(first, stream).is_some()) {
        return;
    }
    let mut request = [first, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"].concat();
    for line in lines.filter(|line| !says_where_it_ends(line)) {
        request.extend(line.iter().filter(|byte| **byte != b'\r'));
        request.extend(b"\r\n");
    }
    request.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
    let request = [with_key(&request), body.to_vec()].concat();
    let answer = exchange(&request);
    // What is no HTTP may be answered by the end of the connection.
    if let Some(status) = answer.get(9..12) {
        assert!(status < &b"500"[..] || status == b"503", "{}", String::from_utf8_lossy(&answer));
    }
});

fn exchange(request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(*SERVER).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return answer,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("no answer in {PATIENCE:?}")
            }
            Err(_) => return answer,
        }
    }
}

/// Headers that would have the server wait for more than there is.
fn says_where_it_ends(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
    [&b"content-length"[..], b"transfer-encoding", b"expect", b"upgrade", b"connection"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn with_key(request: &[u8]) -> Vec<u8> {
    match find(request, b"KEY") {
        Some(at) => [&request[..at], KEY.as_bytes(), &request[at + 3..]].concat(),
        None => request.to_vec(),
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
