//! Fiddler's API: its own clients against it, its refusals, its document.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Caller, PATIENCE, Ran, Server, encoded, repository, tool, wat};

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
        let mut tour = Command::new(python);
        tour.arg(repository().join("tests/clients/fiddler_tour.py"));
        tour.args([&server.url, &server.key(), &jobs.succeeded, &jobs.failed, &jobs.cancelled]);
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

/// Names of the jobs that a query lists.
fn listed(caller: &Caller, query: &[(&str, &str)]) -> Vec<String> {
    let answer = caller.get(&format!("/v3/jobs?{}", self::query(query)));
    assert_eq!(answer.status, 200, "{query:?}: {}", answer.body);
    let items = answer.body["data"]["items"].as_array().expect("a list");
    items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

fn query(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

/// A rule of a filter.
fn rule(field: &str, operator: &str, value: Value) -> String {
    json!({"field": field, "operator": operator, "value": value}).to_string()
}

/// Rules of a filter, joined.
fn joined(condition: &str, rules: &[&String]) -> String {
    let rules: Vec<Value> = rules.iter().map(|rule| serde_json::from_str(rule).expect("JSON")).collect();
    json!({"condition": condition, "rules": rules}).to_string()
}

#[test]
fn jobs_are_listed_by_any_filter_in_any_order_page_by_page() {
    let server = Server::start();
    let (admin, other) = (server.admin(), server.member("other"));
    let jobs = furnished(&server);
    let page = admin.get("/v3/jobs?limit=2&offset=2").body;
    assert_eq!((&page["kind"], &page["api_version"]), (&json!("PAGINATED"), &json!("3.0")));
    let data = &page["data"];
    for (name, expected) in [
        ("page_size", 2),
        ("item_count", 1),
        ("total", 3),
        ("page_count", 2),
        ("page_index", 2),
        ("offset", 2),
    ] {
        assert_eq!(data[name], expected, "{name} of {page}");
    }
    let item = &data["items"][0];
    assert_eq!(
        (&item["id"], &item["status"], &item["info"]),
        (
            &json!(jobs.succeeded),
            &json!("SUCCESS"),
            &json!({"resource_type": "DATA", "resource_name": "double", "project_name": "admin"})
        )
    );
    assert!(item["created_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{item}");
    let now = json!("2020-01-01");
    for (filter, names) in [
        (rule("status", "equal", json!("REVOKED")), "spin"),
        (rule("status", "in", json!(["SUCCESS", "FAILURE"])), "even double"),
        (rule("status", "not_ends_with", json!("ED")), "even double"),
        (rule("name", "contains", json!("P")), "spin"),
        (rule("name", "not_between", json!(["e", "f"])), "spin double"),
        (rule("info.resource_type", "equal", json!("MODEL")), ""),
        (rule("project_name", "equal", json!("admin")), "spin even double"),
        (rule("id", "not_in", json!([jobs.failed, jobs.cancelled])), "double"),
        (rule("created_at", "greater_or_equal", now.clone()), "spin even double"),
        (rule("created_at", "less", now), ""),
        (rule("completed_at", "is_not_null", Value::Null), "spin even double"),
        (joined("AND", &[]), "spin even double"),
        (
            joined(
                "OR",
                &[
                    &rule("name", "equal", json!("even")),
                    &joined(
                        "AND",
                        &[&rule("name", "greater", json!("f")), &rule("status", "begins_with", json!("REV"))],
                    ),
                ],
            ),
            "spin even",
        ),
    ] {
        assert_eq!(listed(&admin, &[("filter", &filter)]).join(" "), names, "{filter}");
        assert_eq!(listed(&other, &[("filter", &filter)]).join(" "), "", "another's are not there");
    }
    for (query, names) in [
        (("search", "SUCC"), "double"),
        (("search", "even"), "even"),
        (("search", jobs.cancelled.as_str()), "spin"),
        (("search", "%"), ""),
        (("ordering", "name"), "double even spin"),
        (("ordering", "-name,created_at"), "spin even double"),
        (("ordering", "created_at"), "double even spin"),
    ] {
        assert_eq!(listed(&admin, &[query]).join(" "), names, "{query:?}");
    }
}

#[test]
fn a_list_that_makes_no_sense_is_refused_with_what_would() {
    let server = Server::start();
    let admin = server.admin();
    for (query, says) in [
        (("filter", "status=1"), "it is no JSON"),
        (("filter", &*rule("colour", "equal", json!("red"))), "there is no field \"colour\", but id, name"),
        (
            ("filter", &*rule("name", "equal", json!(["a", "b"]))),
            "the rule name equal makes no sense: it takes one value",
        ),
        (("filter", &*rule("created_at", "contains", json!("2026-01-01"))), "times are compared"),
        (("filter", &*rule("created_at", "less", json!("yesterday"))), "yesterday is no time as"),
        (("ordering", "colour"), "ordering takes name"),
        (("limit", "0"), "limit must be a whole number from 1 to 1000"),
        (("offset", "-1"), "offset must be"),
    ] {
        let answer = admin.get(&format!("/v3/jobs?{}", self::query(&[query])));
        assert_eq!(
            (answer.status, &answer.body["kind"]),
            (400, &json!("ERROR")),
            "{query:?}: {}",
            answer.body
        );
        let message = answer.body["error"]["message"].as_str().expect("a message");
        assert!(message.contains(says), "{query:?}: {message}");
    }
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
    for (path, expected) in [
        ("/v3/jobs/{job_id}", &["job_id", "verbose"][..]),
        ("/v3/jobs", &["filter", "search", "ordering", "limit", "offset"]),
    ] {
        let get = &document["paths"][path]["get"];
        let parameters = get["parameters"].as_array().expect("some").iter();
        assert_eq!(parameters.map(|one| &one["name"]).collect::<Vec<_>>(), expected);
        for status in ["200", "400", "401", "404", "500"] {
            assert!(get["responses"][status].is_object(), "{status}");
        }
    }
    let schemas = &document["components"]["schemas"];
    for (name, fields) in [
        ("Job", &["name", "id", "info", "status", "progress", "error_message", "error_reason"][..]),
        ("Info", &["resource_type", "resource_name", "project_name"]),
        (
            "JobItem",
            &["name", "id", "info", "status", "created_at", "updated_at", "started_at", "completed_at"],
        ),
        (
            "Part_JobItem",
            &["page_size", "item_count", "total", "page_count", "page_index", "offset", "items"],
        ),
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
