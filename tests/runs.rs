//! Runs that fan out into jobs.

use serde_json::{Value, json};

use crate::harness::{Server, encoded, guest, tuples, wat};

#[test]
fn a_run_fans_out_and_keeps_its_order() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let id = admin.submit(&json!({"function": "double", "parameters": tuples(0..3000)}));
    let run = admin.run_over(&id);
    assert_eq!(
        (&run["status"], &run["numJobs"], &run["progress"]),
        (&json!("SUCCEEDED"), &json!(3000), &json!(100))
    );
    assert_eq!(run["counts"]["succeeded"], 3000);
    assert!(run["parameters"].is_null(), "a large run leaves them to its jobs");
    let jobs = admin.jobs_of(&id);
    assert_eq!(jobs.len(), 3000);
    for (index, job) in jobs.iter().enumerate() {
        assert_eq!((&job["index"], &job["result"]), (&json!(index), &json!(index * 2)));
        assert_eq!(job["payload"], json!({"arguments": [index]}));
    }
}

#[test]
fn a_small_run_shows_its_parameters_and_all_that_was_asked() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    let body = json!({"function": "c", "parameters": [["env"], ["cat"]], "env": {"A": "1"}, "stdin": "in",
        "bidPrice": 0.25, "device": "cpu", "timeoutMs": 5000, "retry": {"limit": 1}});
    let run = admin.run_over(&admin.submit(&body));
    assert_eq!(run["parameters"], body["parameters"]);
    assert_eq!(
        (&run["bidPrice"], &run["device"], &run["source"]),
        (&json!("0.25"), &json!("cpu"), &json!("run"))
    );
    let jobs = admin.jobs_of(run["runId"].as_str().expect("an id"));
    assert_eq!(
        (&jobs[0]["result"], &jobs[1]["result"]),
        (&json!("A=1\nSKEP_OUTPUT=/output\nSKEP_PROGRESS=/progress\n"), &json!("in"))
    );
    assert_eq!(jobs[0]["payload"], json!({"arguments": ["env"], "stdin": "in", "env": {"A": "1"}}));
}

#[test]
fn one_bad_tuple_refuses_the_whole_run_by_its_index() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let refused =
        |parameters: Value| admin.post("/v1/runs", &json!({"function": "double", "parameters": parameters}));
    let wrong = refused(json!([[1], [2], ["x"], [4]]));
    assert_eq!(wrong.body["details"]["field"], "parameters[2]");
    assert_eq!(wrong.refused(400), "parameters[2]: argument 0 (p0: s32): expected s32, got \"x\"");
    assert!(refused(json!([[1], 2])).refused(400).contains("parameters[1]: expected an array"));
    assert!(refused(json!([])).refused(400).contains("at least one"));
    assert!(refused(json!("((1, 2),)")).refused(400).contains("the body does not fit"));
    let mut many = tuples(0..99).as_array().expect("an array").clone();
    many.push(json!([1, 2]));
    assert!(refused(many.into()).refused(400).starts_with("parameters[99]"));
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 0);
    assert_eq!(admin.get("/v1/jobs?limit=1").data(200)["count"], 0);
}

#[test]
fn failures_are_retried_as_the_policy_says() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("even", wat::EVEN);
    let retry = json!({"limit": 2, "backoffMs": 10, "backoffMaxMs": 20});
    let id = admin.submit(&json!({"function": "even", "parameters": tuples(0..4), "retry": retry}));
    let run = admin.run_over(&id);
    assert_eq!(run["status"], "FAILED");
    assert_eq!((&run["counts"]["succeeded"], &run["counts"]["failed"]), (&json!(2), &json!(2)));
    let jobs = admin.jobs_of(&id);
    let attempts: Vec<_> = jobs.iter().map(|job| job["attempts"].clone()).collect();
    assert_eq!(attempts, [1, 3, 1, 3]);
    let listed =
        admin.get(&format!("/v1/jobs/{}/attempts", jobs[1]["jobId"].as_str().expect("an id"))).data(200);
    assert_eq!(listed["count"], 3);
    assert!(
        listed["items"].as_array().expect("items").iter().all(|attempt| attempt["error"]["code"] == "trap")
    );
}

#[test]
fn cancelling_a_run_ends_what_waits_and_what_runs() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("spin", wat::SPIN);
    let id = admin.submit(&json!({"function": "spin", "parameters": vec![json!([]); 200]}));
    admin.wait_until(&format!("/v1/runs/{id}"), |run| run["counts"]["running"].as_u64() > Some(0));
    let cancelled = admin.post(&format!("/v1/runs/{id}/cancel"), &json!({})).data(200);
    assert_eq!(cancelled["counts"]["queued"], 0);
    let run = admin.run_over(&id);
    assert_eq!((&run["status"], &run["counts"]["cancelled"]), (&json!("CANCELLED"), &json!(200)));
    assert!(admin.post(&format!("/v1/runs/{id}/cancel"), &json!({})).refused(409).contains("CANCELLED"));
    // The threads are free again.
    admin.deploy("double", wat::DOUBLE);
    assert_eq!(admin.invoke("double", &json!({"arguments": [4]})).data(200)["result"], 8);
}

#[test]
fn a_restarted_job_opens_the_next_round_and_its_run_is_not_over() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("even", wat::EVEN);
    let id = admin.submit(&json!({"function": "even", "parameters": [[1]]}));
    admin.run_over(&id);
    let job = admin.jobs_of(&id)[0]["jobId"].as_str().expect("an id").to_owned();
    admin.post(&format!("/v1/jobs/{job}/restart"), &json!({})).data(200);
    let again =
        admin.wait_until(&format!("/v1/jobs/{job}"), |job| job["attempts"] == 2 && job["status"] == "FAILED");
    assert_eq!(again["error"]["code"], "trap");
    admin.run_over(&id);
    let id = admin.submit(&json!({"function": "even", "parameters": [[2]]}));
    admin.run_over(&id);
    let job = admin.jobs_of(&id)[0]["jobId"].as_str().expect("an id").to_owned();
    assert!(admin.post(&format!("/v1/jobs/{job}/restart"), &json!({})).refused(409).contains("SUCCEEDED"));
}

#[test]
fn a_run_with_a_time_waits_for_it() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let now = admin.get("/v1/functions/double").data(200)["createdAt"].as_u64().expect("a time");
    let at = now + 1500;
    let id = admin.submit(&json!({"function": "double", "parameters": [[1]], "runAt": at}));
    let run = admin.run_over(&id);
    assert!(run["startedAt"].as_u64().expect("a time") >= at, "{run}");
}

#[test]
fn a_run_is_deleted_when_it_is_over() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let id = admin.submit(&json!({"function": "double", "parameters": tuples(0..10)}));
    admin.run_over(&id);
    let job = admin.jobs_of(&id)[3]["jobId"].as_str().expect("an id").to_owned();
    admin.delete(&format!("/v1/runs/{id}")).data(200);
    admin.get(&format!("/v1/runs/{id}")).refused(404);
    admin.get(&format!("/v1/jobs/{job}")).refused(404);
    admin.get(&format!("/v1/jobs/{job}/logs")).refused(404);
}

#[test]
fn sleepers_do_not_keep_others_waiting() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    admin.deploy("double", wat::DOUBLE);
    let sleepers = admin.submit(&json!({"function": "c", "parameters": vec![json!(["sleep", "30000"]); 60]}));
    let doubles = admin.submit(&json!({"function": "double", "parameters": tuples(0..50)}));
    assert_eq!(admin.run_over(&doubles)["status"], "SUCCEEDED");
    let asleep = admin.get(&format!("/v1/runs/{sleepers}")).data(200);
    assert_eq!(asleep["counts"]["running"], 60, "all of them sleep at once");
    admin.post(&format!("/v1/runs/{sleepers}/cancel"), &json!({})).data(200);
    admin.run_over(&sleepers);
}

#[test]
fn runs_are_found_by_their_names_and_tags() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let run = |name: &str, tags: Value| {
        admin.submit(&json!({"function": "double", "parameters": [[1]], "name": name, "tags": tags}))
    };
    let nightly = run("Nightly report", json!(["team-a", "reports"]));
    let weekly = run("weekly report", json!(["team-b"]));
    let found = |query: &str| {
        let listed = admin.get(&format!("/v1/runs?q={}", encoded(query))).data(200);
        let ids = listed["items"].as_array().expect("a list").iter().map(|run| run["runId"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found("report"), [weekly.as_str(), nightly.as_str()]);
    assert_eq!(found("report tag:team-a"), [nightly.as_str()]);
    assert_eq!(found("tags:team-b,none"), [weekly.as_str()]);
    assert_eq!(found("\"; DROP TABLE runs; --"), [""; 0]);
    let shown = admin.get(&format!("/v1/runs/{nightly}")).data(200);
    assert_eq!((&shown["name"], &shown["tags"]), (&json!("Nightly report"), &json!(["reports", "team-a"])));
    assert!(admin.get("/v1/runs?q=").refused(400).contains("has no word"));
    for (name, tags) in [(json!(""), json!([])), (json!("a"), json!(["a b"])), (json!("a"), json!(["a,b"]))] {
        let body = json!({"function": "double", "parameters": [[1]], "name": name, "tags": tags});
        admin.post("/v1/runs", &body).refused(400);
    }
    let submit = ["run", "double", "--parameters", "[[1]]", "--name", "by hand", "--tag", "mine"];
    server.skep(&submit).ok();
    let listed = server.skep(&["runs", "--search", "hand tag:mine", "--json"]).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}
