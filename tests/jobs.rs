//! `/v1/jobs`, as seed 002 has it.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::{Server, encoded, guest, tuples, wat};
use crate::webhooks::{self, Ear};

#[test]
fn a_job_is_created_run_and_read() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let job = admin.post("/v1/jobs", &json!({"jobType": "double", "payload": {"arguments": [21]}})).data(201);
    let path = format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"));
    let over = admin.wait_until(&path, |job| job["status"] == "SUCCEEDED");
    assert_eq!(
        (&over["result"], &over["resultType"], &over["jobType"]),
        (&json!(42), &json!("JSON"), &json!("double"))
    );
    let hex = path.replace('-', "");
    assert_eq!(admin.get(&hex).data(200), over, "32 hex digits name the same job");
}

#[test]
fn a_guest_says_how_far_it_is() {
    let (server, ear) = (webhooks::server(), Ear::new(&[]));
    let admin = server.admin();
    let script = [("Content-Type", "application/x-sh")];
    let deploy = |name: &str, text: &str| {
        assert_eq!(admin.send("PUT", &format!("/v1/functions/{name}"), text, &script).status, 201);
    };
    deploy("slow", "echo 40.9 > $SKEP_PROGRESS; sleep 600");
    let hook = json!({"url": ear.url(), "events": ["job.progressed"]});
    admin.post("/v1/webhooks", &hook).data(201);
    let job = admin.post("/v1/jobs", &json!({"jobType": "slow", "payload": {"arguments": []}})).data(201);
    assert_eq!(job["progress"], 0);
    let id = job["jobId"].as_str().expect("an id");
    let path = format!("/v1/jobs/{id}");
    admin.wait_until(&path, |job| job["progress"] == 40);
    let told = ear.next().json();
    assert_eq!((&told["type"], &told["data"]["progress"]), (&json!("job.progressed"), &json!(40)), "{told}");
    assert_eq!(told["data"]["status"], "RUNNING", "{told}");
    assert_eq!(admin.get(&format!("/v3/jobs/{id}")).body["data"]["progress"], 40);
    admin.post(&format!("{path}/cancel"), &json!({})).data(200);
    admin.wait_until(&path, |job| job["status"] == "CANCELLED");
    assert!(ear.heard_nothing(), "what has not changed is not told again");
    // What is no number of percents says nothing, whatever it is.
    deploy("odd", "$1; sleep 2; exit 1");
    let odd = [
        "mkdir $SKEP_PROGRESS",
        "cp /no /such",
        "eval head -c 2000000 /dev/zero > $SKEP_PROGRESS",
        "eval echo NaN > $SKEP_PROGRESS",
        "eval echo -1 > $SKEP_PROGRESS",
        "eval echo 100.1 > $SKEP_PROGRESS",
        "eval echo 1e999 > $SKEP_PROGRESS",
        "eval echo 50 > $SKEP_PROGRESS",
    ];
    let parameters: Vec<_> = odd.iter().map(|how| json!([how])).collect();
    let run = admin.submit(&json!({"function": "odd", "parameters": parameters, "retry": {"limit": 0}}));
    admin.run_over(&run);
    let jobs = admin.get(&format!("/v1/jobs?limit=50&runId={run}&sortOrder=asc")).data(200);
    let said: Vec<_> =
        jobs["items"].as_array().expect("jobs").iter().map(|job| job["progress"].clone()).collect();
    assert_eq!(said, [0, 0, 0, 0, 0, 0, 0, 50], "{jobs}");
}

#[test]
fn the_unauthenticated_get_exactly_one_answer() {
    let server = Server::start();
    let mut wrong = server.admin();
    wrong.authorization = Some(format!("Bearer {}", "0".repeat(40)));
    let mut malformed = server.admin();
    malformed.authorization = Some("Basic YTpi".into());
    for caller in [server.anon(), wrong, malformed] {
        for path in ["/v1/jobs?limit=1", "/v1/jobs/x", "/v1/functions", "/v1/runs"] {
            let answer = caller.get(path);
            assert_eq!(answer.status, 401);
            assert_eq!(
                answer.body,
                json!({"statusCode": 401, "message": "Unauthorized - Invalid or missing token"})
            );
        }
    }
}

#[test]
fn pages_hold_every_job_once_in_either_order() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    admin.run_over(&admin.submit(&json!({"function": "double", "parameters": tuples(0..25)})));
    for query in
        ["", "&sortOrder=ASC", "&sortBy=updatedAt", "&sortBy=updatedAt&sortOrder=asc&status=SUCCEEDED"]
    {
        let (mut seen, mut times, mut cursor) = (HashSet::new(), Vec::new(), String::new());
        loop {
            let page = admin.get(&format!("/v1/jobs?limit=7{query}{cursor}")).data(200);
            for job in page["items"].as_array().expect("items") {
                assert!(seen.insert(job["jobId"].to_string()), "{query}");
                let by = if query.contains("updatedAt") { "updatedAt" } else { "createdAt" };
                times.push(job[by].as_u64().expect("a time"));
            }
            match page["lastEvaluatedKey"].as_str() {
                Some(key) => cursor = format!("&lastEvaluatedKey={}", encoded(key)),
                None => break,
            }
        }
        assert_eq!(seen.len(), 25, "{query}");
        let ascending = query.to_lowercase().contains("asc");
        assert!(times.is_sorted_by(|a, b| if ascending { a <= b } else { a >= b }), "{query}");
    }
}

#[test]
fn filters_choose_and_a_cursor_keeps_to_its_filters() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("even", wat::EVEN);
    admin.deploy("double", wat::DOUBLE);
    let run = admin.submit(&json!({"function": "even", "parameters": tuples(0..6)}));
    admin.run_over(&run);
    admin.run_over(&admin.submit(&json!({"function": "double", "parameters": tuples(0..3)})));
    let count = |query: &str| admin.get(&format!("/v1/jobs?limit=100&{query}")).data(200)["count"].clone();
    assert_eq!(count("jobType=even"), 6);
    assert_eq!(count("status=FAILED"), 3);
    assert_eq!(count("resultType=ERROR"), 3);
    assert_eq!(count("resultType=JSON&jobType=double"), 3);
    assert_eq!(count(&format!("runId={run}")), 6);
    assert_eq!(count("dateFrom=0&dateTo=1"), 0);
    let at = admin.get("/v1/jobs?limit=1&jobType=even").data(200)["items"][0]["createdAt"].clone();
    assert_eq!(count(&format!("jobType=even&dateFrom={at}&dateTo={at}")), 6, "both ends belong to it");
    let page = admin.get("/v1/jobs?limit=2&jobType=even").data(200);
    let key = encoded(page["lastEvaluatedKey"].as_str().expect("there are more"));
    assert_eq!(
        admin.get(&format!("/v1/jobs?limit=2&jobType=even&lastEvaluatedKey={key}")).data(200)["count"],
        2
    );
    let other = admin.get(&format!("/v1/jobs?limit=2&jobType=double&lastEvaluatedKey={key}"));
    assert!(other.refused(400).contains("other filters"));
}

#[test]
fn a_bad_query_is_refused_by_its_parameter() {
    let server = Server::start();
    let admin = server.admin();
    for (query, field) in [
        ("", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=1&status=DONE", "status"),
        ("limit=1&resultType=XML", "resultType"),
        ("limit=1&sortBy=cost", "sortBy"),
        ("limit=1&sortOrder=up", "sortOrder"),
        ("limit=1&dateFrom=yesterday", "dateFrom"),
        ("limit=1&dateFrom=2&dateTo=1", "dateFrom"),
        ("limit=1&lastEvaluatedKey=AAAA", "lastEvaluatedKey"),
        ("limit=1&runId=7", "runId"),
        ("limit=1&colour=red", "colour"),
    ] {
        let answer = admin.get(&format!("/v1/jobs?{query}"));
        assert_eq!(answer.body["details"]["field"], field, "{query}: {}", answer.body);
        answer.refused(400);
    }
}

#[test]
fn a_bad_body_is_refused_and_makes_nothing() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let refused = |body: serde_json::Value| admin.post("/v1/jobs", &body).refused(400);
    assert!(refused(json!({"payload": {}})).contains("missing field `jobType`"));
    assert!(refused(json!({"jobType": "double"})).contains("missing field `payload`"));
    assert!(refused(json!({"jobType": "double", "payload": []})).contains("the body does not fit"));
    assert!(refused(json!({"jobType": "nope", "payload": {}})).contains("jobType names no function"));
    assert!(refused(json!({"jobType": "double", "payload": {"arguments": ["x"]}})).contains("argument 0"));
    assert_eq!(admin.get("/v1/jobs?limit=1").data(200)["count"], 0);
}

#[test]
fn the_log_has_every_line_with_its_stream() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    let id = admin.submit(&json!({"function": "c", "parameters": [["spam", "2500"], ["stderr", "oh"]]}));
    admin.run_over(&id);
    let jobs = admin.jobs_of(&id);
    let log = |index: usize, query: &str| {
        admin
            .get(&format!("/v1/jobs/{}/logs{query}", jobs[index]["jobId"].as_str().expect("an id")))
            .data(200)
    };
    let first = log(0, "");
    assert_eq!((&first["count"], &first["items"][999]["text"]), (&json!(1000), &json!("line 999")));
    let key = encoded(first["lastEvaluatedKey"].as_str().expect("there are more"));
    let second = log(0, &format!("?lastEvaluatedKey={key}"));
    assert_eq!(
        (&second["items"][0]["seq"], &second["items"][0]["text"]),
        (&json!(1000), &json!("line 1000"))
    );
    let line = &log(1, "")["items"][0];
    assert_eq!(
        (&line["stream"], &line["text"], &line["attempt"]),
        (&json!("stderr"), &json!("oh"), &json!(1))
    );
}

#[test]
fn a_running_job_shows_what_it_has_written() {
    let server = Server::start();
    let admin = server.admin();
    // Writes a line, then spins.
    let chatty = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 16) "still here\n")
        (func (export "_start")
            (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 11))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (loop (br 0))))"#;
    admin.deploy("chatty", chatty);
    let job = admin.post("/v1/jobs", &json!({"jobType": "chatty", "payload": {}})).data(201);
    let path = format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"));
    let log = admin.wait_until(&format!("{path}/logs"), |log| log["count"] == 1);
    assert_eq!(log["items"][0]["text"], "still here");
    assert_eq!(admin.get(&path).data(200)["status"], "RUNNING");
    admin.post(&format!("{path}/cancel"), &json!({})).data(200);
    admin.wait_until(&path, |job| job["status"] == "CANCELLED");
}
