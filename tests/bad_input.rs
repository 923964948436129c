//! Requests that make no sense: each its own error, never a 500, and nothing changed.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::harness::{Server, wat};

#[test]
fn unknown_routes_and_methods_say_so() {
    let server = Server::start();
    let admin = server.admin();
    assert!(admin.get("/v1/nothing").refused(404).contains("there is no route GET /v1/nothing"));
    assert!(admin.get("/nothing").refused(404).contains("there is no route"));
    let answer = admin.delete("/v1/jobs");
    assert_eq!(answer.headers["allow"], "GET, POST");
    assert!(answer.refused(405).contains("does not take DELETE"));
    assert!(admin.send("TRACE", "/v1/runs", "", &[]).refused(405).contains("does not take TRACE"));
}

#[test]
fn what_is_not_there_is_404_whatever_its_id_looks_like() {
    let server = Server::start();
    let admin = server.admin();
    for id in ["x", "..", "%2e%2e%2fadmin.key", "00000000-0000-0000-0000-000000000000", "%00", "a%2Fb"] {
        admin.get(&format!("/v1/jobs/{id}")).refused(404);
        admin.get(&format!("/v1/runs/{id}")).refused(404);
        admin.get(&format!("/v1/functions/{id}")).refused(404);
        admin.post(&format!("/v1/jobs/{id}/cancel"), &json!({})).refused(404);
        admin.post(&format!("/v1/jobs/{id}/restart"), &json!({})).refused(404);
    }
    admin.get("/v1/functions/f/versions/one").refused(404);
}

#[test]
fn names_that_are_none_are_refused() {
    let server = Server::start();
    let admin = server.admin();
    for name in ["-f", "a%20b", "%C3%BC", &"x".repeat(101), "a%2Fb"] {
        let answer = admin.put(&format!("/v1/functions/{name}"), wat::DOUBLE);
        assert!(answer.refused(400).contains("a function's name"), "{name}");
    }
    assert_eq!(admin.get("/v1/functions").data(200)["count"], 0);
}

#[test]
fn bodies_that_are_no_json_say_where() {
    let server = Server::start();
    let admin = server.admin();
    for body in ["{", "[]", "null", "\"x\"", "{\"function\": 1}", "\u{feff}{}", &"[".repeat(10_000)] {
        let answer = admin.send("POST", "/v1/runs", body, &[]);
        assert!(answer.refused(400).contains("the body does not fit"), "{body:.20}");
    }
    for body in ["[\"double\", [[1]]]", " [{}]"] {
        assert!(admin.send("POST", "/v1/runs", body, &[]).refused(400).contains("must be a JSON object"));
    }
    assert!(admin.send("POST", "/v1/runs", [0xff, 0xfe], &[]).refused(400).contains("does not fit"));
    let packed = admin.send("POST", "/v1/runs", "{}", &[("Content-Encoding", "gzip")]);
    assert!(packed.refused(400).contains("Content-Encoding"));
}

#[test]
fn what_is_too_large_is_413_with_its_limit() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let large = json!({"function": "double", "arguments": [1], "stdin": "x".repeat(9 << 20)}).to_string();
    assert!(
        admin.send("POST", "/v1/functions/double/invoke", &large, &[]).refused(413).contains("8388608 bytes")
    );
    let stdin = json!({"arguments": [1], "stdin": "x".repeat(300 << 10)});
    assert!(admin.invoke("double", &stdin).refused(413).contains("262144 bytes"));
    let many = json!({"function": "double", "parameters": vec![json!([1]); 100_001]});
    assert!(admin.post("/v1/runs", &many).refused(413).contains("100000 jobs"));
    assert_eq!(admin.get("/v1/jobs?limit=1").data(200)["count"], 0);
}

#[test]
fn run_fields_are_checked_one_by_one() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    for (name, value) in [
        ("device", json!("gpu")),
        ("bidPrice", json!(-1)),
        ("bidPrice", json!("much")),
        ("timeoutMs", json!(0)),
        ("retry", json!({"limit": 11})),
        ("retry", json!({"on": ["cancelled"]})),
        ("env", json!({"A=B": "1"})),
        ("version", json!(-1)),
        ("runAt", json!("soon")),
        ("runAt", json!(u64::MAX)),
        ("priority", json!(10)),
        ("priority", json!(-1)),
        ("urgency", json!(1)),
    ] {
        let mut body = json!({"function": "double", "parameters": [[1]]});
        body[name] = value;
        let message = admin.post("/v1/runs", &body).refused(400);
        assert!(message.contains(name) || message.contains("invalid"), "{name}: {message}");
    }
    let message = admin.post("/v1/runs", &json!({"function": "nope", "parameters": [[1]]})).refused(404);
    assert_eq!(message, "there is no such function");
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 0);
}

#[test]
fn broken_http_does_no_harm() {
    let server = Server::start();
    let address = server.url.strip_prefix("http://").expect("http").to_owned();
    let head = "X".repeat(1 << 20);
    for bytes in [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET /v1/runs HTTP/1.1\r\nHost: a\r\nX: {head}\r\n\r\n"),
        "POST /v1/runs HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /v1/runs HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        // The server may hang up in the middle; either way it says no or nothing.
        let _ = stream.write_all(bytes.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains(" 200 ") && !answer.contains(" 500 "), "{answer}");
    }
    assert_eq!(server.anon().get("/health").body["status"], "UP");
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let server = Server::start_with("[limits]\nbody_stall_ms = 200");
    let address = server.url.strip_prefix("http://").expect("http").to_owned();
    let key = server.key();
    for (authorization, status) in [(key.as_str(), " 400 "), ("nobody's", " 401 ")] {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        let head = format!(
            "POST /v1/runs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {authorization}\r\nContent-Length: 100\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).expect("it takes it");
        let mut answer = [0; 1024];
        let read = stream.read(&mut answer).expect("it says no");
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.contains(status), "{answer}");
        assert_eq!(answer.contains("the body stalled for 200 ms"), status == " 400 ", "{answer}");
    }
    assert_eq!(server.admin().get("/v1/runs").data(200)["count"], 0);
}

#[test]
fn a_thousand_idle_connections_are_in_nobodys_way() {
    let server = Server::start();
    let address = server.url.strip_prefix("http://").expect("http").to_owned();
    let idle: Vec<TcpStream> =
        (0..1000).map(|_| TcpStream::connect(&address).expect("it takes as many")).collect();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    assert_eq!(admin.invoke("double", &json!({"arguments": [4]})).data(200)["result"], 8);
    drop(idle);
}

#[test]
fn a_body_is_json_whatever_its_type_says() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let path = "/v1/functions/double/invoke";
    for kind in ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data", "a;b=\"", ""] {
        let answer = admin.send("POST", path, "{\"arguments\": [1]}", &[("Content-Type", kind)]);
        assert_eq!(answer.data(200)["result"], 2, "{kind}");
    }
    for encoding in ["gzip", "br", "nonsense", "identity, gzip", ""] {
        let answer = admin.send("POST", path, "{\"arguments\": [1]}", &[("Content-Encoding", encoding)]);
        assert!(answer.refused(400).contains("Content-Encoding"), "{encoding}");
    }
    let plain = admin.send("POST", path, "{\"arguments\": [1]}", &[("Content-Encoding", "IDENTITY")]);
    plain.data(200);
}

#[test]
fn cursors_that_were_tampered_with_are_refused() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let run = admin.submit(&json!({"function": "double", "parameters": crate::harness::tuples(0..5)}));
    admin.run_over(&run);
    let page = admin.get("/v1/jobs?limit=2&status=SUCCEEDED").data(200);
    let cursor = page["lastEvaluatedKey"].as_str().expect("there are more").to_owned();
    let ask = |cursor: &str, filters: &str| {
        admin.get(&format!("/v1/jobs?limit=2{filters}&lastEvaluatedKey={}", crate::harness::encoded(cursor)))
    };
    assert_eq!(ask(&cursor, "&status=SUCCEEDED").data(200)["count"], 2);
    let elsewhere = format!("/v1/runs?lastEvaluatedKey={}", crate::harness::encoded(&cursor));
    assert!(admin.get(&elsewhere).refused(400).contains("other filters"), "a cursor of another list");
    for filters in
        ["", "&status=FAILED", "&status=SUCCEEDED&sortOrder=asc", "&status=SUCCEEDED&jobType=double"]
    {
        assert!(ask(&cursor, filters).refused(400).contains("other filters"), "{filters}");
    }
    for tampered in ["", "A", "AAAA", "%", &cursor[1..], &format!("{cursor}A"), &"A".repeat(5000), "MS4yLjM="]
    {
        assert!(
            ask(tampered, "&status=SUCCEEDED").refused(400).contains("lastEvaluatedKey"),
            "{tampered:.20}"
        );
    }
}
