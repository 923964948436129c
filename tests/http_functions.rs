//! HTTP functions under `/f/{account}/{function}/…`, with the real binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Caller, PATIENCE, Server, guest};

/// Deploys a function that everybody may call.
fn public(admin: &Caller, name: &str, http: Value) {
    admin.deploy(name, guest(name));
    let mut settings = json!({"http": {"access": "public"}});
    settings["http"]
        .as_object_mut()
        .expect("an object")
        .extend(http.as_object().cloned().unwrap_or_default());
    admin.patch(&format!("/v1/functions/{name}"), &json!({"settings": settings})).data(200);
}

/// Sends bytes over a connection of its own; the connection, to read the answer from.
fn raw(server: &Server, request: &str) -> BufReader<TcpStream> {
    let address = server.url.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream.write_all(request.as_bytes()).expect("it takes requests");
    BufReader::new(stream)
}

fn until_close(mut stream: BufReader<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).expect("text")
}

#[test]
fn a_function_answers_under_its_account_and_name() {
    let server = Server::start();
    let admin = server.admin();
    for name in ["web", "async-web"] {
        public(&admin, name, json!({}));
        let answer = server.anon().get(&format!("/f/admin/{name}/"));
        assert_eq!((answer.status, &answer.body), (200, &json!("hello\n")), "{name}");
        assert_eq!(server.anon().get(&format!("/f/admin/{name}")).body, json!("hello\n"));
        assert_eq!(
            server.anon().send("POST", &format!("/f/admin/{name}/echo"), "to and fro", &[]).body,
            "to and fro"
        );
    }
    let lies = [("X-Forwarded-Prefix", "/lie"), ("X-Kept", "yes")];
    let head = server.anon().send("PUT", "/f/admin/web/head?a=b%20c&d", "", &lies).body;
    let head = head.as_str().expect("text");
    assert!(head.contains(" /head?a=b%20c&d\n"), "{head}");
    assert!(head.contains("x-forwarded-prefix: /f/admin/web\n") && !head.contains("lie"), "{head}");
    assert!(head.contains("x-kept: yes\n") && head.contains("traceparent: 00-"), "{head}");
    for path in
        ["/f/", "/f/admin", "/f/admin/", "/f/admin/nothing/", "/f/nobody/web/", "/f/%61dmin/web", "/f//web/"]
    {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    admin.deploy("words", guest("words"));
    assert!(admin.get("/f/admin/words/").refused(404).contains("does not serve HTTP"));
    admin.delete("/v1/functions/web").data(200);
    admin.get("/f/admin/web/").refused(404);
    // Strangers are not told what there is.
    assert_eq!(server.anon().get("/f/admin/web/").status, 401);
}

#[test]
fn a_key_is_wanted_unless_the_function_is_public_and_never_reaches_it() {
    let server = Server::start();
    let (admin, other) = (server.admin(), server.member("other"));
    admin.deploy("web", guest("web"));
    assert_eq!(server.anon().get("/f/admin/web/").status, 401);
    // What is another's is not there.
    other.get("/f/admin/web/").refused(404);
    let head = admin.get("/f/admin/web/head").body;
    assert!(!head.as_str().expect("text").contains("authorization"), "{head}");
    public(&admin, "web", json!({}));
    assert_eq!(other.get("/f/admin/web/").body, json!("hello\n"));
    // A credential that is not ours is the function's business.
    let head = server.anon().send("GET", "/f/admin/web/head", "", &[("Authorization", "Basic YTpi")]).body;
    assert!(head.as_str().expect("text").contains("authorization: Basic YTpi"), "{head}");
    let bad = admin.patch("/v1/functions/web", &json!({"settings": {"http": {"concurrencyMax": 0}}}));
    assert!(bad.refused(400).contains("settings.http.concurrencyMax must be from 1 to 10000"));
}

#[test]
fn bodies_stream_both_ways_and_trailers_come_last() {
    let server = Server::start();
    public(&server.admin(), "web", json!({}));
    let mut stream = raw(&server, "GET /f/admin/web/drip HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let began = Instant::now();
    let mut line = String::new();
    while line != "0\n" {
        line.clear();
        assert!(stream.read_line(&mut line).expect("it goes on") > 0);
    }
    let until_first = began.elapsed();
    assert!(until_close(stream).contains("9\n"));
    assert!(began.elapsed() > until_first + Duration::from_millis(300), "{:?}", began.elapsed());
    // What was sent comes back before all is sent.
    let head = "POST /f/admin/web/echo HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = raw(&server, &format!("{head}5\r\nfirst\r\n"));
    while !line.contains("first") {
        line.clear();
        assert!(stream.read_line(&mut line).expect("it goes on") > 0);
    }
    stream.get_mut().write_all(b"6\r\nsecond\r\n0\r\nx-end: yes\r\n\r\n").expect("it takes more");
    let rest = until_close(stream);
    assert!(rest.contains("second"), "{rest}");
    let stream = raw(
        &server,
        "GET /f/admin/web/trailers HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: close\r\n\r\n",
    );
    let answer = until_close(stream);
    assert!(answer.contains("trailer: x-sum") && answer.ends_with("0\r\nx-sum: 15\r\n\r\n"), "{answer}");
}

#[test]
fn failures_have_their_status_and_say_nothing_of_the_function() {
    let server = Server::start();
    let admin = server.admin();
    public(&admin, "web", json!({}));
    let failed = server.anon().get("/f/admin/web/trap");
    assert_eq!((failed.status, &failed.body["code"]), (502, &json!("FUNCTION_FAILED")));
    assert_eq!(server.anon().get("/f/admin/web/silent").status, 502);
    let limits = json!({"settings": {"limits": {"timeoutMs": 200}}});
    admin.patch("/v1/functions/web", &limits).data(200);
    for path in ["spin", "sleep/60000"] {
        let late = server.anon().get(&format!("/f/admin/web/{path}"));
        assert_eq!((late.status, &late.body["code"]), (504, &json!("FUNCTION_TIMEOUT")), "{path}");
    }
    // A body that breaks off is no whole one: its end is not written.
    let half = until_close(raw(&server, "GET /f/admin/web/half HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert!(!half.ends_with("0\r\n\r\n"), "{half}");
    public(&admin, "web", json!({"concurrencyMax": 1}));
    admin.patch("/v1/functions/web", &json!({"settings": {"limits": {"timeoutMs": 60000}}})).data(200);
    // One that is served, and goes on until it has the rest of its body.
    let head = "POST /f/admin/web/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut held = raw(&server, &format!("{head}5\r\nfirst\r\n"));
    let mut line = String::new();
    while !line.contains("first") {
        line.clear();
        assert!(held.read_line(&mut line).expect("it goes on") > 0);
    }
    let busy = || server.anon().get("/f/admin/web/");
    let began = Instant::now();
    let refused = busy();
    assert_eq!((refused.status, &refused.headers["retry-after"]), (503, &"1".parse().expect("a value")));
    // Who goes leaves its place.
    drop(held);
    while busy().status != 200 {
        assert!(began.elapsed() < PATIENCE, "the guest of a client that went goes on");
    }
}

#[test]
fn instances_are_fresh_or_reused_as_their_owner_says() {
    let server = Server::start();
    let admin = server.admin();
    public(&admin, "web", json!({}));
    let count = || server.anon().get("/f/admin/web/count").body;
    assert_eq!([count(), count()], [json!(1), json!(1)]);
    public(&admin, "web", json!({"reuse": {"requestsMax": 3}}));
    // An instance is back a moment after its answer, so the next request may find another one.
    let counts: Vec<u64> = (0..60).map(|_| count().as_u64().expect("a number")).collect();
    assert_eq!(counts.iter().max(), Some(&3), "{counts:?}");
    // A change of settings begins anew.
    admin.patch("/v1/functions/web", &json!({"settings": {"env": {"A": "1"}}})).data(200);
    assert_eq!(count(), json!(1));
}

#[test]
fn requests_are_metered_without_a_row_each() {
    let server = Server::start();
    let admin = server.admin();
    public(&admin, "web", json!({}));
    for _ in 0..20 {
        server.anon().get("/f/admin/web/");
    }
    let usage = admin.wait_until("/v1/usage?by=function", |usage| usage["items"][0]["attempts"] == 20);
    assert!(usage["items"][0]["usage"]["cpuNanos"].as_u64().expect("metered") > 0, "{usage}");
    assert_eq!(admin.get("/v1/jobs?limit=1").data(200)["count"], 0);
    // What is not written yet when it stops is written then.
    for _ in 0..5 {
        server.anon().get("/f/admin/web/");
    }
    let (code, directory) = server.terminate();
    assert_eq!(code, Some(0));
    let server = Server::start_in(directory);
    let usage = server.admin().get("/v1/usage?by=function").data(200);
    assert_eq!(usage["items"][0]["attempts"], 25, "{usage}");
}

#[test]
fn one_connection_serves_routes_and_functions_in_turn() {
    let server = Server::start();
    public(&server.admin(), "web", json!({}));
    let mut stream = raw(&server, "");
    for _ in 0..3 {
        for (path, expected) in [("/health/live", "200"), ("/f/admin/web/", "hello"), ("/v1/none", "404")] {
            stream
                .get_mut()
                .write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())
                .expect("sent");
            let mut answer = [0; 4096];
            let mut seen = String::new();
            while !seen.contains(expected) {
                let count = stream.read(&mut answer).expect("it answers");
                assert!(count > 0, "{path}: {seen}");
                seen.push_str(&String::from_utf8_lossy(&answer[..count]));
            }
        }
    }
}

#[test]
fn a_head_that_lies_is_refused_or_set_right() {
    let server = Server::start();
    public(&server.admin(), "web", json!({}));
    let twice = until_close(raw(
        &server,
        "GET /f/admin/web/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    ));
    assert!(twice.starts_with("HTTP/1.1 400"), "{twice}");
    let lies = [
        ("X-Forwarded-For", "1.2.3.4"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=1.2.3.4"),
        ("X-Real-IP", "1.2.3.4"),
    ];
    let head = server.anon().send("GET", "/f/admin/web/head", "", &lies).body.to_string();
    assert!(
        head.contains("x-forwarded-for: 127.0.0.1") && !head.contains("1.2.3.4") && !head.contains("https"),
        "{head}"
    );
    let asked = server.anon().send("HEAD", "/f/admin/web/", "", &[]);
    assert_eq!((asked.status, asked.body), (200, json!("")));
}

#[test]
fn what_its_owner_wants_kept_of_requests_is_a_job_with_its_log() {
    let server = Server::start();
    let admin = server.admin();
    let records = |record: Value| {
        public(&admin, "web", record);
        for path in ["log", "trap"] {
            server.anon().get(&format!("/f/admin/web/{path}?a=b"));
        }
    };
    let kept = |count: usize| {
        let jobs = admin
            .wait_until("/v1/jobs?limit=100", |jobs| jobs["items"].as_array().map(Vec::len) == Some(count));
        jobs["items"].as_array().expect("items").clone()
    };
    // Those that failed, where nothing is said.
    records(json!({}));
    let failed = kept(1).remove(0);
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("FAILED"), &json!("trap")));
    assert_eq!(failed["payload"]["arguments"], json!(["GET", "/trap"]));
    assert!(failed["error"]["backtrace"].as_str().is_some_and(|frames| frames.contains("web")), "{failed}");
    let log = admin.get(&format!("/v1/jobs/{}/logs", failed["jobId"].as_str().expect("an id"))).data(200);
    assert!(log.to_string().contains("as asked"), "{log}");
    let id = failed["jobId"].as_str().expect("an id");
    assert!(admin.post(&format!("/v1/jobs/{id}/restart"), &json!({})).refused(409).contains("its client"));
    let run = failed["runId"].as_str().expect("an id");
    assert_eq!(admin.get(&format!("/v1/runs/{run}")).data(200)["source"], "http");
    assert_eq!(admin.get("/v1/runs").data(200)["items"], json!([]), "lists show them when asked");
    assert_eq!(admin.get("/v1/runs?source=http").data(200)["count"], 1);
    records(json!({"record": "all"}));
    assert!(kept(3).iter().any(|job| job["status"] == "SUCCEEDED"));
    records(json!({"record": "none"}));
    // All of them count.
    admin.wait_until("/v1/usage?by=function", |usage| usage["items"][0]["attempts"] == 6);
    kept(3);
    let wrong = admin.patch("/v1/functions/web", &json!({"settings": {"http": {"record": "some"}}}));
    assert!(wrong.refused(400).contains("some"));
}
