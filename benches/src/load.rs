//! A small HTTP client that keeps its connection and does little else, so that what is measured is
//! the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// One connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Connection {
    /// Connects; `key` goes with every request.
    pub fn open(address: &str, key: &str) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        let head = format!("Host: {address}\r\nAuthorization: Bearer {key}\r\n");
        Self { stream: BufReader::new(stream), head }
    }

    /// Sends a request and returns the answer's status and body.
    pub fn send(&mut self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n", self.head, body.len())
                .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).expect("it takes requests");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("it answers");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("headers");
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (status, body)
    }

    /// The `data` of an answer that must be a success.
    pub fn data(&mut self, method: &str, path: &str, body: &[u8]) -> Value {
        let (status, body) = self.send(method, path, body);
        let mut body: Value = serde_json::from_slice(&body).expect("JSON");
        assert!((200..300).contains(&status), "{body}");
        body["data"].take()
    }
}

/// Requests a second of so many connections, each sending the next as soon as it has its answer.
pub fn rate(address: &str, key: &str, connections: usize, time: Duration, path: &str, body: &[u8]) -> f64 {
    let began = Instant::now();
    let answered: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(address, key);
                    let mut answered = 0;
                    while began.elapsed() < time {
                        let (status, body) = connection.send("POST", path, body);
                        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("it counts")).sum()
    });
    answered as f64 / began.elapsed().as_secs_f64()
}

/// A function that costs next to nothing by itself: it is called `double`.
pub const DOUBLE: &str =
    r#"(module (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;

/// Submits a run of so many jobs of [`DOUBLE`], waits until the last is on disk, and says how many that
/// were a second.
pub fn jobs_per_second(connection: &mut Connection, jobs: i64) -> f64 {
    let parameters: Vec<_> = (0..jobs).map(|number| json!([number])).collect();
    let body = json!({"function": "double", "parameters": parameters}).to_string();
    let began = Instant::now();
    let run = connection.data("POST", "/v1/runs", body.as_bytes());
    let path = format!("/v1/runs/{}", run["runId"].as_str().expect("an id"));
    loop {
        let run = connection.data("GET", &path, b"");
        if !run["completedAt"].is_null() {
            assert_eq!(run["counts"]["succeeded"], jobs);
            return jobs as f64 / began.elapsed().as_secs_f64();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
