//! Ways to fill the host's memory, its disk and its log. Each goes on until somebody stops it; those that
//! the host stops with an error give back how far they came.

use std::mem::forget;

use wasip2::cli::stdout::get_stdout;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, OutgoingResponse};
use wasip2::random::random::get_random_bytes;
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

const CHUNK: &[u8] = &[b'x'; 4096];

pub(crate) fn pollables() {
    loop {
        forget(subscribe_duration(u64::MAX));
    }
}

/// Fields as large as the host lets them be, and then more fields.
pub(crate) fn headers() {
    loop {
        forget(full());
    }
}

/// A copy is small until it is changed.
pub(crate) fn header_copies() {
    let fields = full();
    loop {
        let copy = fields.clone();
        let _ = copy.delete("x-0");
        let _ = copy.append("y", b"y");
        forget(copy);
    }
}

/// Fields with as much in them as there may be: more would be a trap.
fn full() -> Fields {
    let fields = Fields::new();
    for index in 0..15 {
        let _ = fields.append(&format!("x-{index}"), &CHUNK[..1000]);
    }
    fields
}

/// Requests that are never sent, with all the words that one may have.
pub(crate) fn requests() {
    let long = "a".repeat(60_000);
    loop {
        let request = OutgoingRequest::new(Fields::new());
        let _ = request.set_path_with_query(Some(&format!("/{long}")));
        let _ = request.set_authority(Some(&long));
        forget(request);
    }
}

/// A method of one's own, a MiB long.
pub(crate) fn methods() {
    let long = "A".repeat(1 << 20);
    loop {
        let request = OutgoingRequest::new(Fields::new());
        let _ = request.set_method(&Method::Other(long.clone()));
        forget(request);
    }
}

/// Bodies that nobody will ever read.
pub(crate) fn bodies() {
    loop {
        let request = OutgoingRequest::new(Fields::new());
        let body = request.body().expect("it has one");
        let stream = body.write().expect("it has one");
        while stream.check_write().is_ok_and(|room| room >= CHUNK.len() as u64) {
            let _ = stream.write(CHUNK);
        }
        forget((stream, body, request));
    }
}

/// Answers whose bodies are over, and which nobody gives.
pub(crate) fn finished_bodies() {
    loop {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("it has one");
        let stream = body.write().expect("it has one");
        while stream.check_write().is_ok_and(|room| room >= CHUNK.len() as u64) {
            let _ = stream.write(CHUNK);
        }
        drop(stream);
        let _ = OutgoingBody::finish(body, Some(full()));
        forget(response);
    }
}

/// Fields that were many, and of which none is left but their room.
pub(crate) fn emptied_headers() {
    loop {
        let fields = Fields::new();
        for index in 0..150 {
            let _ = fields.append(&format!("{index}"), b"");
        }
        for index in 0..150 {
            let _ = fields.delete(&format!("{index}"));
        }
        forget(fields);
    }
}

/// Sockets that are never connected.
pub(crate) fn sockets() -> usize {
    let sockets: Vec<_> = (0..5_000).map_while(|_| create_tcp_socket(IpAddressFamily::Ipv4).ok()).collect();
    sockets.len()
}

pub(crate) fn random() {
    forget(get_random_bytes(1 << 30));
}

/// The same text for ever, a KiB at a time.
pub(crate) fn print(text: &str) {
    let stdout = get_stdout();
    let text = text.replace("\\n", "\n").repeat(1024 / text.len());
    while stdout.blocking_write_and_flush(text.as_bytes()).is_ok() {}
}

/// Writes one file as long as there is room, and says how many KiB there were.
pub(crate) fn write(path: &str) -> u64 {
    let file = create(path).expect("one file there may be");
    let mut offset = 0;
    while let Ok(written) = file.write(CHUNK, offset) {
        offset += written;
    }
    offset / 1024
}

/// Makes files as long as there is room, keeps each open, and says how many there were.
pub(crate) fn files() -> usize {
    (0..1_000_000).map_while(|index| create(&index.to_string())).map(forget).count()
}

/// Links with the longest texts.
pub(crate) fn links() -> usize {
    let root = root();
    let target = "a/".repeat(2000);
    (0..1_000_000).map_while(|index| root.symlink_at(&target, &index.to_string()).ok()).count()
}

fn root() -> Descriptor {
    let (root, _) = get_directories().into_iter().next().expect("there is one");
    root
}

fn create(path: &str) -> Option<Descriptor> {
    root().open_at(PathFlags::empty(), path, OpenFlags::CREATE, DescriptorFlags::WRITE).ok()
}
