//! Streams: events of runs, logs as they are written, results.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Caller, Event, Server, guest, tuples, unix_ms, wat};

fn events_of(caller: &Caller, run: &str, last_event_id: Option<&str>) -> Vec<Event> {
    caller.events(&format!("/v1/runs/{run}/events"), last_event_id).collect()
}

fn indexes(events: &[Event]) -> Vec<u64> {
    let jobs = events.iter().filter(|event| event.name == "job");
    jobs.map(|event| event.data["index"].as_u64().expect("a place")).collect()
}

#[test]
fn a_run_tells_of_each_job_once_and_of_its_end() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("even", wat::EVEN);
    let run = admin.submit(&json!({"function": "even", "parameters": tuples(0..300)}));
    let events = events_of(&admin, &run, None);
    let seen = indexes(&events);
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (300, 300));
    let end = events.last().expect("an end");
    assert_eq!((end.name.as_str(), &end.data["status"]), ("end", &json!("FAILED")));
    assert_eq!(events.iter().filter(|event| event.name == "end").count(), 1);
    let job = events.iter().find(|event| event.name == "job").expect("some").data.clone();
    assert_eq!(job["status"] == "SUCCEEDED", job["index"].as_u64().expect("a place") % 2 == 0);
    // Whoever lost the connection goes on after the last event that it saw.
    let jobs: Vec<&Event> = events.iter().filter(|event| event.name == "job").collect();
    for seen_last in [0, 1, 150, 299] {
        let rest = indexes(&events_of(&admin, &run, jobs[seen_last].id.as_deref()));
        assert_eq!(rest, seen[seen_last + 1..], "after {seen_last}");
    }
    for id in ["x", "1", "-1-1", "1-x", "99999999999999999999-1"] {
        let answer = admin.send("GET", &format!("/v1/runs/{run}/events"), "", &[("Last-Event-ID", id)]);
        assert!(answer.refused(400).contains("Last-Event-ID"), "{id}");
    }
}

#[test]
fn a_call_has_its_event_too() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let call = admin.invoke("double", &json!({"arguments": [1]})).data(200);
    let run = call["runId"].as_str().expect("an id");
    let events = events_of(&admin, run, None);
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!((names, &events[0].data["jobId"]), (vec!["job", "end"], &call["jobId"]));
    assert_eq!(events_of(&admin, run, events[0].id.as_deref()).len(), 1);
}

#[test]
fn a_watcher_is_told_while_the_run_goes_on() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let body = json!({"function": "command", "parameters": [["args", "a"], ["sleep", "60000"]]});
    let run = admin.submit(&body);
    let mut events = admin.events(&format!("/v1/runs/{run}/events"), None);
    let first = events.find(|event| event.name == "job").expect("the first ends soon");
    assert_eq!(first.data["index"], 0);
    let progress = events.next().expect("it goes on");
    assert_eq!((progress.name.as_str(), &progress.data["succeeded"]), ("progress", &json!(1)));
    admin.post(&format!("/v1/runs/{run}/cancel"), &json!({})).data(200);
    let last = events.last().expect("an end");
    assert_eq!((last.name.as_str(), &last.data["status"]), ("end", &json!("CANCELLED")));
}

#[test]
fn lines_are_streamed_as_they_are_written() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let run = admin.submit(&json!({"function": "command", "parameters": [["tick", "12", "150"]]}));
    let job = admin.jobs_of(&run)[0]["jobId"].as_str().expect("an id").to_owned();
    let mut late = Vec::new();
    let mut lines = Vec::new();
    let mut end = None;
    for event in admin.events(&format!("/v1/jobs/{job}/logs?follow=true"), None) {
        match event.name.as_str() {
            "line" => {
                let text = event.data["text"].as_str().expect("text").to_owned();
                let written: u64 = text.split(' ').nth(1).and_then(|at| at.parse().ok()).expect("a time");
                late.push(unix_ms().saturating_sub(written));
                lines.push((event.id.expect("an id"), text));
            }
            _ => end = Some(event.data),
        }
    }
    assert_eq!(lines.len(), 12);
    assert_eq!(end.expect("it ends")["status"], "SUCCEEDED");
    // The first may be from before the stream was opened. Of the others the middle one: this machine has
    // other work, and a write to its disk may take a while.
    let mut rest = late[1..].to_vec();
    rest.sort_unstable();
    assert!(rest[rest.len() / 2] <= 100, "milliseconds after the write: {late:?}");
    let again: Vec<Event> =
        admin.events(&format!("/v1/jobs/{job}/logs?follow=true"), Some(&lines[4].0)).collect();
    let texts: Vec<&str> = again.iter().filter_map(|event| event.data["text"].as_str()).collect();
    assert_eq!(texts, lines[5..].iter().map(|line| line.1.as_str()).collect::<Vec<_>>());
    admin.get(&format!("/v1/jobs/{job}/logs?follow=yes")).refused(400);
}

#[test]
fn a_revoked_key_ends_its_streams() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("spin", wat::SPIN);
    let run = admin.submit(&json!({"function": "spin", "parameters": [[]]}));
    let key = admin.post("/v1/keys", &json!({})).data(201);
    let watcher = server.with_key(key["key"].as_str().expect("a key"));
    let mut events = watcher.events(&format!("/v1/runs/{run}/events"), None);
    assert!(events.next().is_some());
    admin.delete(&format!("/v1/keys/{}", key["keyId"].as_str().expect("an id"))).data(200);
    assert!(events.all(|event| event.name != "end"), "it breaks off");
}

#[test]
fn streams_have_their_number() {
    let server = Server::start_with("[limits]\nstreams_max = 4");
    let admin = server.admin();
    admin.deploy("spin", wat::SPIN);
    let run = admin.submit(&json!({"function": "spin", "parameters": [[]]}));
    let path = format!("/v1/runs/{run}/events");
    let mut open = admin.events(&path, None);
    open.next();
    assert!(admin.get(&path).refused(429).contains("1 streams of this account are open"));
    drop(open);
    let began = std::time::Instant::now();
    // The server notices that the reader has gone when it next has something to say.
    admin.post(&format!("/v1/runs/{run}/cancel"), &json!({})).data(200);
    while admin.get(&path).status != 200 {
        assert!(began.elapsed() < Duration::from_secs(30), "the place is never free again");
    }
}

/// Resident memory of the server's process, in KiB.
fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn results_of_a_large_run_are_streamed_without_being_held() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    // Each result is some kilobytes: together they are a hundred megabytes.
    let text = "x".repeat(9000);
    let parameters: Value = (0..12_000).map(|_| json!(["env"])).collect();
    let run = admin.submit(&json!({"function": "command", "parameters": parameters, "env": {"A": text}}));
    admin.run_over(&run);
    let before = memory(&server);
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let url = format!("{}/v1/runs/{run}/results", server.url);
    let authorization = admin.authorization.as_deref().expect("a key");
    let answer = agent.get(url).header("Authorization", authorization).call().expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let mut count = 0;
    for line in BufReader::new(answer.into_body().into_reader()).lines() {
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        assert_eq!(line["index"], count);
        assert!(line["result"].as_str().is_some_and(|result| result.len() > 9000), "{line:.100}");
        count += 1;
    }
    assert_eq!(count, 12_000);
    let grown = memory(&server).saturating_sub(before);
    assert!(grown < 64 << 10, "{grown} KiB more for 108 MB of results");
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    // Forty results of half a megabyte each, and more readers of them than would fit.
    let parameters: Value = (0..40).map(|_| json!(["spam", "60000"])).collect();
    let run = admin.submit(&json!({"function": "command", "parameters": parameters}));
    admin.run_over(&run);
    let before = memory(&server);
    let authorization = admin.authorization.as_deref().expect("a key");
    let mut streams = Vec::new();
    for _ in 0..24 {
        let mut stream =
            TcpStream::connect(server.url.strip_prefix("http://").expect("http")).expect("it listens");
        let head = format!(
            "GET /v1/runs/{run}/results HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it takes it");
        let mut first = [0; 64];
        stream.read_exact(&mut first).expect("it begins");
        streams.push(stream);
    }
    admin.invoke("command", &json!({"arguments": ["args", "a"]})).data(200);
    let grown = memory(&server).saturating_sub(before);
    assert!(grown < 200 << 10, "{grown} KiB more for 24 readers of 28 MB each");
}
