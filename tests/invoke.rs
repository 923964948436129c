//! Calls that somebody waits for.

use serde_json::{Value, json};

use crate::harness::{Server, encoded, guest, wat};

#[test]
fn a_call_answers_with_its_result_and_is_on_record() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("words", guest("words"));
    let job = admin.invoke("words", &json!({"arguments": ["a b a"]})).data(200);
    assert_eq!(job["status"], "SUCCEEDED");
    assert_eq!(job["result"], json!({"lines": 1, "words": 3, "characters": 5, "top": [["a", 2], ["b", 1]]}));
    assert_eq!(job["resultType"], "JSON");
    assert!(job["stdout"].as_str().expect("text").contains("3 words"));
    assert_eq!(job["attempts"], 1);
    assert!(job["usage"]["cpuNanos"].as_u64().expect("metered") > 0);
    assert!(job["usage"]["memoryPeakBytes"].as_u64().expect("metered") >= 65536);
    // What was answered and what is on disk are the same job.
    let mut recorded = admin.get(&format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"))).data(200);
    for stream in ["stdout", "stderr"] {
        recorded[stream] = job[stream].clone();
    }
    assert_eq!(recorded, job);
    let run = admin.get(&format!("/v1/runs/{}", job["runId"].as_str().expect("an id"))).data(200);
    assert_eq!(
        (&run["source"], &run["status"], &run["progress"]),
        (&json!("invoke"), &json!("SUCCEEDED"), &json!(100))
    );
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 0, "lists leave calls out");
    assert_eq!(admin.get("/v1/runs?source=invoke").data(200)["count"], 1);
}

#[test]
fn a_guest_that_fails_is_an_answer_not_an_error() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("values", guest("values"));
    let call = |body: Value| admin.invoke("values", &body).data(200);
    let failed = call(json!({"export": "fail", "arguments": ["no honey"]}));
    assert_eq!((&failed["status"], &failed["resultType"]), (&json!("FAILED"), &json!("ERROR")));
    assert_eq!(
        (&failed["error"]["code"], &failed["error"]["message"]),
        (&json!("guest_error"), &json!("no honey"))
    );
    let trapped = call(json!({"export": "divide", "arguments": [1, 0]}));
    assert_eq!(trapped["error"]["code"], "trap");
    assert!(trapped["error"]["backtrace"].as_str().expect("frames").contains("divide_exactly"));
    assert!(trapped["stderr"].as_str().expect("text").contains("attempt to divide by zero"));
}

#[test]
fn a_command_has_arguments_environment_stdin_and_an_exit_code() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    let call = |body: Value| admin.invoke("c", &body).data(200);
    let cat = call(json!({"arguments": ["cat"], "stdin": "over\nthe pipe"}));
    assert_eq!(
        (&cat["result"], &cat["resultType"], &cat["exitCode"]),
        (&json!("over\nthe pipe"), &json!("TEXT"), &json!(0))
    );
    assert_eq!(
        call(json!({"arguments": ["env"], "env": {"B": "2", "A": "1"}}))["result"],
        "A=1\nB=2\nSKEP_OUTPUT=/output\nSKEP_PROGRESS=/progress\n"
    );
    let exit = call(json!({"arguments": ["exit", "1"]}));
    assert_eq!((&exit["status"], &exit["exitCode"]), (&json!("FAILED"), &json!(1)));
    assert_eq!(exit["error"]["code"], "exit_code");
    let bytes = call(json!({"arguments": ["bytes", "ff00"]}));
    assert_eq!((&bytes["result"], &bytes["resultType"]), (&json!({"base64": "/wA="}), &json!("JSON")));
}

#[test]
fn a_call_past_its_wait_goes_on_and_can_be_cancelled() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    for wait in [0, 100, 1000] {
        let job = admin.invoke("c", &json!({"arguments": ["sleep", "2000"], "waitMs": wait})).data(202);
        let path = format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"));
        admin.wait_until(&path, |job| job["status"] == "SUCCEEDED");
    }
    let job = admin.invoke("c", &json!({"arguments": ["sleep", "60000"], "waitMs": 1500})).data(202);
    assert_eq!(job["status"], "RUNNING");
    let path = format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"));
    admin.post(&format!("{path}/cancel"), &json!({})).data(200);
    let over = admin.wait_until(&path, |job| job["status"] == "CANCELLED");
    assert_eq!(over["error"]["code"], "cancelled");
    assert!(over["usage"]["wallNanos"].as_u64().expect("metered") > 1_000_000_000);
}

#[test]
fn a_wrong_argument_is_named_and_nothing_is_recorded() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("primes", guest("primes"));
    admin.deploy("spin", wat::SPIN);
    let refused = |body: Value| admin.invoke("primes", &body);
    let wrong = refused(json!({"arguments": [1, "x"]}));
    assert_eq!(wrong.body["details"]["field"], "arguments");
    assert_eq!(wrong.refused(400), "argument 1 (high: u32): expected u32, got \"x\"");
    assert!(refused(json!({"arguments": [1]})).refused(400).contains("takes 2 arguments, got 1"));
    assert!(refused(json!({"arguments": {"low": 1}})).refused(400).contains("expected an array"));
    assert!(
        refused(json!({"arguments": [1, 2], "export": "nope"})).refused(400).contains("there is no export")
    );
    assert!(refused(json!({"arguments": [1, 2], "version": 9})).refused(404).contains("version"));
    assert!(refused(json!({"arguments": [1, 2], "timeoutMs": 0})).refused(400).contains("timeoutMs"));
    assert!(refused(json!({"argument": []})).refused(400).contains("unknown field `argument`"));
    assert_eq!(admin.get("/v1/jobs?limit=1").data(200)["count"], 0);
}

#[test]
fn a_commands_result_may_be_a_file_and_is_json_where_it_parses() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let result = |text: &str| {
        let call = admin.invoke("command", &json!({"arguments": ["output", text]})).data(200);
        (call["resultType"].clone(), call["result"].clone())
    };
    assert_eq!(result(r#"{"a": [1, 2.50]}"#), (json!("JSON"), json!({"a": [1, 2.5]})));
    assert_eq!(result("no json"), (json!("TEXT"), json!("no json")));
}

#[test]
fn a_page_of_jobs_ends_before_it_is_too_large_to_hold() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let settings = json!({"settings": {"limits": {"outputBytesMax": 4 << 20, "hostcallBytesMax": 64 << 20}}});
    admin.patch("/v1/functions/command", &settings).data(200);
    // About 3 MB each.
    for _ in 0..4 {
        admin.invoke("command", &json!({"arguments": ["spam", "300000"]})).data(200);
    }
    let first = admin.get("/v1/jobs?limit=100").data(200);
    let cursor = first["lastEvaluatedKey"].as_str().expect("there are more");
    let second = admin.get(&format!("/v1/jobs?limit=100&lastEvaluatedKey={}", encoded(cursor))).data(200);
    let ids = |page: &Value| {
        page["items"].as_array().expect("items").iter().map(|job| job["jobId"].clone()).collect::<Vec<_>>()
    };
    let (mut all, rest) = (ids(&first), ids(&second));
    assert!(!all.is_empty() && !rest.is_empty(), "{} and {}", all.len(), rest.len());
    all.extend(rest);
    all.dedup();
    assert_eq!(all.len(), 4, "each once");
    assert!(second["lastEvaluatedKey"].is_null());
}
