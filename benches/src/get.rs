//! A client that asks the same thing over many connections, on one thread, and does little else, so that
//! what is measured is the server.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answers a second of a server, each connection asking again as soon as it has its answer; and how long the
/// slowest of a hundred took.
pub fn rate(address: &str, path: &str, connections: usize, time: Duration) -> (f64, Duration) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let began = Instant::now();
        let asking: Vec<_> = (0..connections)
            .map(|_| {
                let (address, request) = (address.to_owned(), request.clone());
                #[expect(clippy::disallowed_methods, reason = "the client has a runtime of its own")]
                tokio::spawn(async move { ask(&address, request.as_bytes(), began, time).await })
            })
            .collect();
        let mut took = Vec::new();
        for asked in asking {
            took.extend(asked.await.expect("it asks"));
        }
        let rate = took.len() as f64 / began.elapsed().as_secs_f64();
        took.sort_unstable();
        (rate, took[took.len() * 99 / 100])
    })
}

async fn ask(address: &str, request: &[u8], began: Instant, time: Duration) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    let mut took = Vec::new();
    let mut answer = vec![0; 16 << 10];
    while began.elapsed() < time {
        let asked = Instant::now();
        stream.write_all(request).await.expect("it takes requests");
        let mut length = 0;
        while !is_whole(&answer[..length]) {
            let more = stream.read(&mut answer[length..]).await.expect("it answers");
            assert!(more > 0, "it broke off: {}", String::from_utf8_lossy(&answer[..length]));
            length += more;
        }
        took.push(asked.elapsed());
    }
    took
}

/// Whether an answer is whole, by its length or its last chunk. It must be a success.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let text = std::str::from_utf8(&answer[..head]).expect("a head");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().expect("a length"))
    });
    match length {
        Some(length) => answer.len() >= head + 4 + length,
        None => answer.ends_with(b"0\r\n\r\n"),
    }
}
