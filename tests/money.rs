//! What things cost, over HTTP.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, guest, tuples, wat};

fn cost(value: &Value) -> u64 {
    value["costNanodollars"].as_u64().expect("a cost")
}

fn usage(caller: &Caller, by: &str) -> Vec<Value> {
    caller.get(&format!("/v1/usage?by={by}")).data(200)["items"].as_array().expect("items").clone()
}

#[test]
fn costs_add_up_to_the_account() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("even", wat::EVEN);
    admin.deploy("double", wat::DOUBLE);
    let run = admin.submit(&json!({"function": "even", "parameters": tuples(0..40)}));
    let shown = admin.run_over(&run);
    let jobs = admin.jobs_of(&run);
    assert_eq!(cost(&shown), jobs.iter().map(cost).sum::<u64>());
    assert!(cost(&shown) > 0);
    assert!(jobs.iter().filter(|job| job["status"] == "FAILED").all(|job| cost(job) == 0), "those are free");
    let attempts = admin.get(&format!("/v1/jobs/{}/attempts", jobs[0]["jobId"].as_str().expect("an id")));
    let attempt = attempts.data(200)["items"][0].clone();
    assert_eq!((cost(&attempt), &attempt["priceVersion"]), (cost(&jobs[0]), &json!(1)));
    let call = admin.invoke("double", &json!({"arguments": [1]})).data(200);
    let all = cost(&shown) + cost(&call);
    for by in ["day", "function", "run"] {
        assert_eq!(usage(&admin, by).iter().map(cost).sum::<u64>(), all, "by {by}");
    }
    let functions: Vec<_> = usage(&admin, "function").iter().map(|line| line["function"].clone()).collect();
    assert_eq!(functions, ["even", "double"]);
    // What was charged stays charged when what it was for is deleted.
    admin.delete(&format!("/v1/runs/{run}")).data(200);
    assert_eq!(usage(&admin, "day").iter().map(cost).sum::<u64>(), all);
}

#[test]
fn usage_is_asked_for_by_known_names_and_within_a_year() {
    let server = Server::start();
    let admin = server.admin();
    assert!(admin.get("/v1/usage?by=week").refused(400).contains("there are day, function, run"));
    assert!(admin.get("/v1/usage?dateFrom=0").refused(400).contains("366 days"));
    assert!(admin.get("/v1/usage?dateFrom=5&dateTo=4").refused(400).contains("dateFrom is after"));
    assert_eq!(admin.get("/v1/usage?dateFrom=0&dateTo=86400000").data(200)["count"], 0);
}

#[test]
fn a_bid_under_the_ask_waits_and_says_so() {
    let server = Server::start_with("[prices.asks]\ncpu = '0.10'");
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let submit =
        |price: Value| admin.submit(&json!({"function": "double", "parameters": [[1]], "bidPrice": price}));
    let (low, high) = (submit(json!(0.05)), submit(json!("0.1")));
    let plain = admin.submit(&json!({"function": "double", "parameters": [[1]]}));
    for run in [&high, &plain] {
        assert_eq!(admin.run_over(run)["status"], "SUCCEEDED");
    }
    let job = admin.jobs_of(&low).remove(0);
    assert_eq!((&job["status"], &job["bidPrice"]), (&json!("QUEUED"), &json!("0.05")));
    assert_eq!(job["waitingFor"], "a lower price: it bids 0.05 dollars a minute, and 0.1 is asked");
    // Who asks for less, gets it done.
    let (_, directory) = server.terminate();
    std::fs::write(directory.path().join("skep.toml"), "[prices.asks]\ncpu = '0.05'").expect("it is written");
    let server = Server::start_in(directory);
    let run = server.admin().run_over(&low);
    assert_eq!(run["status"], "SUCCEEDED");
}

#[test]
fn nobody_pays_more_than_was_bid() {
    let server = Server::start_with("[prices]\npreset = 'sharedcloud'\nversion = 3");
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let sleep = |bid: Value| {
        let body = json!({"function": "command", "parameters": [["sleep", "300"]], "bidPrice": bid});
        let run = admin.submit(&body);
        admin.run_over(&run);
        admin.jobs_of(&run).remove(0)
    };
    let (cheap, dear) = (sleep(json!("0.012")), sleep(Value::Null));
    let expected = |job: &Value, dollars_a_minute: f64| {
        let minutes = job["usage"]["wallNanos"].as_f64().expect("a time") / 60e9;
        (minutes * dollars_a_minute * 1e9).ceil() as u64
    };
    assert!(cost(&cheap).abs_diff(expected(&cheap, 0.012)) <= 1, "{cheap}");
    assert!(cost(&dear).abs_diff(expected(&dear, 0.24)) <= 1, "{dear}");
}
