//! Schedules: runs that are made again and again, once for each time, across restarts.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, unix_ms, wat};

/// A schedule that makes a run of one job each second.
fn each_second() -> Value {
    json!({"cron": "@every 1s", "run": {"function": "double", "parameters": [[21]], "labels": {"made": "by time"}}})
}

fn put(caller: &Caller, name: &str, body: &Value) -> crate::harness::Answer {
    caller.put(&format!("/v1/schedules/{name}"), body.to_string())
}

fn runs(caller: &Caller) -> Vec<Value> {
    caller.get("/v1/runs?source=schedule&limit=100").data(200)["items"].as_array().expect("a list").clone()
}

#[test]
fn a_schedule_makes_runs_until_it_is_paused_or_deleted() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let made = put(&admin, "often", &each_second()).data(201);
    assert_eq!(
        (&made["timeZone"], &made["missed"], &made["paused"]),
        (&json!("UTC"), &json!("skip"), &json!(false))
    );
    assert_eq!(made["run"]["parameters"], json!([[21]]));
    let shown = admin.wait_until("/v1/schedules/often", |shown| shown["lastRunId"].is_string());
    let run = shown["lastRunId"].as_str().expect("an id");
    let run = admin.run_over(run);
    assert_eq!((&run["source"], &run["labels"]["made"]), (&json!("schedule"), &json!("by time")));
    assert_eq!(admin.jobs_of(run["runId"].as_str().expect("an id"))[0]["result"], 42);
    assert_eq!(admin.get("/v1/runs").data(200)["items"][0]["source"], "schedule", "it stands in lists");
    let paused = admin.patch("/v1/schedules/often", &json!({"paused": true})).data(200);
    assert_eq!((&paused["paused"], &paused["nextAt"]), (&json!(true), &json!(null)));
    admin.patch("/v1/schedules/often", &json!({"paused": true})).refused(409);
    let resumed = admin.patch("/v1/schedules/often", &json!({"paused": false})).data(200);
    assert!(resumed["nextAt"].as_u64().expect("a time") > unix_ms() - 1000);
    put(&admin, "often", &json!({"cron": "@yearly", "run": {"function": "double", "parameters": [[1]]}}))
        .data(200);
    let count = runs(&admin).len();
    admin.delete("/v1/schedules/often").data(200);
    admin.delete("/v1/schedules/often").refused(404);
    assert_eq!(runs(&admin).len(), count, "its runs stay");
}

#[test]
fn no_time_makes_two_runs_across_kills() {
    let mut server = Server::start();
    server.admin().deploy("double", wat::DOUBLE);
    put(&server.admin(), "often", &each_second()).data(201);
    for _ in 0..3 {
        let before = runs(&server.admin()).len();
        server.admin().wait_until("/v1/runs?source=schedule&limit=100", |listed| {
            listed["items"].as_array().expect("a list").len() > before
        });
        server = Server::start_in(server.kill());
    }
    let admin = server.admin();
    admin.patch("/v1/schedules/often", &json!({"paused": true})).data(200);
    let schedule = admin.get("/v1/schedules/often").data(200);
    let made: Vec<u64> = runs(&admin).iter().map(|run| run["createdAt"].as_u64().expect("a time")).collect();
    let (first, last) =
        (schedule["createdAt"].as_u64().expect("a time"), schedule["lastAt"].as_u64().expect("a time"));
    // A run for each second at most: none is made twice.
    assert!(made.len() as u64 <= (last - first) / 1000, "{made:?} from {first} to {last}");
    assert!(made.len() >= 3);
}

#[test]
fn a_schedule_submits_a_plan_whose_secrets_are_sealed() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let plan = json!({
        "name": "twice", "secrets": {"key": "s3cr3t-of-a-schedule"}, "tags": ["timed"], "output": "{{ vars.x }}",
        "stages": [{"name": "one", "var": "x", "call": {"function": "double", "arguments": [21]}}],
    });
    let made = put(&admin, "plans", &json!({"cron": "@every 1s", "plan": plan})).data(201);
    assert_eq!(
        (&made["run"], &made["plan"]["name"], &made["plan"]["secrets"]),
        (&Value::Null, &json!("twice"), &json!(["key"]))
    );
    let shown = admin.wait_until("/v1/schedules/plans", |shown| shown["lastPlanId"].is_string());
    let id = shown["lastPlanId"].as_str().expect("an id");
    let plan = admin.wait_until(&format!("/v1/plans/{id}"), |plan| plan["status"] == "SUCCEEDED");
    assert_eq!((&plan["result"], &plan["scheduleId"]), (&json!(42), &made["scheduleId"]), "{plan}");
    admin.delete("/v1/schedules/plans").data(200);
    admin.get(&format!("/v1/plans/{id}")).data(200);
    for (body, field) in [
        (json!({"cron": "@daily"}), "run"),
        (json!({"cron": "@daily", "plan": {"name": "p", "stages": []}}), "stages"),
        (
            json!({"cron": "@daily", "plan": {"name": "p", "runAt": 1, "stages": [{"name": "a", "call": {"function": "f"}}]}}),
            "plan.runAt",
        ),
    ] {
        let answer = put(&admin, "wrong", &body);
        assert_eq!(
            (answer.status, &answer.body["details"]["field"]),
            (400, &json!(field)),
            "{}",
            answer.body
        );
    }
    let directory = server.kill();
    for entry in std::fs::read_dir(directory.path())
        .expect("a directory")
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).expect("a file");
        assert!(
            !bytes.windows(20).any(|window| window == b"s3cr3t-of-a-schedule"),
            "{}",
            entry.path().display()
        );
    }
}

#[test]
fn a_function_that_is_gone_is_told_and_the_schedule_goes_on() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    put(&admin, "often", &each_second()).data(201);
    admin.patch("/v1/schedules/often", &json!({"paused": true})).data(200);
    for run in runs(&admin) {
        admin.run_over(run["runId"].as_str().expect("an id"));
    }
    admin.delete("/v1/functions/double").data(200);
    admin.patch("/v1/schedules/often", &json!({"paused": false})).data(200);
    let shown = admin.wait_until("/v1/schedules/often", |shown| shown["lastError"].is_string());
    assert_eq!(shown["lastError"], "there is no such function");
    admin.deploy("double", wat::DOUBLE);
    admin.wait_until("/v1/schedules/often", |shown| shown["lastError"].is_null());
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_made() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let run = json!({"function": "double", "parameters": [[1]]});
    let many: Vec<Value> = (0..1001).map(|number| json!([number])).collect();
    for (body, field, status) in [
        (json!({"cron": "* * * *", "run": run}), Some("cron"), 400),
        (json!({"cron": "0 0 30 2 *", "run": run}), Some("cron"), 400),
        (json!({"cron": "@daily", "timeZone": "Mars", "run": run}), Some("timeZone"), 400),
        (json!({"cron": "@daily", "missed": "twice", "run": run}), Some("missed"), 400),
        (json!({"cron": "@daily", "run": {"function": "double", "parameters": []}}), Some("parameters"), 400),
        (
            json!({"cron": "@daily", "run": {"function": "double", "parameters": [["a"]]}}),
            Some("parameters[0]"),
            400,
        ),
        (
            json!({"cron": "@daily", "run": {"function": "nothing", "parameters": [[1]]}}),
            Some("function"),
            404,
        ),
        (
            json!({"cron": "@daily", "run": {"function": "double", "parameters": [[1]], "runAt": 1}}),
            Some("run.runAt"),
            400,
        ),
        (json!({"cron": "@daily", "run": {"function": "double", "parameters": many}}), Some("run"), 413),
        (json!({"cron": "@daily", "run": run, "more": 1}), None, 400),
        (json!({"cron": "@daily", "run": [1]}), None, 400),
        (json!({"run": run}), None, 400),
    ] {
        let answer = put(&admin, "s", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        if let Some(field) = field {
            assert_eq!(answer.body["details"]["field"], field, "{body}: {}", answer.body);
        }
    }
    put(&admin, "a%20b", &json!({"cron": "@daily", "run": run})).refused(400);
    assert_eq!(admin.get("/v1/schedules").data(200)["items"], json!([]));
    let mine =
        put(&admin, "s", &json!({"cron": "@daily", "timeZone": "Europe/Berlin", "run": run})).data(201);
    assert!(mine["nextAt"].as_u64().expect("a time") > unix_ms());
    server.member("other").get("/v1/schedules/s").refused(404);
}

#[test]
fn the_command_line_has_schedules() {
    let server = Server::start();
    server.admin().deploy("double", wat::DOUBLE);
    let put =
        ["schedules", "put", "nightly", "--cron", "30 4 * * *", "--time-zone", "Europe/Berlin", "double"];
    let text = server.skep(&[&put[..], &["--parameters", "[[1]]"]].concat()).ok();
    assert!(
        text.starts_with("schedule nightly: 30 4 * * * (Europe/Berlin), submits double, next 20"),
        "{text}"
    );
    let list = server.skep(&["schedules"]).ok();
    assert!(list.contains("nightly") && list.contains("Europe/Berlin"), "{list}");
    assert!(server.skep(&["schedules", "pause", "nightly"]).ok().contains("next paused"));
    assert_eq!(server.skep(&["schedules", "show", "nightly", "--json"]).json()["paused"], true);
    server.skep(&["schedules", "resume", "nightly"]).ok();
    server.skep(&["schedules", "rm", "nightly"]).ok();
    assert_eq!(server.skep(&["schedules", "show", "nightly"]).code, Some(3));
}
