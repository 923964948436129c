//! Who may ask what: every route of the document against every kind of caller.

use serde_json::{Value, json};

use crate::harness::{Caller, PATIENCE, Server, unix_ms, wat};

/// A route of the document, with the scope that it says it needs.
struct Route {
    method: String,
    path: String,
    scope: Option<String>,
}

fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    let paths =
        skep_api::documents().iter().flat_map(|(_, document)| document["paths"].as_object().expect("paths"));
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let scope = operation["security"][0]["bearer"][0].as_str().map(str::to_owned);
            routes.push(Route { method: method.to_uppercase(), path: path.clone(), scope });
        }
    }
    routes
}

/// What a tenant has, for the parts of paths.
struct Tenant {
    name: String,
    caller: Caller,
    run: String,
    job: String,
    key: String,
    function: String,
    instance: String,
}

impl Tenant {
    fn new(server: &Server, name: &str) -> Self {
        let caller = server.member(name);
        caller.deploy("f", wat::DOUBLE);
        let run = caller.submit(&json!({"function": "f", "parameters": [[1]]}));
        caller.run_over(&run);
        let job = caller.jobs_of(&run)[0]["jobId"].as_str().expect("an id").to_owned();
        let key =
            caller.post("/v1/keys", &json!({"name": "spare", "scopes": ["keys:write"]})).data(201)["keyId"]
                .clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let function = text(&caller.get("/v1/functions/f").data(200)["functionId"]);
        let instance = json!({"name": "box", "type": 1, "ask_price": 1});
        let instance = text(&caller.post("/api/v1/instances/", &instance).body["uuid"]);
        Self { name: name.into(), caller, run, job, key: text(&key), function, instance }
    }

    fn fill(&self, path: &str) -> String {
        if path == "/v1/jobs" {
            return format!("{path}?limit=1");
        }
        let name = if path.starts_with("/v1/accounts") { &self.name } else { "f" };
        let path = path.replace("{name}", name).replace("{version}", "1");
        let uuid = match path.split('/').nth(3) {
            Some("functions") => &self.function,
            Some("runs") => &self.run,
            Some("jobs") => &self.job,
            Some("instances") => &self.instance,
            _ => "none",
        };
        let path = path.replace("{uuid}", uuid);
        path.replace("{run_id}", &self.run).replace("{job_id}", &self.job).replace("{key_id}", &self.key)
    }

    /// A key of the tenant with these scopes.
    fn key_with(&self, server: &Server, scopes: &[&str]) -> Caller {
        let key = self.caller.post("/v1/keys", &json!({"scopes": scopes})).data(201);
        server.with_key(key["key"].as_str().expect("a key"))
    }
}

/// What a tenant may do with what is its own.
const TENANT: [&str; 8] = [
    "functions:read",
    "functions:write",
    "runs:read",
    "runs:write",
    "models:read",
    "models:write",
    "usage:read",
    "keys:write",
];

/// What ends all that an account may is for whoever may all of it.
const WANTS_ALL: &str = "DELETE /api/v1/users/account";

fn ask(caller: &Caller, route: &Route, path: &str) -> u16 {
    // Of what is at one place for two products, the one that a scope is for.
    caller.send(&route.method, path, "", &[("Accept", "text/plain")]).status
}

/// A key that has ended by now.
fn expired(server: &Server, tenant: &Tenant) -> Caller {
    let soon = unix_ms() + 100;
    let key = tenant.caller.post("/v1/keys", &json!({"expiresAt": soon})).data(201);
    let caller = server.with_key(key["key"].as_str().expect("a key"));
    let began = std::time::Instant::now();
    while caller.get("/v1/functions").status != 401 {
        assert!(began.elapsed() < PATIENCE, "it never ends");
    }
    caller
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let server = Server::start();
    let (anon, admin) = (server.anon(), server.admin());
    let first = Tenant::new(&server, "first");
    let expired = expired(&server, &first);
    let mut table = vec![format!("{:<60}{:<16} anon wrong expired other member admin", "route", "scope")];
    for (number, route) in routes().iter().enumerate() {
        let tenant = Tenant::new(&server, &format!("tenant-{number}"));
        let path = tenant.fill(&route.path);
        let line = format!("{} {}", route.method, route.path);
        let Some(scope) = &route.scope else {
            table.push(format!("{line:<60}{:<16} {:>4}", "-", ask(&anon, route, &path)));
            continue;
        };
        let all_but: Vec<&str> = TENANT.into_iter().filter(|known| known != scope).collect();
        let wrong = ask(&tenant.key_with(&server, &all_but), route, &path);
        let (nobody, late) = (ask(&anon, route, &path), ask(&expired, route, &path));
        let stranger = ask(&server.member(&format!("other-{number}")), route, &path);
        // What a member does may take away what an admin would ask for: the admin asks for its own first.
        let by_admin = ask(&admin, route, &path);
        let tenant =
            if route.method == "DELETE" { Tenant::new(&server, &format!("again-{number}")) } else { tenant };
        let path = tenant.fill(&route.path);
        let by_member = match scope.as_str() {
            "admin" => ask(&tenant.caller, route, &path),
            _ if line == WANTS_ALL => ask(&tenant.caller, route, &path),
            scope => ask(&tenant.key_with(&server, &[scope]), route, &path),
        };
        assert_eq!((nobody, late), (401, 401), "{line}");
        let hidden = route.path.starts_with("/v1/jobs");
        assert_eq!(wrong, if hidden { 401 } else { 403 }, "{line}");
        assert!(by_admin != 401 && by_admin != 403, "{line}: {by_admin}");
        assert_eq!(by_member == 403, scope == "admin", "{line}: {by_member}");
        assert_ne!(by_member, 401, "{line}");
        let of_one = route.path.contains('{') && scope != "admin";
        // What is another's is not there; what a body lacks is said before it is looked for.
        assert!(!of_one || matches!(stranger, 404 | 400), "{line}: {stranger}");
        table.push(format!(
            "{line:<60}{scope:<16} {nobody:>4} {wrong:>5} {late:>7} {stranger:>5} {by_member:>6} {by_admin:>5}"
        ));
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn what_is_anothers_is_not_there_whatever_is_asked_of_it() {
    let server = Server::start();
    let (tenant, other) = (Tenant::new(&server, "tenant"), server.member("other"));
    other.deploy("f", wat::DOUBLE);
    for (method, path, body) in [
        ("GET", format!("/v1/runs/{}", tenant.run), Value::Null),
        ("GET", format!("/v1/runs/{}/events", tenant.run), Value::Null),
        ("GET", format!("/v1/runs/{}/results", tenant.run), Value::Null),
        ("POST", format!("/v1/runs/{}/cancel", tenant.run), json!({})),
        ("DELETE", format!("/v1/runs/{}", tenant.run), Value::Null),
        ("GET", format!("/v1/jobs/{}", tenant.job), Value::Null),
        ("GET", format!("/v1/jobs/{}/logs?follow=true", tenant.job), Value::Null),
        ("POST", format!("/v1/jobs/{}/restart", tenant.job), json!({})),
        ("DELETE", format!("/v1/keys/{}", tenant.key), Value::Null),
    ] {
        other.send(method, &path, body.to_string(), &[]).refused(404);
    }
    assert_eq!(other.get(&format!("/v1/jobs?limit=5&runId={}", tenant.run)).data(200)["count"], 0);
    assert_eq!(other.get("/v1/runs").data(200)["count"], 0);
    assert_eq!(other.get("/v1/usage").data(200)["count"], 0);
    assert_eq!(tenant.caller.get(&format!("/v1/runs/{}", tenant.run)).data(200)["numJobs"], 1);
}

#[test]
fn broken_authorization_headers_are_all_the_same_401() {
    let server = Server::start();
    let key = server.key();
    let exactly = json!({"statusCode": 401, "message": "Unauthorized - Invalid or missing token"});
    for header in [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        format!("Basic {key}"),
        format!("Token {key}"),
        format!("Bearer {}", &key[1..]),
        format!("Bearer {key}0"),
        format!("Bearer {}", "0".repeat(40)),
        format!("Bearer {}", "x".repeat(10_000)),
        "Bearer a.b.c".into(),
        key.clone(),
    ] {
        let caller = Caller { url: server.url.clone(), authorization: Some(header.clone()) };
        let answer = caller.get("/v1/functions");
        assert_eq!((answer.status, answer.body), (401, exactly.clone()), "{header:.30}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    for header in [format!("bearer {key}"), format!("BEARER {}", key.to_uppercase())] {
        let caller = Caller { url: server.url.clone(), authorization: Some(header) };
        caller.get("/v1/functions").data(200);
    }
}
