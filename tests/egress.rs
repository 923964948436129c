//! Requests that functions send: what is granted goes out, what is not does not, and no name, spelling or
//! redirect leads to where only the server's own network leads.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, PATIENCE, Server, guest};

/// A web server of the test's own, which answers each request by its path and tells of its head.
struct Upstream {
    port: u16,
    heads: Receiver<String>,
}

impl Upstream {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, heads) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || answer(stream, &sender));
            }
        });
        Self { port, heads }
    }

    /// The head of the request that came.
    fn head(&self) -> String {
        self.heads.recv_timeout(PATIENCE).expect("a request comes")
    }

    fn heard_nothing(&self) -> bool {
        self.heads.recv_timeout(Duration::from_millis(50)).is_err()
    }
}

fn answer(stream: TcpStream, heads: &std::sync::mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).is_ok_and(|count| count > 0) { continue } else { return }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let _ = heads.send(head);
    let stream = reader.get_mut();
    let _ = match path.as_str() {
        "/redirect" => {
            stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 5\r\n\r\nmoved")
        }
        // Nothing, until whoever asked has gone.
        "/silent" => return drop(stream.read(&mut [0])),
        "/huge-head" => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)).as_bytes())
        }
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
            Ok(())
        }
        _ => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nupstream"),
    };
}

/// A function that may call these, and whoever calls it.
struct Client<'a> {
    server: &'a Server,
    name: &'static str,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server, name: &'static str, settings: Value) -> Self {
        let admin = server.admin();
        admin.deploy(name, guest(name));
        let client = Self { server, name };
        client.configure(&admin, settings).data(200);
        client
    }

    fn configure(&self, admin: &Caller, mut settings: Value) -> Answer {
        settings["http"] = json!({"access": "public"});
        admin.patch(&format!("/v1/functions/{}", self.name), &json!({"settings": settings}))
    }

    fn fetch(&self, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let headers = [&[("x-url", url)], headers].concat();
        let answer = self.server.anon().send("GET", &format!("/f/admin/{}/fetch", self.name), "", &headers);
        (answer.status, answer.body.as_str().map_or_else(|| answer.body.to_string(), str::to_owned))
    }
}

/// A server whose guests may reach this machine: the tests have no other.
fn server_with_loopback() -> Server {
    Server::start_with("[egress]\nallow = [\"127.0.0.1/32\"]\n")
}

#[test]
fn what_is_granted_goes_out_and_nothing_else() {
    let (server, upstream) = (server_with_loopback(), Upstream::start());
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", upstream.port);
    let granted = json!({"grants": {"egress": [format!("GET {}", at("/open"))]}});
    for name in ["web", "async-web"] {
        let client = Client::new(&server, name, granted.clone());
        assert_eq!(client.fetch(&at("/open/x?y=1"), &[]), (200, "upstream".into()), "{name}");
        let head = upstream.head();
        assert!(head.starts_with("GET /open/x?y=1 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("host: 127.0.0.1:{}\r\n", upstream.port)), "{head}");
        for denied in [
            at("/closed"),
            at("/open/../closed"),
            at("/opened"),
            format!("http://localhost:{}/open", upstream.port),
        ] {
            let (status, text) = client.fetch(&denied, &[]);
            assert_eq!(status, 502, "{name} {denied}: {text}");
        }
    }
    let client = Client { server: &server, name: "web" };
    let (_, text) = client.fetch(&at("/open"), &[("x-method", "POST")]);
    assert!(text.contains("HttpRequestDenied"), "{text}");
    let host = client.fetch(&at("/open"), &[("x-send-host", "evil.test")]);
    assert!(host.1.contains("not to be sent"), "{host:?}");
    assert!(upstream.heard_nothing());
    // A grant that is taken back is gone with the next request.
    client.configure(&server.admin(), json!({"grants": {"egress": []}})).data(200);
    assert!(client.fetch(&at("/open"), &[]).1.contains("HttpRequestDenied"));
}

#[test]
fn redirects_are_not_followed_and_answers_are_bounded() {
    let (server, upstream) = (server_with_loopback(), Upstream::start());
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", upstream.port);
    let settings = json!({"grants": {"egress": [at("/")]}, "limits": {"timeoutMs": 20_000}});
    let client = Client::new(&server, "web", settings);
    assert_eq!(client.fetch(&at("/redirect"), &[]), (302, "moved".into()));
    assert!(upstream.head().starts_with("GET /redirect ") && upstream.heard_nothing());
    assert_eq!(client.fetch(&at("/huge-head"), &[]).0, 502);
    upstream.head();
    let admin = server.admin();
    client.configure(&admin, json!({"limits": {"timeoutMs": 300}})).data(200);
    assert_eq!(client.fetch(&at("/silent"), &[]).0, 504);
    let usage = admin.wait_until("/v1/usage?by=function", |usage| usage["items"][0]["attempts"] == 3);
    assert!(usage["items"][0]["usage"]["egressBytes"].as_u64().expect("metered") > 100, "{usage}");
}

#[test]
fn a_secret_is_put_in_at_the_edge_for_its_hosts_only() {
    let (server, upstream) = (server_with_loopback(), Upstream::start());
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", upstream.port);
    let settings = json!({
        "grants": {"egress": [at("/")]},
        "secrets": {"TOKEN": {"value": "hunter2", "hosts": [at("/right")]}},
    });
    let client = Client::new(&server, "web", settings);
    let admin = server.admin();
    let shown = admin.get("/v1/functions/web").data(200);
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
    assert_eq!(shown["settings"]["secrets"]["TOKEN"], json!({"value": null, "hosts": [at("/right")]}));
    let with_token = [("x-send-authorization-of", "TOKEN")];
    assert_eq!(client.fetch(&at("/right"), &with_token).0, 200);
    assert!(upstream.head().contains("authorization: Bearer hunter2\r\n"));
    // Elsewhere not even the placeholder goes.
    assert!(client.fetch(&at("/wrong"), &with_token).1.contains("HttpRequestDenied"));
    assert!(upstream.heard_nothing());
    // It stays while other settings change; elsewhere it goes only with its value.
    client.configure(&admin, json!({"env": {"A": "1"}})).data(200);
    let moved = client.configure(&admin, json!({"secrets": {"TOKEN": {"hosts": [at("/")]}}}));
    assert!(moved.refused(400).contains("where hosts change"));
    let moved = json!({"secrets": {"TOKEN": {"value": "hunter2", "hosts": [at("/")]}}});
    client.configure(&admin, moved).data(200);
    assert_eq!(client.fetch(&at("/wrong"), &with_token).0, 200);
    assert!(upstream.head().contains("authorization: Bearer hunter2\r\n"));
    let missing = client.configure(&admin, json!({"secrets": {"OTHER": {"hosts": [at("/")]}}}));
    assert!(missing.refused(400).contains("settings.secrets.OTHER.value is missing"));
    let forged = json!({"secrets": {"TOKEN": {"sealed": "AAAA", "hosts": [at("/")]}}});
    assert!(client.configure(&admin, forged).refused(400).contains("value is missing"));
    // Nothing of it lies on the disk in clear.
    for entry in std::fs::read_dir(server.directory.path().join("data")).expect("it is there").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "{}", entry.path().display());
    }
}

/// Ways to write an address that only the server's own network knows.
const PRIVATE: &str = "127.0.0.1 127.1 127.0.1 127.000.000.001 0177.0.0.1 0x7f.0.0.1 0x7f000001 2130706433 \
    017700000001 127.0.0.1. 0 0.0.0.0 00.00.00.00 0x0 localhost LOCALHOST localhost. ip6-localhost \
    [::1] [0:0:0:0:0:0:0:1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] \
    [0:0:0:0:0:ffff:7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] \
    [2001:0:7f00:1::] [fe80::1] [fc00::1] [fd00:ec2::254] 10.0.0.1 10.1 167772161 172.16.0.1 \
    172.31.255.255 192.168.0.1 192.168.1 3232235521 169.254.169.254 2852039166 0xa9fea9fe \
    0251.0376.0251.0376 169.254.43518 [::ffff:169.254.169.254] 169.254.170.2 168.63.129.16 \
    100.64.0.1 100.100.100.200 198.18.0.1 192.0.0.192 224.0.0.1 255.255.255.255 240.0.0.1 \
    127.127.127.127 [ff02::1] [fec0::1] [3fff::1] [2001:db8::1]";

#[test]
fn no_spelling_of_a_private_address_is_reached() {
    let (server, upstream) = (Server::start(), Upstream::start());
    let port = upstream.port;
    let everything = json!({"grants": {"egress": [format!("http://*:{port}"), "http://*", "https://*"]}});
    let client = Client::new(&server, "web", everything);
    let hosts: Vec<&str> = PRIVATE.split_whitespace().collect();
    assert!(hosts.len() >= 60, "{}", hosts.len());
    for host in hosts {
        let (status, text) = client.fetch(&format!("http://{host}:{port}/open"), &[]);
        assert!(status == 502 || status == 400, "{host}: {status} {text}");
        assert!(!text.contains("upstream"), "{host}: {text}");
    }
    for url in [
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://example.com@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}#@example.com/"),
        format!("http://example.com\\@127.0.0.1:{port}/"),
        "file:///etc/passwd".into(),
        "gopher://127.0.0.1/".into(),
    ] {
        let (status, text) = client.fetch(&url, &[]);
        assert!(status == 502 || status == 400, "{url}: {status} {text}");
    }
    assert!(upstream.heard_nothing());
    let (_, text) = client.fetch(&format!("http://127.0.0.1:{port}/"), &[]);
    assert!(text.contains("DestinationIpProhibited"), "{text}");
}

#[test]
fn a_grant_that_cannot_be_read_is_refused_with_how_to_write_it() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("web", guest("web"));
    let refused =
        |settings: Value| admin.patch("/v1/functions/web", &json!({"settings": settings})).refused(400);
    let message = refused(json!({"grants": {"egress": ["api.example.com"]}}));
    assert!(
        message.contains("settings.grants.egress: \"api.example.com\" is no grant: it has no scheme"),
        "{message}"
    );
    assert!(refused(json!({"grants": {"egress": vec!["https://a.test"; 101]}})).contains("100 grants"));
    assert!(
        refused(json!({"secrets": {"A=B": {"value": "x", "hosts": ["https://a.test"]}}})).contains("A=B")
    );
    assert!(
        refused(json!({"secrets": {"A": {"value": "x", "hosts": []}}})).contains("where may it be sent?")
    );
    assert!(
        refused(json!({"env": {"A": "1"}, "secrets": {"A": {"value": "x", "hosts": ["https://a.test"]}}}))
            .contains("A")
    );
    assert_eq!(admin.get("/v1/functions/web").data(200)["settings"]["secrets"], json!({}));
}
