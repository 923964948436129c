//! Looks for a way out, and for what is not its own.

use std::{env, fs};

use wasip2::clocks::monotonic_clock;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

/// All that it was given: arguments, environment, directories.
pub(crate) fn given() {
    let names: Vec<String> = env::vars().map(|(name, _)| name).collect();
    let directories: Vec<String> = get_directories().into_iter().map(|(_, name)| name).collect();
    println!("{} {names:?} {directories:?}", env::args().count());
}

/// The paths by which it got somewhere else.
pub(crate) fn escape() -> Vec<String> {
    let (root, _) = get_directories().into_iter().next().expect("there is one");
    let _ = root.create_directory_at("d");
    let mut out = Vec::new();
    for path in [
        "/etc/passwd", "../etc/passwd", "../../../../etc/passwd", "d/../../etc/passwd", "./../etc/passwd",
        "d/../../../../../etc/passwd", "//etc/passwd", "/proc/self/environ", "../proc/self/environ",
        "/proc/self/cwd/etc/passwd", "/dev/mem", "..", "../", "/", "d/../..", "d/../../", "/etc/passwd/",
        "\\etc\\passwd", "..\\etc\\passwd", "%2e%2e/etc/passwd", "d/./../../etc/passwd", "~/.ssh/id_rsa",
        "file:///etc/passwd", "/tmp", "/tmp/", "/tmp/.", "\u{2024}\u{2024}/etc/passwd", "..%c0%af/etc/passwd",
    ] {
        let opened = root.open_at(PathFlags::SYMLINK_FOLLOW, path, OpenFlags::empty(), DescriptorFlags::READ);
        if opened.is_ok() || fs::read(path).is_ok() {
            out.push(path.to_owned());
        }
    }
    for (index, target) in ["/etc/passwd", "../etc/passwd", "..", "/", "d/../../etc", "."].iter().enumerate() {
        let link = format!("d/link-{index}");
        let _ = root.symlink_at(target, &link);
        for path in [format!("{link}/etc/passwd"), format!("{link}/../../etc/passwd"), link.clone()] {
            let opened = root.open_at(PathFlags::SYMLINK_FOLLOW, &path, OpenFlags::empty(), DescriptorFlags::READ);
            // Where it stands, and the directory that it was given, are its own.
            let is_own = ["..", "."].contains(target) && path == link;
            if opened.is_ok() && !is_own {
                out.push(format!("{target} by {path}"));
            }
        }
    }
    out
}

/// The smallest time, in nanoseconds, that it can tell apart.
pub(crate) fn finest_step() -> u64 {
    let mut finest = u64::MAX;
    for _ in 0..100 {
        let began = monotonic_clock::now();
        let mut now = began;
        while now == began {
            now = monotonic_clock::now();
        }
        finest = finest.min(now - began);
    }
    finest
}

/// When a file was written, in nanoseconds: another clock.
pub(crate) fn file_time() -> u32 {
    fs::write("f", "x").expect("there is room");
    let written = fs::metadata("f").and_then(|file| file.modified()).expect("files have times");
    written.duration_since(std::time::UNIX_EPOCH).expect("it is later").subsec_nanos()
}

/// Dials a port of the machine that it runs on.
pub(crate) fn dial(port: u16) -> String {
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    let dialled = create_tcp_socket(IpAddressFamily::Ipv4).and_then(|socket| {
        socket.start_connect(&instance_network(), address)?;
        socket.subscribe().block();
        socket.finish_connect().map(drop)
    });
    dialled.map_or_else(|code| code.name().to_owned(), |()| "connected".to_owned())
}

/// Asks for a page.
pub(crate) fn fetch(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let _ = request.set_scheme(Some(&scheme));
    let _ = request.set_authority(Some(authority));
    let _ = request.set_path_with_query(Some(path));
    let response = match outgoing_handler::handle(request, None) {
        Ok(response) => response,
        Err(code) => return code.to_string(),
    };
    response.subscribe().block();
    match response.get().expect("it is there").expect("once") {
        Ok(response) => response.status().to_string(),
        Err(code) => code.to_string(),
    }
}

/// Asks what the machine's own resolver knows.
pub(crate) fn resolve(name: &str) -> String {
    let resolved = resolve_addresses(&instance_network(), name).and_then(|stream| {
        stream.subscribe().block();
        stream.resolve_next_address()
    });
    resolved.map_or_else(|code| code.name().to_owned(), |address| format!("{address:?}"))
}

/// What a terminal would take for orders.
pub(crate) fn escapes() {
    println!("\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}[31mred\r\u{8}over\u{9b}2J\u{202e}txt");
}
