//! What the server tells of itself: metrics, spans, logs.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::harness::{SKEP, Server, guest, tool, wat};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn metrics_count_what_happens_and_are_named_as_prometheus_wants_it() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    admin.deploy("even", wat::EVEN);
    for _ in 0..3 {
        admin.invoke("double", &json!({"arguments": [1]})).data(200);
    }
    let run = admin.submit(&json!({"function": "even", "parameters": [[1], [2]]}));
    admin.run_over(&run);
    admin.get("/v1/jobs/nothing").refused(404);
    let answer = admin.send("GET", "/metrics", "", &[("Accept", "text/plain;version=0.0.4")]);
    assert!(answer.headers["content-type"].to_str().expect("text").starts_with("text/plain; version=0.0.4"));
    let text = answer.body.as_str().expect("text").to_owned();
    for line in [
        "skep_attempts_total{outcome=\"succeeded\"} 4",
        "skep_attempts_total{outcome=\"trap\"} 1",
        "skep_jobs_claimed_total 2",
        "skep_http_requests_total{method=\"POST\",route=\"/v1/functions/{name}/invoke\",status=\"200\"} 3",
        "skep_http_requests_total{method=\"GET\",route=\"/v1/jobs/{job_id}\",status=\"404\"} 1",
        "# TYPE skep_http_request_duration_seconds histogram",
        "# TYPE process_resident_memory_bytes gauge",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(text.contains("skep_store_commit_duration_seconds_bucket"));
    let Some(promtool) = tool("prometheus/promtool") else { return };
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut check = check.spawn().expect("it starts");
    check.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let said = check.wait_with_output().expect("it ends");
    let words = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && words.is_empty(), "{words}");
}

#[test]
fn an_answer_names_the_trace_that_its_request_came_with() {
    let server = Server::start();
    let admin = server.admin();
    let of = |header: &str| {
        let answer = admin.send("GET", "/v1/runs", "", &[("traceparent", header)]);
        answer.headers["trace-id"].to_str().expect("text").to_owned()
    };
    assert_eq!(of(PARENT), TRACE);
    // What is malformed starts a new trace.
    let (one, other) = (of("nonsense"), of(&PARENT.to_uppercase()));
    assert!(one != TRACE && other != TRACE && one != other && one.len() == 32);
}

/// A collector that keeps what is sent to it.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = Vec::new();
            let mut part = [0; 4096];
            let (head, length) = loop {
                let read = stream.read(&mut part).unwrap_or(0);
                bytes.extend_from_slice(&part[..read]);
                let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
                if let Some(end) = end {
                    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    let length =
                        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                    break (head, end + 4 + length.unwrap_or(0usize));
                }
                if read == 0 {
                    break (String::new(), 0);
                }
            };
            while bytes.len() < length {
                let read = stream.read(&mut part).unwrap_or(0);
                bytes.extend_from_slice(&part[..read]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if sender.send((head, bytes)).is_err() {
                return;
            }
        }
    });
    (url, received)
}

#[test]
fn spans_of_requests_and_of_their_jobs_reach_a_collector() {
    let (url, received) = collector();
    let server = Server::start_with(&format!("[telemetry]\notlp_endpoint = '{url}'"));
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let body = json!({"function": "command", "parameters": [["args", "a"]]}).to_string();
    let answer = admin.send("POST", "/v1/runs", body, &[("traceparent", PARENT)]).data(201);
    admin.run_over(answer["runId"].as_str().expect("an id"));
    let job = admin.jobs_of(answer["runId"].as_str().expect("an id"))[0]["jobId"].clone();
    let (code, _directory) = server.terminate();
    assert_eq!(code, Some(0));
    let mut all = Vec::new();
    while let Ok((head, bytes)) = received.recv_timeout(std::time::Duration::from_secs(1)) {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        all.extend(bytes);
        if all.len() > 1 << 20 {
            break;
        }
    }
    // The protocol is protobuf: texts and the 16 bytes of the trace's id stand in it as they are.
    let has = |wanted: &[u8]| all.windows(wanted.len()).filter(|window| *window == wanted).count();
    let id: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&TRACE[2 * at..2 * at + 2], 16).expect("hex")).collect();
    assert_eq!(has(&id), 2, "the request and its job are of one trace");
    for text in ["POST /v1/runs", "attempt", "job.id", job.as_str().expect("an id"), "skep", "succeeded"] {
        assert!(has(text.as_bytes()) > 0, "{text}");
    }
    // The parent of the request's span is the client's.
    assert_eq!(has(&[0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]), 1);
}

#[test]
fn a_collector_that_is_not_there_is_in_nobodys_way() {
    let server = Server::start_with("[telemetry]\notlp_endpoint = 'http://127.0.0.1:9'");
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    admin.invoke("double", &json!({"arguments": [1]})).data(200);
    let (code, _directory) = server.terminate();
    assert_eq!(code, Some(0));
}

#[test]
fn logs_are_json_off_a_terminal_and_name_the_trace() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(SKEP);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "skep_api=debug,skep_domain=debug", "--data"]);
    command.arg(directory.path().join("data")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("it starts");
    let mut stdout = std::io::BufReader::new(process.stdout.take().expect("piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).expect("it says where");
    let url = line.trim().strip_prefix("skep listens on ").expect("as documented").to_owned();
    let key = std::fs::read_to_string(directory.path().join("data/admin.key")).expect("it is there");
    let admin = crate::harness::Caller { url, authorization: Some(format!("Bearer {key}")) };
    admin.deploy("double", wat::DOUBLE);
    let body = json!({"arguments": [1]}).to_string();
    admin.send("POST", "/v1/functions/double/invoke", body, &[("traceparent", PARENT)]).data(200);
    assert!(Command::new("kill").arg(process.id().to_string()).status().expect("kill").success());
    let mut log = String::new();
    process.stderr.take().expect("piped").read_to_string(&mut log).expect("text");
    assert!(process.wait().expect("it ends").success());
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let of =
        |message: &str| lines.iter().find(|line| line["message"] == message && line["trace.id"] == TRACE);
    assert_eq!(of("request").expect("the request is there")["http.route"], "/v1/functions/{name}/invoke");
    assert_eq!(of("attempt").expect("so is its attempt")["outcome"], "succeeded");
    assert!(!log.contains(&key), "no secret is logged");
}
