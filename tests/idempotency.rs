//! What has an `Idempotency-Key` is done once.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Server, guest, wat};

/// The same post from many at once.
fn at_once(caller: &Caller, path: &str, body: &Value, key: &str) -> Vec<Answer> {
    let posts: Vec<_> = (0..16)
        .map(|_| {
            let (caller, path, body, key) = (caller.clone(), path.to_owned(), body.clone(), key.to_owned());
            thread::spawn(move || caller.post_once(&path, &body, &key))
        })
        .collect();
    posts.into_iter().map(|post| post.join().expect("it answers")).collect()
}

fn replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

#[test]
fn identical_posts_at_once_make_exactly_one_before_and_after_a_crash() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let run = json!({"function": "double", "parameters": [[1], [2]]});
    let job = json!({"jobType": "double", "payload": {"arguments": [4]}});
    let ask = |caller: &Caller| {
        let mut answers = at_once(caller, "/v1/runs", &run, "run-1");
        let jobs = at_once(caller, "/v1/jobs", &job, "job-1");
        for all in [&answers, &jobs] {
            assert!(all.iter().all(|answer| answer.status == 201 && answer.body == all[0].body));
        }
        let fresh = answers.iter().chain(&jobs).filter(|answer| !replayed(answer)).count();
        (answers.remove(0).body, fresh)
    };
    let (first, fresh) = ask(&admin);
    assert_eq!(fresh, 2, "a run and a job, each once");
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 2);
    admin.run_over(first["data"]["runId"].as_str().expect("an id"));
    let server = Server::start_in(server.kill());
    let (again, fresh) = ask(&server.admin());
    assert_eq!((again, fresh), (first, 0), "the first answer, although the run is over");
    assert_eq!(server.admin().get("/v1/runs").data(200)["count"], 2);
}

#[test]
fn another_body_route_or_account_is_not_the_same() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let body = |number: u32| json!({"function": "double", "parameters": [[number]]});
    admin.post_once("/v1/runs", &body(1), "k").data(201);
    let refused = admin.post_once("/v1/runs", &body(2), "k").refused(409);
    assert!(refused.contains("used for another body"));
    let job = json!({"jobType": "double", "payload": {"arguments": [4]}});
    admin.post_once("/v1/jobs", &job, "k").data(201);
    let member = server.member("member");
    member.deploy("double", wat::DOUBLE);
    assert!(!replayed(&member.post_once("/v1/runs", &body(1), "k")));
    // What was refused was not done: the key is free.
    member.post_once("/v1/runs", &json!({"function": "nope", "parameters": [[1]]}), "l").refused(404);
    member.post_once("/v1/runs", &body(1), "l").data(201);
    for key in ["", &"k".repeat(256), "ü"] {
        assert!(admin.post_once("/v1/runs", &body(1), key).refused(400).contains("Idempotency-Key must be"));
    }
    let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    admin.send("POST", "/v1/runs", body(1).to_string(), &twice).refused(400);
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 2);
}

#[test]
fn a_new_key_is_shown_again_to_whom_it_was_made_for() {
    let server = Server::start();
    let admin = server.admin();
    for (path, body) in [("/v1/keys", json!({"name": "spare"})), ("/v1/accounts", json!({"name": "ada"}))] {
        let answers = at_once(&admin, path, &body, "k");
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body));
        let key = answers[0].body["data"]["key"].as_str().expect("a key");
        server.with_key(key).get("/v1/functions").data(200);
        // It is nowhere in the files as it is.
        for file in ["skep.db", "skep.db-wal"] {
            let bytes = std::fs::read(server.directory.path().join("data").join(file)).unwrap_or_default();
            assert!(!bytes.windows(40).any(|window| window == key.as_bytes()), "{file}");
        }
    }
    assert_eq!(admin.get("/v1/keys").data(200)["count"], 2);
}

#[test]
fn a_call_is_made_once_also_while_it_runs() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let call = json!({"arguments": ["sleep", "700"]});
    let path = "/v1/functions/command/invoke";
    let answers = at_once(&admin, path, &call, "k");
    let (over, under_way): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(!over.is_empty());
    for answer in under_way {
        assert_eq!((answer.status, &answer.body["code"]), (409, &json!("IDEMPOTENCY_IN_FLIGHT")));
    }
    let again = admin.post_once(path, &call, "k");
    assert!(replayed(&again) && again.body == over[0].body, "{}\n{}", again.body, over[0].body);
    assert_eq!(admin.get("/v1/jobs?limit=10").data(200)["count"], 1);
    let mistake = admin.post_once(path, &json!({"arguments": ["args"]}), "k").refused(409);
    assert!(mistake.contains("another body"));
}

#[test]
fn a_call_that_a_crash_cut_short_is_not_made_twice() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let call = json!({"arguments": ["tick", "30", "50"], "waitMs": 0});
    let path = "/v1/functions/command/invoke";
    assert_eq!(admin.post_once(path, &call, "k").status, 202);
    let server = Server::start_in(server.kill());
    let admin = server.admin();
    // The job of its first life goes on by itself.
    let list = admin.wait_until("/v1/jobs?limit=10", |list| list["items"][0]["status"] == "SUCCEEDED");
    assert_eq!(list["count"], 1);
    let again = admin.post_once(path, &call, "k");
    assert!(replayed(&again));
    assert_eq!(again.data(200)["attempts"], 2);
    assert_eq!(admin.get("/v1/jobs?limit=10").data(200)["count"], 1);
}
