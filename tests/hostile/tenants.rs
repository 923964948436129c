//! Other accounts: their ids are guessed, their keys replayed.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, wat};

/// What an account has, by the name that the paths of the API have for its id.
fn possessions(caller: &Caller) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    caller.deploy("double", wat::DOUBLE);
    let run = caller.submit(&json!({"function": "double", "parameters": [[1]]}));
    let job = text(&caller.jobs_of(&run)[0]["jobId"]);
    let key = text(&caller.post("/v1/keys", &json!({"name": "k"})).data(201)["keyId"]);
    vec![("runs", run), ("jobs", job), ("keys", key), ("functions", "double".to_owned())]
}

#[test]
fn what_is_anothers_looks_like_what_is_not_there() {
    let server = Server::start();
    let (owner, thief) = (server.member("owner"), server.member("thief"));
    let document = server.anon().get("/openapi.json").body;
    let mut tried = 0;
    for (kind, id) in possessions(&owner) {
        // One that nobody has: of the same form, and as near as can be.
        let last = if id.ends_with('0') { "1" } else { "0" };
        let nobodys = format!("{}{last}", &id[..id.len() - 1]);
        for (path, methods) in document["paths"].as_object().expect("paths") {
            if !path.starts_with(&format!("/v1/{kind}/{{")) {
                continue;
            }
            for method in methods.as_object().expect("methods").keys().map(|method| method.to_uppercase()) {
                let ask = |id: &str| {
                    let (begin, rest) = path.split_once('{').expect("an id");
                    let rest =
                        rest.split_once('}').expect("an id").1.replace("{n}", "1").replace("{number}", "1");
                    // A body that the route takes, so that it is the id which is refused.
                    let body = match (method.as_str(), path.rsplit('/').next()) {
                        ("POST", Some("invoke")) => json!({"arguments": [1]}).to_string(),
                        ("PATCH", _) => json!({"settings": {}}).to_string(),
                        _ => String::new(),
                    };
                    let answer = thief.send(&method, &format!("{begin}{id}{rest}"), body, &[]);
                    (answer.status, answer.body.to_string().replace(id, "ID"))
                };
                if (method.as_str(), kind) == ("PUT", "functions") {
                    // An upload makes a function of the thief's own.
                    continue;
                }
                let (theirs, none) = (ask(&id), ask(&nobodys));
                assert_eq!(theirs, none, "{method} {path}");
                assert_eq!(theirs.0, 404, "{method} {path}: {}", theirs.1);
                tried += 1;
            }
        }
    }
    assert!(tried > 15, "only {tried} routes have an id");
    // And nothing of it came to harm.
    assert_eq!(owner.invoke("double", &json!({"arguments": [2]})).data(200)["result"], 4);
}

#[test]
fn ids_near_ones_own_lead_nowhere() {
    let server = Server::start();
    let (owner, thief) = (server.member("owner"), server.member("thief"));
    let theirs: Vec<_> = possessions(&owner).into_iter().map(|(_, id)| id).collect();
    let own = thief.clone();
    let mut found = 0;
    for (kind, id) in possessions(&own).into_iter().take(2) {
        for digit in 0..16 {
            let guess = format!("{}{digit:x}", &id[..id.len() - 1]);
            let answer = thief.get(&format!("/v1/{kind}/{guess}"));
            assert!(matches!(answer.status, 200 | 404), "{}", answer.body);
            assert_eq!(answer.status == 200, guess == id, "{kind}/{guess}");
            found += u32::from(answer.status == 200);
        }
    }
    assert_eq!(found, 2, "only its own");
    let shown = thief.get("/v1/jobs?limit=100").body.to_string() + &thief.get("/v1/runs").body.to_string();
    assert!(theirs.iter().take(3).all(|id| !shown.contains(id.as_str())), "{shown}");
}

#[test]
fn an_idempotency_key_is_of_one_account() {
    let server = Server::start();
    let (owner, thief) = (server.member("owner"), server.member("thief"));
    for caller in [&owner, &thief] {
        caller.deploy("double", wat::DOUBLE);
    }
    let run = json!({"function": "double", "parameters": [[21]]});
    let call = json!({"arguments": [21]});
    for (path, body) in [("/v1/runs", &run), ("/v1/functions/double/invoke", &call), ("/v1/keys", &json!({}))]
    {
        let (first, replayed) =
            (owner.post_once(path, body, "the-key"), thief.post_once(path, body, "the-key"));
        assert!(replayed.headers.get("idempotency-replayed").is_none(), "{path}");
        assert_eq!(first.status, replayed.status, "{path}");
        let ids = ["runId", "jobId", "keyId", "key"];
        for id in ids.into_iter().filter(|id| !first.body["data"][id].is_null()) {
            assert_ne!(first.body["data"][id], replayed.body["data"][id], "{path} {id}");
        }
        // Another body under the same key is a conflict for its owner, and news to everybody else.
        let again = owner.post_once(path, body, "the-key");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{path}");
    }
}
