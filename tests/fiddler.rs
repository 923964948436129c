//! Fiddler's API: its own clients against it, its refusals, its document.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Caller, PATIENCE, Ran, Server, repository, tool, wat};

/// Its clients, current and older, as `.ci/tools` gets them.
const CLIENTS: [&str; 3] = ["fiddler-3.14.1", "fiddler-3.0.6", "fiddler-2.5.4"];

fn submit(caller: &Caller, function: &str, arguments: &Value) -> String {
    let body = json!({"jobType": function, "payload": {"arguments": arguments}});
    caller.post("/v1/jobs", &body).data(201)["jobId"].as_str().expect("an id").to_owned()
}

fn status(caller: &Caller, job: &str) -> String {
    caller.get(&format!("/v3/jobs/{job}")).body["data"]["status"].as_str().expect("a status").to_owned()
}

fn until(caller: &Caller, job: &str, wanted: &str) {
    let began = Instant::now();
    while status(caller, job) != wanted {
        assert!(began.elapsed() < PATIENCE, "it is {} and not {wanted}", status(caller, job));
    }
}

/// A job of each kind of end.
struct Jobs {
    succeeded: String,
    failed: String,
    cancelled: String,
}

fn furnished(server: &Server) -> Jobs {
    let admin = server.admin();
    for (name, text) in [("double", wat::DOUBLE), ("even", wat::EVEN), ("spin", wat::SPIN)] {
        admin.deploy(name, text);
    }
    let jobs = Jobs {
        succeeded: submit(&admin, "double", &json!([21])),
        failed: submit(&admin, "even", &json!([3])),
        cancelled: submit(&admin, "spin", &json!([])),
    };
    until(&admin, &jobs.cancelled, "STARTED");
    admin.post(&format!("/v1/jobs/{}/cancel", jobs.cancelled), &json!({})).data(200);
    until(&admin, &jobs.succeeded, "SUCCESS");
    until(&admin, &jobs.failed, "FAILURE");
    until(&admin, &jobs.cancelled, "REVOKED");
    jobs
}

#[test]
fn its_own_clients_read_jobs_and_wait_for_them() {
    let server = Server::start();
    let admin = server.admin();
    let jobs = furnished(&server);
    let shell = [("Content-Type", "application/x-sh")];
    assert_eq!(admin.send("PUT", "/v1/functions/nap", "sleep 3", &shell).status, 201);
    for client in CLIENTS {
        let Some(python) = tool(&format!("{client}/bin/python")) else { continue };
        let napping = submit(&admin, "nap", &json!([]));
        let mut tour = Command::new(python);
        tour.arg(repository().join("tests/clients/fiddler_tour.py"));
        tour.args([&server.url, &server.key(), &jobs.succeeded, &jobs.failed, &jobs.cancelled, &napping]);
        let told = Ran::of(tour).ok();
        assert!(told.ends_with("all is as it should be\n"), "{client}: {told}");
        assert!(told.contains("STARTED\n") && told.contains("SUCCESS\n"), "{client}: {told}");
        let failed = format!("even[{}] failed with trap: ", jobs.failed);
        assert!(told.contains(&failed), "{client}: {told}");
        assert!(told.contains("Job not found for the given identifier"), "{client}: {told}");
    }
}

#[test]
fn a_job_is_as_its_document_has_it() {
    let server = Server::start();
    let admin = server.admin();
    let jobs = furnished(&server);
    let answer = admin.get(&format!("/v3/jobs/{}?verbose=True", jobs.failed));
    assert_eq!(
        (answer.status, &answer.body["kind"], &answer.body["api_version"]),
        (200, &json!("NORMAL"), &json!("3.0"))
    );
    let job = &answer.body["data"];
    assert_eq!(
        (&job["id"], &job["name"], &job["progress"], &job["error_reason"]),
        (&json!(jobs.failed), &json!("even"), &json!(0), &json!("trap"))
    );
    assert_eq!(job["extras"][&jobs.failed]["error_message"], job["error_message"]);
    let plain = admin.get(&format!("/v3/jobs/{}", jobs.succeeded.replace('-', ""))).body;
    assert_eq!(
        plain["data"],
        json!({
            "id": jobs.succeeded, "name": "double", "status": "SUCCESS", "progress": 100,
            "info": {"resource_type": "DATA", "resource_name": "double", "project_name": "admin"},
            "error_message": null, "error_reason": null, "extras": null,
        })
    );
    // With a function go its jobs.
    assert_eq!(admin.delete("/v1/functions/even").status, 200);
    assert_eq!(admin.get(&format!("/v3/jobs/{}", jobs.failed)).status, 404);
}

#[test]
fn it_says_no_in_its_own_words() {
    let server = Server::start();
    let (admin, other) = (server.admin(), server.member("other"));
    admin.deploy("double", wat::DOUBLE);
    let job = submit(&admin, "double", &json!([21]));
    let no_job = "Job not found for the given identifier";
    for (caller, method, path, status, reason, message) in [
        (&server.anon(), "GET", format!("/v3/jobs/{job}"), 401, "Unauthorized", "Unauthorized"),
        (&server.anon(), "GET", "/v3/server-info".to_owned(), 401, "Unauthorized", "Unauthorized"),
        (&other, "GET", format!("/v3/jobs/{job}"), 404, "ObjectNotFound", no_job),
        (&admin, "GET", "/v3/jobs/17".to_owned(), 404, "ObjectNotFound", no_job),
        (&admin, "GET", format!("/v3/jobs/{job}?verbose=perhaps"), 400, "BadRequest", "verbose"),
        (&admin, "DELETE", format!("/v3/jobs/{job}"), 405, "MethodNotAllowed", "does not take DELETE"),
        (&admin, "GET", "/v3/models".to_owned(), 404, "ObjectNotFound", "no route"),
        (&admin, "GET", "/v3".to_owned(), 404, "ObjectNotFound", "no route"),
    ] {
        let answer = caller.send(method, &path, "", &[]);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let error = &answer.body["error"];
        assert_eq!(
            (&answer.body["kind"], &error["code"]),
            (&json!("ERROR"), &json!(status)),
            "{}",
            answer.body
        );
        assert_eq!(error["errors"][0]["reason"], reason, "{}", answer.body);
        assert!(error["message"].as_str().is_some_and(|text| text.contains(message)), "{}", answer.body);
        assert_eq!(
            (&error["errors"][0]["message"], &error["errors"][0]["help"]),
            (&error["message"], &json!(""))
        );
    }
    // What only begins like it is not it.
    admin.get("/v3x").refused(404);
}

#[test]
fn its_document_has_what_seed_003_asks_for() {
    let server = Server::start();
    let document = server.anon().get("/openapi/fiddler.json").body;
    insta::assert_json_snapshot!(document);
    let get = &document["paths"]["/v3/jobs/{job_id}"]["get"];
    let parameters: Vec<_> =
        get["parameters"].as_array().expect("some").iter().map(|one| &one["name"]).collect();
    assert_eq!(parameters, ["job_id", "verbose"]);
    for status in ["200", "400", "401", "404", "500"] {
        assert!(get["responses"][status].is_object(), "{status}");
    }
    let schemas = &document["components"]["schemas"];
    for (name, fields) in [
        ("Job", &["name", "id", "info", "status", "progress", "error_message", "error_reason"][..]),
        ("Info", &["resource_type", "resource_name", "project_name"]),
    ] {
        let required = schemas[name]["required"].as_array().expect("some");
        assert!(fields.iter().all(|field| required.contains(&json!(field))), "{name}: {required:?}");
    }
    let statuses = schemas["Status"]["enum"].as_array().expect("some");
    for status in ["PENDING", "STARTED", "SUCCESS", "FAILURE"] {
        assert!(statuses.contains(&json!(status)), "{status}");
    }
}

#[test]
fn a_client_that_polls_is_not_turned_away() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let job = submit(&admin, "double", &json!([21]));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        assert_eq!(admin.get(&format!("/v3/jobs/{job}")).status, 200);
    }
}
