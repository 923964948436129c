//! `kill -9` at any moment: nothing acknowledged is lost, nothing ends twice, and the next start
//! goes on by itself.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::{Server, guest, tuples, wat};

#[test]
fn a_killed_server_goes_on_where_it_was() {
    let mut server = Server::start();
    server.admin().deploy("double", wat::DOUBLE);
    let mut runs = Vec::new();
    // Each life submits a run and is killed while jobs of it are under way.
    for life in 0..4 {
        let admin = server.admin();
        let id = admin.submit(&json!({"function": "double", "parameters": tuples(0..4000)}));
        let wanted = life * 500;
        admin
            .wait_until(&format!("/v1/runs/{id}"), |run| run["counts"]["succeeded"].as_u64() >= Some(wanted));
        runs.push(id);
        server = Server::start_in(server.kill());
    }
    let admin = server.admin();
    for id in runs {
        let run = admin.run_over(&id);
        assert_eq!((&run["status"], &run["counts"]["succeeded"]), (&json!("SUCCEEDED"), &json!(4000)));
        let jobs = admin.jobs_of(&id);
        let ids: HashSet<_> = jobs.iter().map(|job| job["jobId"].to_string()).collect();
        assert_eq!(ids.len(), 4000);
        for job in jobs {
            assert_eq!(job["result"], job["index"].as_u64().expect("an index") * 2);
            let attempts = job["attempts"].as_u64().expect("a number");
            if attempts > 1 {
                // One good end; the others were cut off by a kill.
                let path = format!("/v1/jobs/{}/attempts", job["jobId"].as_str().expect("an id"));
                let listed = admin.get(&path).data(200);
                let codes: Vec<_> = listed["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|a| a["error"]["code"].clone())
                    .collect();
                assert_eq!(codes.len() as u64, attempts);
                assert_eq!(codes.iter().filter(|code| code.is_null()).count(), 1, "{codes:?}");
                assert!(codes.iter().all(|code| code.is_null() || *code == "interrupted"), "{codes:?}");
            }
        }
    }
}

#[test]
fn what_ran_at_the_kill_runs_again_and_says_so() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    let id = admin.submit(&json!({"function": "c", "parameters": [["sleep", "1500"], ["sleep", "1500"]]}));
    admin.wait_until(&format!("/v1/runs/{id}"), |run| run["counts"]["running"] == 2);
    let server = Server::start_in(server.kill());
    let admin = server.admin();
    assert_eq!(admin.run_over(&id)["status"], "SUCCEEDED");
    for job in admin.jobs_of(&id) {
        assert_eq!(job["attempts"], 2);
        let path = format!("/v1/jobs/{}/attempts", job["jobId"].as_str().expect("an id"));
        assert_eq!(admin.get(&path).data(200)["items"][0]["error"]["code"], "interrupted");
    }
}

#[test]
fn calls_that_were_answered_are_there_after_a_kill() {
    let mut server = Server::start();
    server.admin().deploy("double", wat::DOUBLE);
    for _ in 0..3 {
        let admin = server.admin();
        let answered: Vec<_> =
            (0..20).map(|n| admin.invoke("double", &json!({"arguments": [n]})).data(200)).collect();
        server = Server::start_in(server.kill());
        for job in answered {
            let path = format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"));
            assert_eq!(server.admin().get(&path).data(200)["result"], job["result"]);
        }
    }
}

#[test]
fn a_cancel_that_was_acknowledged_outlives_the_server() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("c", guest("command"));
    let job = admin
        .post("/v1/jobs", &json!({"jobType": "c", "payload": {"arguments": ["sleep", "600000"]}}))
        .data(201);
    let path = format!("/v1/jobs/{}", job["jobId"].as_str().expect("an id"));
    admin.wait_until(&path, |job| job["status"] == "RUNNING");
    admin.post(&format!("{path}/cancel"), &json!({})).data(200);
    let server = Server::start_in(server.kill());
    assert_eq!(server.admin().get(&path).data(200)["status"], "CANCELLED");
}

#[test]
fn a_server_that_is_told_to_stop_ends_well_and_loses_nothing() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let id = admin.submit(&json!({"function": "double", "parameters": tuples(0..2000)}));
    let began = std::time::Instant::now();
    let (code, directory) = server.terminate();
    assert_eq!(code, Some(0));
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "it need not wait out the grace time");
    let server = Server::start_in(directory);
    assert_eq!(server.admin().run_over(&id)["counts"]["succeeded"], 2000);
    assert!(server.admin().jobs_of(&id).iter().all(|job| job["attempts"] == 1), "what was claimed was ended");
}

#[test]
fn one_directory_has_one_server() {
    let server = Server::start();
    let mut command = std::process::Command::new(crate::harness::SKEP);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(server.directory.path().join("data"));
    let second = crate::harness::Ran::of(command);
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("another skep runs on"), "{}", second.stderr);
}

#[test]
fn the_admin_key_is_made_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let key = server.key();
    assert!(key.len() == 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let file = server.directory.path().join("data/admin.key");
    assert_eq!(std::fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o600);
    let server = Server::start_in(server.kill());
    assert_eq!(server.key(), key);
    server.admin().get("/v1/functions").data(200);
}
