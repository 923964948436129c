//! Streams that never end and hardly move: from the client, to the client, and from where a function asks.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, guest};

/// What one request may take.
const TIMEOUT: Duration = Duration::from_millis(500);
/// How often a byte comes.
const PAUSE: Duration = Duration::from_millis(20);

/// A server with a function that everybody may call, and that may ask at one port of this machine.
fn server(name: &str, port: u16) -> Server {
    let server = Server::start_with("[egress]\nallow = [\"127.0.0.1/32\"]\n");
    let admin = server.admin();
    admin.deploy(name, guest(name));
    let settings = json!({
        "http": {"access": "public"},
        "grants": {"egress": [format!("http://127.0.0.1:{port}")]},
        "limits": {"timeoutMs": TIMEOUT.as_millis() as u64},
    });
    admin.patch(&format!("/v1/functions/{name}"), &json!({"settings": settings})).data(200);
    server
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.strip_prefix("http://").expect("http")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

/// Waits until as many requests are metered, which they are once their instance is gone.
fn metered(server: &Server, attempts: u64) -> Value {
    server.admin().wait_until("/v1/usage?by=function", |usage| usage["items"][0]["attempts"] == attempts)
}

/// Bytes until the other side has enough of it; how long that took.
fn drip(stream: &mut TcpStream, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    while stream.write_all(bytes).is_ok() && began.elapsed() < PATIENCE {
        std::thread::park_timeout(PAUSE);
    }
    began.elapsed()
}

#[test]
fn a_client_that_sends_a_byte_now_and_then_is_let_go_in_time() {
    for name in ["web", "async-web"] {
        let server = server(name, 1);
        let mut stream = connect(&server);
        let head =
            format!("POST /f/admin/{name}/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it takes requests");
        let took = drip(&mut stream, b"1\r\nx\r\n");
        assert!(took < TIMEOUT + Duration::from_secs(8), "{name}: {took:?}");
        let usage = metered(&server, 1);
        let wall = usage["items"][0]["usage"]["wallNanos"].as_u64().expect("metered");
        assert!(wall < 2 * TIMEOUT.as_nanos() as u64, "{name}: {wall}");
    }
}

#[test]
fn a_client_that_does_not_read_keeps_no_instance() {
    for name in ["web", "async-web"] {
        let server = server(name, 1);
        let mut stream = connect(&server);
        let head =
            format!("POST /f/admin/{name}/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it takes requests");
        // As much as there is room for on the way; what comes back is left where it is.
        stream.set_write_timeout(Some(PAUSE)).expect("a socket");
        while stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
        metered(&server, 1);
    }
}

#[test]
fn an_upstream_that_sends_a_byte_now_and_then_ends_with_the_request() {
    for name in ["web", "async-web"] {
        let upstream = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = upstream.local_addr().expect("an address").port();
        let server = server(name, port);
        let dripping = std::thread::spawn(move || {
            let (mut stream, _) = upstream.accept().expect("it is asked");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            drip(&mut stream, b"x")
        });
        let mut stream = connect(&server);
        let head = format!(
            "GET /f/admin/{name}/fetch HTTP/1.1\r\nHost: a\r\nX-Url: http://127.0.0.1:{port}/\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it takes requests");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        // It began, and is no whole one.
        assert!(!answer.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&answer));
        assert!(dripping.join().expect("it drips") < TIMEOUT + Duration::from_secs(8), "{name}");
        metered(&server, 1);
    }
}
