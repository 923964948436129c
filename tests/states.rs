//! One job in each of our states, as every API shows it.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, guest, wat};

/// The job of a run, once it is as it should be.
fn job(admin: &Caller, run: &str, status: &str) -> String {
    let job = admin.jobs_of(run)[0]["jobId"].as_str().expect("an id").to_owned();
    admin.wait_until(&format!("/v1/jobs/{job}"), |job| job["status"] == status);
    job
}

/// Makes a job that is in this state, and stays there.
fn made(admin: &Caller, status: &str) -> String {
    let command = |arguments: Value| json!({"function": "command", "parameters": [arguments]});
    let mut body = match status {
        "QUEUED" => json!({"function": "double", "parameters": [[1]], "bidPrice": "0.000001"}),
        "RUNNING" | "CANCELLED" => json!({"function": "spin", "parameters": [[]], "timeoutMs": 600_000}),
        "TIMED_OUT" => json!({"function": "spin", "parameters": [[]], "timeoutMs": 50}),
        "SUCCEEDED" => json!({"function": "double", "parameters": [[21]]}),
        "RETRYING" | "FAILED" => command(json!(["exit", "3"])),
        other => panic!("no state {other}"),
    };
    if status == "RETRYING" {
        body["retry"] = json!({"limit": 1, "backoffMs": 3_600_000, "backoffMaxMs": 3_600_000});
    }
    let run = admin.submit(&body);
    if status == "CANCELLED" {
        job(admin, &run, "RUNNING");
        admin.post(&format!("/v1/runs/{run}/cancel"), &json!({})).data(200);
    }
    job(admin, &run, status)
}

#[test]
fn a_job_in_any_state_is_seen_right_by_every_api() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    admin.deploy("spin", wat::SPIN);
    admin.deploy("command", guest("command"));
    let mut table = vec!["/v1         /api/v1  /v3      /tasks".to_owned()];
    for status in ["QUEUED", "RUNNING", "RETRYING", "SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELLED"] {
        let id = made(&admin, status);
        let native = admin.get(&format!("/v1/jobs/{id}")).data(200);
        let sharedcloud = admin.get(&format!("/api/v1/jobs/{id}/")).body;
        let fiddler = admin.get(&format!("/v3/jobs/{}", id.replace('-', ""))).body["data"].clone();
        let tork = admin.get(&format!("/tasks/{}", id.replace('-', ""))).body;
        for (name, other, id) in [
            ("uuid", &sharedcloud, id.clone()),
            ("id", &fiddler, id.clone()),
            ("id", &tork, id.replace('-', "")),
        ] {
            assert_eq!(other[name], id, "{other}");
        }
        let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let (native, sharedcloud, fiddler) = (&native["status"], &sharedcloud["status"], &fiddler["status"]);
        let states = [text(native), text(sharedcloud), text(fiddler), text(&tork["state"])];
        table.push(format!("{:<12}{:<9}{:<9}{}", states[0], states[1], states[2], states[3]));
    }
    insta::assert_snapshot!(table.join("\n"));
}
