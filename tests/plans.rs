//! Plans: stages that follow from each other, over the real binary.

mod laws;

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Server, unix_ms, wat};

/// Counts down from its argument, and gives it back: work of some milliseconds.
pub(super) const WORK: &str = r#"(module (func (export "work") (param i32) (result i32) (local i32)
    (local.set 1 (local.get 0))
    (loop (local.set 1 (i32.sub (local.get 1) (i32.const 1))) (br_if 0 (local.get 1)))
    (local.get 0)))"#;

pub(super) fn call(name: &str, function: &str, argument: &Value) -> Value {
    json!({"name": name, "call": {"function": function, "arguments": [argument]}})
}

fn submit(caller: &Caller, body: &Value) -> String {
    let plan = caller.post("/v1/plans", body).data(201);
    plan["planId"].as_str().expect("an id").to_owned()
}

fn over(caller: &Caller, id: &str) -> Value {
    caller.wait_until(&format!("/v1/plans/{id}"), |plan| !plan["completedAt"].is_null())
}

pub(super) fn done(caller: &Caller, body: &Value) -> Value {
    over(caller, &submit(caller, body))
}

/// The stages of a plan that have begun.
pub(super) fn stages(caller: &Caller, id: &str) -> Vec<Value> {
    let (mut stages, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = caller.get(&format!("/v1/plans/{id}/stages?limit=100{cursor}")).data(200);
        stages.append(page["items"].as_array_mut().expect("items"));
        match page["lastEvaluatedKey"].as_str() {
            Some(key) => cursor = format!("&lastEvaluatedKey={}", crate::harness::encoded(key)),
            None => return stages,
        }
    }
}

fn with_double() -> (Server, Caller) {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    admin.deploy("even", wat::EVEN);
    (server, admin)
}

#[test]
fn a_result_is_known_to_what_comes_after_it() {
    let (_server, admin) = with_double();
    let plan = done(
        &admin,
        &json!({
            "name": "sums", "tags": ["blue"], "inputs": {"n": 4},
            "stages": [
                {"name": "first of {{ inputs.n }}", "var": "a", "call": {"function": "double", "arguments": ["{{ inputs.n }}"]}},
                {"name": "all", "each": {"list": "{{ 1..vars.a }}", "concurrency": 3, "stage":
                    {"name": "item {{ item.index }}", "var": "v{{ item.index }}", "if": "item.value != 3",
                     "call": {"function": "double", "arguments": ["{{ item.value + vars.a }}"]}}}},
                {"name": "left out", "if": "vars.v0 < 0", "var": "never", "call": {"function": "double", "arguments": [1]}},
                {"name": "at once", "parallel": [
                    {"name": "left", "var": "left", "call": {"function": "double", "arguments": [1]}},
                    {"name": "right", "sequence": [
                        {"name": "one", "var": "one", "call": {"function": "double", "arguments": [2]}},
                        {"name": "two", "var": "two", "call": {"function": "double", "arguments": ["{{ vars.one }}"]}}]}]},
                {"name": "inner", "var": "inner", "plan": {"name": "of {{ vars.two }}", "inputs": {"z": "{{ vars.two }}"},
                    "output": "{{ vars.twice }}", "stages": [
                        {"name": "twice", "var": "twice", "call": {"function": "double", "arguments": ["{{ inputs.z }}"]}}]}}
            ],
            "output": "{{ [vars.v0, vars.v7, vars.left, vars.inner, 'v2' in vars, 'never' in vars] }}"
        }),
    );
    assert_eq!((&plan["status"], &plan["error"]), (&json!("SUCCEEDED"), &json!(null)));
    assert_eq!(plan["result"], json!([18, 32, 2, 16, false, false]));
    assert_eq!((&plan["numStages"], &plan["progress"]), (&json!(5), &json!(100)));
    let shown = stages(&admin, plan["planId"].as_str().expect("an id"));
    let seen: Vec<_> =
        shown.iter().map(|stage| (stage["name"].as_str().unwrap_or("?"), stage["status"].as_str())).collect();
    assert!(
        seen.contains(&("first of 4", Some("SUCCEEDED"))) && seen.contains(&("left out", Some("SKIPPED")))
    );
    let all = shown.iter().find(|stage| stage["name"] == "all").expect("it is shown");
    assert_eq!(all["runs"][0]["counts"]["succeeded"], 7, "one was left out");
    let run = admin.get(&format!("/v1/runs/{}", all["runs"][0]["runId"].as_str().expect("an id"))).data(200);
    assert_eq!((&run["source"], &run["concurrency"]), (&json!("plan"), &json!(3)));
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 0, "they stand in no list where nobody asks");
    assert_eq!(
        admin.get("/v1/plans?q=sums%20tag:blue").data(200)["count"],
        1,
        "a plan in a plan is not listed"
    );
}

#[test]
fn a_failure_ends_the_plan_and_it_goes_on_from_there() {
    let (_server, admin) = with_double();
    let plan = done(
        &admin,
        &json!({"name": "p", "stages": [
            {"name": "well", "var": "a", "call": {"function": "double", "arguments": [1]}},
            {"name": "both", "parallel": [call("bad", "even", &json!(3)), call("slow", "absent", &json!(1))]},
            call("after", "double", &json!(1))
        ]}),
    );
    let id = plan["planId"].as_str().expect("an id");
    assert_eq!(plan["status"], "FAILED");
    let why = plan["error"].as_str().expect("it says why");
    assert!(why.contains("no such function") || why.contains("unreachable"), "{why}");
    assert!(stages(&admin, id).iter().all(|stage| stage["name"] != "after"));
    admin.deploy("absent", wat::DOUBLE);
    let again = admin.post(&format!("/v1/plans/{id}/restart"), &json!({})).data(200);
    assert_eq!((&again["status"], &again["error"]), (&json!("RUNNING"), &json!(null)));
    let plan = over(&admin, id);
    assert!(plan["error"].as_str().expect("3 is still odd").contains("unreachable"), "{plan}");
    let names: Vec<_> = stages(&admin, id).iter().map(|stage| stage["name"].clone()).collect();
    assert_eq!(names.iter().filter(|name| *name == "both").count(), 2, "begun again: {names:?}");
    assert_eq!(names.iter().filter(|name| *name == "well").count(), 1);
    admin.post(&format!("/v1/plans/{id}/cancel"), &json!({})).refused(409);
    admin.delete(&format!("/v1/plans/{id}")).data(200);
    admin.get(&format!("/v1/plans/{id}")).refused(404);
}

#[test]
fn cancelling_goes_down_and_up() {
    let (_server, admin) = with_double();
    admin.deploy("spin", wat::SPIN);
    let spin = json!({"name": "spin", "call": {"function": "spin"}});
    let body = json!({"name": "outer", "stages": [
        {"name": "in", "plan": {"name": "inner", "stages": [spin]}}, call("after", "double", &json!(1))]});
    let running = |id: &str| {
        let listed = admin.wait_until(&format!("/v1/plans/{id}/stages"), |listed| {
            listed["items"]
                .as_array()
                .is_some_and(|items| items.iter().any(|stage| stage["planId"].is_string()))
        });
        let inner = listed["items"][0]["planId"].as_str().expect("an id").to_owned();
        admin.wait_until(&format!("/v1/plans/{inner}/stages"), |listed| {
            listed["items"][0]["runs"][0]["counts"]["running"] == 1
        });
        inner
    };
    for is_down in [true, false] {
        let outer = submit(&admin, &body);
        let inner = running(&outer);
        let cancelled = if is_down { &outer } else { &inner };
        admin.post(&format!("/v1/plans/{cancelled}/cancel"), &json!({})).data(200);
        for plan in [&outer, &inner] {
            assert_eq!(over(&admin, plan)["status"], "CANCELLED", "down: {is_down}");
        }
        let run = stages(&admin, &inner)[0]["runs"][0]["runId"].as_str().expect("an id").to_owned();
        assert_eq!(admin.run_over(&run)["status"], "CANCELLED");
    }
    let detached = json!({"name": "outer", "stages": [{"name": "in", "plan": {"name": "inner", "detached": true, "stages": [spin]}}]});
    let outer = done(&admin, &detached);
    assert_eq!(outer["status"], "SUCCEEDED", "it does not wait");
    let inner = running(outer["planId"].as_str().expect("an id"));
    assert_eq!(admin.get(&format!("/v1/plans/{inner}")).data(200)["status"], "RUNNING");
    admin.post(&format!("/v1/plans/{inner}/cancel"), &json!({})).data(200);
}

#[test]
fn kills_in_the_middle_lose_nothing_and_repeat_nothing() {
    let mut server = Server::start();
    server.admin().deploy("work", WORK);
    let work = |name: &str| call(name, "work", &json!(20_000_000));
    let id = submit(
        &server.admin(),
        &json!({"name": "long", "stages": [
            work("one"), work("two"),
            {"name": "parallel", "parallel": [work("a"), work("b"), work("c")]},
            {"name": "each", "each": {"list": "1..20", "concurrency": 2, "stage": work("item")}},
            {"name": "inner", "plan": {"name": "inner", "stages": [work("x"), work("y")]}},
            {"name": "eachOfMany", "each": {"list": "1..5", "concurrency": 2, "stage": {"name": "s", "sequence": [work("p"), work("q")]}}},
            work("last")
        ]}),
    );
    let plan = loop {
        let seen = stages(&server.admin(), &id).len();
        let plan = server.admin().wait_until(&format!("/v1/plans/{id}"), |plan| {
            !plan["completedAt"].is_null() || stages(&server.admin(), &id).len() > seen + 2
        });
        if !plan["completedAt"].is_null() {
            break plan;
        }
        server = Server::start_in(server.kill());
    };
    assert_eq!((&plan["status"], &plan["stagesOver"]), (&json!("SUCCEEDED"), &json!(7)));
    let mut ran = laws::Seen::default();
    ran.look(&server.admin(), &id);
    assert_eq!(ran.jobs, [("SUCCEEDED".to_owned(), 2 + 3 + 20 + 2 + 10 + 1)].into());
    // Of each stage one was made: 7, 3 in parallel, 2 of the inner plan, 5 of two each.
    assert_eq!(ran.stages.values().sum::<usize>(), 7 + 3 + 2 + 5 * 3);
}

#[test]
fn secrets_reach_the_guest_and_nobody_else() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("echo", crate::harness::guest("command"));
    let plan = done(
        &admin,
        &json!({"name": "p", "secrets": {"key": "hunter22"}, "stages": [
            {"name": "say", "var": "said", "call": {"function": "echo", "arguments": ["env"], "env": {"KEY": "k:{{ secrets.key }}"}}}],
            "output": "{{ vars.said }}"}),
    );
    assert_eq!(plan["status"], "SUCCEEDED", "{plan}");
    let id = plan["planId"].as_str().expect("an id");
    let run = stages(&admin, id)[0]["runs"][0]["runId"].as_str().expect("an id").to_owned();
    let job = &admin.jobs_of(&run)[0];
    let job = job["jobId"].as_str().expect("an id");
    let logs = admin.get(&format!("/v1/jobs/{job}/logs")).data(200).to_string();
    assert!(logs.contains("KEY=k:[REDACTED]") && !logs.contains("hunter22"), "{logs}");
    assert!(plan["result"].as_str().expect("a text").contains("KEY=k:hunter22"), "the guest had it: {plan}");
    let shown = admin.get(&format!("/v1/plans/{id}")).data(200);
    assert_eq!(shown["secrets"], json!(["key"]));
    let directory = server.kill();
    for file in ["skep.db", "skep.db-wal"] {
        let bytes = std::fs::read(directory.path().join(file)).unwrap_or_default();
        let at = bytes.windows(8).position(|window| window == b"hunter22");
        // What the guest gave back is its result, and kept as that.
        assert!(at.is_none_or(|at| bytes[..at].ends_with(b"KEY=k:")), "{file} has it at {at:?}");
    }
}

#[test]
fn expressions_are_bounded_and_their_faults_told() {
    let (_server, admin) = with_double();
    for (stage, said) in [
        (
            json!({"name": "p", "each": {"list": "{{ 1..200000000 }}", "stage": call("i", "double", &json!(1))}}),
            "expression",
        ),
        (
            json!({"name": "p", "if": "all(1..100000, {all(1..100000, {# > 0})})", "call": {"function": "double"}}),
            "more than 2 s",
        ),
        (
            json!({"name": "p", "each": {"list": "{{ 1..100001 }}", "stage": call("i", "double", &json!(1))}}),
            "100000 are the most",
        ),
        (
            json!({"name": "p", "each": {"list": "{{ 'abc' }}", "stage": call("i", "double", &json!(1))}}),
            "list",
        ),
        (json!({"name": "p", "if": "1 + 1", "call": {"function": "double"}}), "neither true nor false"),
        (call("p", "double", &json!("{{ nothing.there }}")), "nothing"),
        (call("p", "double", &json!("{{ 'a' }}")), "parameters[0]"),
        (call("p", "{{ 'absent' }}", &json!(1)), "no such function"),
    ] {
        let plan = done(&admin, &json!({"name": "p", "stages": [stage.clone()]}));
        let error = plan["error"].as_str().unwrap_or_default();
        assert!(plan["status"] == "FAILED" && error.contains(said), "{stage}: {plan}");
    }
    assert_eq!(admin.invoke("double", &json!({"arguments": [2]})).data(200)["result"], 4, "all goes on");
}

#[test]
fn a_plan_that_takes_long_to_decide_holds_up_no_other() {
    let (_server, admin) = with_double();
    let much = "all(1..100000, {all(1..100000, {# > 0})})";
    let slow = json!({"name": "slow", "stages": [{"name": "s", "if": much, "call": {"function": "double"}}]});
    let path = format!("/v1/plans/{}", submit(&admin, &slow));
    done(
        &admin,
        &json!({"name": "quick", "stages": [call("a", "double", &json!(1)), call("b", "double", &json!(2))]}),
    );
    assert!(admin.get(&path).data(200)["completedAt"].is_null(), "the quick one did not wait for it");
}

/// Many turns wait for the store at once, and so does the look for more of them.
#[test]
fn many_plans_at_once_all_come_to_their_end() {
    let (_server, admin) = with_double();
    let stages: Vec<Value> =
        (0..4).map(|number| call(&format!("s{number}"), "double", &json!(number))).collect();
    let plan = json!({"name": "one of many", "stages": stages});
    let at = unix_ms() + 2000;
    let at_once: Vec<String> = (0..60)
        .map(|_| submit(&admin, &json!({"name": "timed", "runAt": at, "stages": plan["stages"]})))
        .collect();
    let others: Vec<String> = (0..60).map(|_| submit(&admin, &plan)).collect();
    for id in at_once.iter().chain(&others) {
        assert_eq!(over(&admin, id)["status"], "SUCCEEDED");
    }
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_made() {
    let (server, admin) = with_double();
    let one = call("s", "double", &json!(1));
    let post = |body: Value| -> Answer { admin.post("/v1/plans", &body) };
    let mut two = one.clone();
    two["parallel"] = json!([one]);
    for (body, field) in [
        (json!({"stages": [one]}), None),
        (json!({"name": "p"}), None),
        (json!({"name": "p", "stages": []}), Some("stages")),
        (json!({"name": "p", "stages": [one], "more": 1}), None),
        (json!({"name": "p", "stages": [{"name": "s"}]}), Some("stages[0]")),
        (json!({"name": "p", "stages": [two]}), Some("stages[0]")),
        (json!({"name": "", "stages": [one]}), Some("name")),
        (json!({"name": "p", "tags": ["a b"], "stages": [one]}), Some("tags")),
        (
            json!({"name": "p", "stages": [{"name": "s", "if": "1 +", "call": {"function": "f"}}]}),
            Some("stages[0].if"),
        ),
        (json!({"name": "p", "output": "{{ ( }}", "stages": [one]}), Some("output")),
        (json!({"name": "p", "runAt": unix_ms() * 2, "stages": [one]}), Some("runAt")),
        (
            json!({"name": "p", "secrets": {"k": "v"}, "stages": [call("s", "f", &json!("{{ secrets.k }}"))]}),
            Some("stages[0].call.arguments"),
        ),
    ] {
        let answer = post(body.clone());
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        if let Some(field) = field {
            assert_eq!(answer.body["details"]["field"], field, "{body}: {}", answer.body);
        }
    }
    assert_eq!(post(json!({"name": "p", "stages": vec![one.clone(); 10_001]})).status, 413);
    assert_eq!(admin.get("/v1/plans").data(200)["items"], json!([]));
    let later = submit(&admin, &json!({"name": "later", "runAt": unix_ms() + 300, "stages": [one]}));
    assert_eq!(admin.get("/v1/plans?status=QUEUED").data(200)["count"], 1);
    let plan = over(&admin, &later);
    assert!(plan["startedAt"].as_u64().expect("a time") >= plan["runAt"].as_u64().expect("a time"));
    let once = json!({"name": "once", "stages": [one]});
    let first = admin.post_once("/v1/plans", &once, "k").data(201);
    assert_eq!(admin.post_once("/v1/plans", &once, "k").data(201)["planId"], first["planId"]);
    server.member("other").get(&format!("/v1/plans/{later}")).refused(404);
}

#[test]
fn the_command_line_has_plans() {
    let (server, _admin) = with_double();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("plan.json");
    let plan = json!({"name": "sums", "stages": [
        {"name": "one", "var": "a", "call": {"function": "double", "arguments": [4]}}], "output": "{{ vars.a }}"});
    std::fs::write(&file, plan.to_string()).expect("it is written");
    let file = file.to_string_lossy();
    let followed = server.skep(&["plans", "submit", &file, "--follow"]).ok();
    assert!(
        followed.contains("one") && followed.contains("SUCCEEDED") && followed.ends_with("8\n"),
        "{followed}"
    );
    let list = server.skep(&["plans"]).ok();
    assert!(list.contains("sums") && list.contains("SUCCEEDED"), "{list}");
    let id =
        server.skep(&["plans", "--json"]).json()["items"][0]["planId"].as_str().expect("an id").to_owned();
    assert!(server.skep(&["plans", "show", &id]).ok().contains("one"));
    assert_eq!(server.skep(&["plans", "cancel", &id]).code, Some(3), "it is over");
    server.skep(&["plans", "rm", &id]).ok();
    std::fs::write(&*file, json!({"name": "bad", "stages": [call("one", "absent", &json!(1))]}).to_string())
        .expect("written");
    assert_eq!(server.skep(&["plans", "submit", &file, "--follow"]).code, Some(1));
}
