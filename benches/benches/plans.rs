//! Plans over REST: an `each` of a thousand shell calls against a run of as many, from step to step, and what a long
//! plan keeps in memory.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep_benches::load::{Connection, DOUBLE};
use skep_benches::server::{Server, main as serve_or};
use skep_benches::{is_measuring, report};

fn main() -> ExitCode {
    serve_or(|| {
        let (items, rounds, steps, long) =
            if is_measuring() { (1000, 5, 500, 10_000) } else { (10, 1, 5, 20) };
        let server = Server::skep();
        let mut connection = Connection::open(&server.address, &server.key());
        connection.data("PUT", "/v1/functions/double", DOUBLE.as_bytes());
        // An executable of its own, with the shell's runtime as every server has it.
        connection.data("PUT", "/v1/functions/echo?runtime=shell", b"echo hello");
        connection.data("POST", "/v1/functions/echo/invoke", b"{}");

        for _ in 0..rounds {
            let list = format!("{{{{ 1..{items} }}}}");
            let stage = json!({"name": "echo", "call": {"function": "echo"}});
            let plan =
                json!({"name": "each", "stages": [{"name": "each", "each": {"list": list, "stage": stage}}]});
            let plan = over(&mut connection, "plans", "planId", &plan);
            let parameters = vec![json!([]); items];
            let run = over(
                &mut connection,
                "runs",
                "runId",
                &json!({"function": "echo", "parameters": parameters}),
            );
            let (plan, run) = (took_ms(&plan), took_ms(&run));
            let ratio = plan / run;
            report(&format!(
                "{items} calls of echo: an each {plan:.0} ms, a run {run:.0} ms, ratio {ratio:.2} (goal 1.3)"
            ));
        }

        let plan = over(&mut connection, "plans", "planId", &sequence(steps));
        let mut gaps = gaps_ms(&mut connection, plan["planId"].as_str().expect("an id"));
        gaps.sort_unstable();
        let at = |part: usize| gaps[(gaps.len() - 1) * part / 100];
        let mean = gaps.iter().sum::<u64>() as f64 / gaps.len() as f64;
        report(&format!(
            "one step's end to the next one's start, {steps} steps: mean {mean:.2} ms, p50 {} ms, p99 {} ms (goal 2)",
            at(50),
            at(99)
        ));
        // What the machine has to give: the same two commits, each asked of another thread.
        let (mean, p99) = two_commits_ms(steps);
        report(&format!("two inserts over REST, one after the other: mean {mean:.2} ms, p99 {p99:.2} ms"));

        // As many steps both times: what caches keep of them is no matter of how long a plan is.
        for steps in [10, long] {
            let (mut memory, mut took) = (Vec::new(), 0.0);
            for _ in 0..long / steps {
                let plan = submit(&mut connection, "plans", "planId", &sequence(steps));
                let plan = wait(&mut connection, &plan, || memory.push(server.memory_kib() >> 10));
                took += took_ms(&plan);
            }
            memory.sort_unstable();
            let (held, peak) = (memory[memory.len() / 2], memory[memory.len() - 1]);
            let took = took / long as f64;
            report(&format!(
                "{long} steps in plans of {steps}: {took:.2} ms a step, {held} MiB held (median), {peak} MiB at most"
            ));
        }
    })
}

/// Calls one after another, each of what the one before came to.
fn sequence(steps: usize) -> Value {
    let step = |_| json!({"name": "step", "var": "last", "call": {"function": "double", "arguments": ["{{ vars.last ?? 0 }}"]}});
    json!({"name": "steps", "stages": (0..steps).map(step).collect::<Vec<_>>()})
}

fn submit(connection: &mut Connection, what: &str, id: &str, body: &Value) -> String {
    let made = connection.data("POST", &format!("/v1/{what}"), body.to_string().as_bytes());
    format!("/v1/{what}/{}", made[id].as_str().expect("an id"))
}

/// Looks at something until it is over.
fn wait(connection: &mut Connection, path: &str, mut meanwhile: impl FnMut()) -> Value {
    loop {
        let shown = connection.data("GET", path, b"");
        if !shown["completedAt"].is_null() {
            assert_eq!(shown["status"], "SUCCEEDED", "{shown}");
            return shown;
        }
        meanwhile();
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn over(connection: &mut Connection, what: &str, id: &str, body: &Value) -> Value {
    let path = submit(connection, what, id, body);
    wait(connection, &path, || {})
}

/// The mean and the 99th percentile of two calls of the baseline.
fn two_commits_ms(rounds: usize) -> (f64, f64) {
    let server = Server::baseline();
    let mut connection = Connection::open(&server.address, "");
    let mut took: Vec<f64> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..2 {
                connection.data("POST", "/call", b"{}");
            }
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    took.sort_by(f64::total_cmp);
    (took.iter().sum::<f64>() / rounds as f64, took[(rounds - 1) * 99 / 100])
}

fn took_ms(shown: &Value) -> f64 {
    let at = |name: &str| shown[name].as_f64().expect("a time");
    at("completedAt") - at("createdAt")
}

/// The time between one step's end and the next one's start.
fn gaps_ms(connection: &mut Connection, plan: &str) -> Vec<u64> {
    let (mut jobs, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = connection.data("GET", &format!("/v1/plans/{plan}/stages?limit=100{cursor}"), b"");
        for stage in page["items"].as_array().expect("items") {
            let run = stage["runs"][0]["runId"].as_str().expect("a run");
            let mut page = connection.data("GET", &format!("/v1/runs/{run}/jobs?limit=1"), b"");
            jobs.push(page["items"][0].take());
        }
        match page["lastEvaluatedKey"].as_str() {
            Some(key) => cursor = format!("&lastEvaluatedKey={key}"),
            None => break,
        }
    }
    let at = |job: &Value, name: &str| job[name].as_u64().expect("a time");
    jobs.windows(2).map(|two| at(&two[1], "startedAt").saturating_sub(at(&two[0], "completedAt"))).collect()
}
