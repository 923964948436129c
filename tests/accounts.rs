//! Accounts, keys, tokens.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, wat};

/// The caller with a token that was given for this.
fn token(server: &Server, body: &Value) -> Caller {
    let given = server.anon().post("/v1/auth/token", body).data(200);
    assert_eq!(given["tokenType"], "Bearer");
    server.with_key(given["token"].as_str().expect("a token"))
}

#[test]
fn an_account_has_its_own_world() {
    let server = Server::start();
    let (admin, member) = (server.admin(), server.member("ada@example.org"));
    member.deploy("f", wat::DOUBLE);
    assert_eq!(admin.get("/v1/functions").data(200)["count"], 0);
    let shown = admin.get("/v1/accounts/ada@example.org").data(200);
    assert_eq!((&shown["weight"], &shown["hasPassword"]), (&json!(1), &json!(false)));
    assert!(!shown["scopes"].as_array().expect("scopes").contains(&json!("admin")));
    let names: Vec<Value> = admin.get("/v1/accounts?limit=1").data(200)["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|account| account["name"].clone())
        .collect();
    assert_eq!(names, ["ada@example.org"]);
    member.get("/v1/accounts").refused(403);
}

#[test]
fn bad_accounts_and_keys_are_refused_and_change_nothing() {
    let server = Server::start();
    let admin = server.admin();
    for (body, expected) in [
        (json!({}), "missing field `name`"),
        (json!({"name": "-a"}), "an account's name"),
        (json!({"name": "a b"}), "an account's name"),
        (json!({"name": "a", "weight": 0}), "weight must be from 1 to 1000"),
        (json!({"name": "a", "weight": 1001}), "weight must be from 1 to 1000"),
        (json!({"name": "a", "password": "short"}), "a password has 8 characters"),
        (
            json!({"name": "a", "scopes": ["runs:all"]}),
            "there is no scope \"runs:all\"; there are functions:read",
        ),
        (json!({"name": "a", "admin": true}), "unknown field `admin`"),
    ] {
        let message = admin.post("/v1/accounts", &body).refused(400);
        assert!(message.contains(expected), "{body}: {message}");
    }
    assert!(admin.post("/v1/accounts", &json!({"name": "admin"})).refused(409).contains("this name"));
    assert_eq!(admin.get("/v1/accounts").data(200)["count"], 1);
    for (body, expected) in [
        (json!({"scopes": ["x"]}), "there is no scope"),
        (json!({"expiresAt": 1}), "expiresAt must be in the future"),
        (json!({"name": "n".repeat(101)}), "100 characters"),
        (json!({"expiresAt": "soon"}), "invalid type"),
    ] {
        let message = admin.post("/v1/keys", &body).refused(400);
        assert!(message.contains(expected), "{body}: {message}");
    }
    assert_eq!(admin.get("/v1/keys").data(200)["count"], 1);
    admin.patch("/v1/accounts/nobody", &json!({"weight": 2})).refused(404);
    admin.patch("/v1/accounts/admin", &json!({"scopes": ["runs:read"]})).refused(409);
    admin.delete("/v1/accounts/admin").refused(409);
    admin.delete("/v1/accounts/nobody").refused(404);
    admin.get("/v1/accounts/no%20name").refused(404);
}

#[test]
fn a_key_hands_on_no_more_than_it_has() {
    let server = Server::start();
    let member = server.member("member");
    let narrow = member.post("/v1/keys", &json!({"scopes": ["keys:write", "runs:read"]})).data(201);
    let narrow = server.with_key(narrow["key"].as_str().expect("a key"));
    let refused = narrow.post("/v1/keys", &json!({"scopes": ["runs:write"]})).refused(403);
    assert_eq!(refused, "this key lacks the scope runs:write");
    let same = narrow.post("/v1/keys", &json!({})).data(201);
    assert_eq!(same["scopes"], json!(["runs:read", "keys:write"]), "as much as it has itself");
    assert!(member.post("/v1/keys", &json!({"scopes": ["admin"]})).refused(403).contains("admin"));
    let listed = member.get("/v1/keys").data(200);
    assert_eq!(listed["count"], 3);
    assert!(!listed.to_string().contains(same["key"].as_str().expect("a key")), "it was shown once");
}

#[test]
fn nobody_takes_away_or_gets_again_what_may_do_more() {
    let server = Server::start();
    let admin = server.admin();
    let narrow = admin.post("/v1/keys", &json!({"scopes": ["keys:write", "runs:read"]})).data(201);
    let narrow = server.with_key(narrow["key"].as_str().expect("a key"));
    let keys = admin.get("/v1/keys").data(200);
    let first = keys["items"].as_array().expect("items").last().expect("the admin's own").clone();
    let path = format!("/v1/keys/{}", first["keyId"].as_str().expect("an id"));
    assert!(narrow.delete(&path).refused(403).contains("lacks the scope"));
    assert!(admin.delete(&path).refused(409).contains("last key with the scope admin"));
    // The answer to another's request, which shows a key, is not for whoever may do less.
    let wide = admin.post_once("/v1/keys", &json!({"name": "ci"}), "deploy-1").data(201);
    let own = narrow.post_once("/v1/keys", &json!({"name": "ci"}), "deploy-1").data(201);
    assert_ne!(wide["key"], own["key"]);
    assert_eq!(own["scopes"], json!(["runs:read", "keys:write"]));
}

#[test]
fn what_is_made_with_a_token_ends_with_it() {
    let server = Server::start();
    let given = server.anon().post("/v1/auth/token", &json!({"key": server.key()})).data(200);
    let by_token = server.with_key(given["token"].as_str().expect("a token"));
    let key = by_token.post("/v1/keys", &json!({})).data(201);
    assert_eq!(key["expiresAt"], given["expiresAt"]);
    assert!(server.admin().post("/v1/keys", &json!({})).data(201)["expiresAt"].is_null());
}

#[test]
fn whoever_has_shown_nothing_yet_sends_little() {
    let server = Server::start();
    let body = json!({"key": "x".repeat(20_000)});
    assert!(server.anon().post("/v1/auth/token", &body).refused(413).contains("16384 bytes"));
}

#[test]
fn what_is_revoked_ends_at_once_and_so_do_its_tokens() {
    let server = Server::start();
    let member = server.member("member");
    let key = member.post("/v1/keys", &json!({})).data(201);
    let by_key = server.with_key(key["key"].as_str().expect("a key"));
    let by_token = token(&server, &json!({"key": key["key"]}));
    for caller in [&by_key, &by_token] {
        caller.get("/v1/functions").data(200);
    }
    let id = key["keyId"].as_str().expect("an id");
    member.delete(&format!("/v1/keys/{id}")).data(200);
    for caller in [&by_key, &by_token] {
        assert_eq!(caller.get("/v1/functions").status, 401);
    }
    assert_eq!(server.anon().post("/v1/auth/token", &json!({"key": key["key"]})).status, 401);
    member.delete(&format!("/v1/keys/{id}")).refused(404);
    member.delete("/v1/keys/x").refused(404);
}

#[test]
fn tokens_are_given_for_keys_and_passwords() {
    let server = Server::start();
    let admin = server.admin();
    let body = json!({"name": "ada", "password": "correct horse", "scopes": ["runs:read", "functions:read"]});
    admin.post("/v1/accounts", &body).data(201);
    let login = |password: &str| json!({"name": "ada", "password": password});
    let ada = token(&server, &login("correct horse"));
    ada.get("/v1/functions").data(200);
    assert_eq!(ada.get("/v1/keys").refused(403), "this key lacks the scope keys:write");
    for wrong in [login("battery staple"), json!({"name": "bob", "password": "correct horse"})] {
        assert_eq!(server.anon().post("/v1/auth/token", &wrong).status, 401);
    }
    // An account without a password has none that fits.
    assert_eq!(server.anon().post("/v1/auth/token", &json!({"name": "admin", "password": ""})).status, 401);
    let narrow =
        token(&server, &json!({"name": "ada", "password": "correct horse", "scopes": ["runs:read"]}));
    narrow.get("/v1/runs").data(200);
    narrow.get("/v1/functions").refused(403);
    for (body, status) in [
        (json!({}), 400),
        (json!({"key": "a", "name": "b", "password": "c"}), 400),
        (json!({"name": "ada"}), 400),
        (json!({"key": "x"}), 401),
        (json!({"key": server.key(), "expiresInSeconds": 0}), 400),
        (json!({"key": server.key(), "expiresInSeconds": 86_401}), 400),
        (json!({"name": "ada", "password": "correct horse", "scopes": ["admin"]}), 403),
    ] {
        assert_eq!(server.anon().post("/v1/auth/token", &body).status, status, "{body}");
    }
    // A new password is the only one, and ends what was given for the old one.
    admin.patch("/v1/accounts/ada", &json!({"password": "battery staple"})).data(200);
    assert_eq!(server.anon().post("/v1/auth/token", &login("correct horse")).status, 401);
    token(&server, &login("battery staple"));
    for old in [ada, narrow] {
        assert_eq!(old.get("/v1/runs").status, 401);
    }
}

#[test]
fn a_token_ends_by_itself() {
    let server = Server::start();
    let caller = token(&server, &json!({"key": server.key(), "expiresInSeconds": 1}));
    let began = std::time::Instant::now();
    while caller.get("/v1/functions").status != 401 {
        assert!(began.elapsed().as_secs() < 5, "it never ends");
    }
}

#[test]
fn what_an_account_may_is_what_its_keys_may() {
    let server = Server::start();
    let (admin, member) = (server.admin(), server.member("member"));
    member.get("/v1/functions").data(200);
    admin.patch("/v1/accounts/member", &json!({"scopes": ["runs:read"], "weight": 5})).data(200);
    member.get("/v1/functions").refused(403);
    member.get("/v1/runs").data(200);
    assert_eq!(admin.get("/v1/accounts/member").data(200)["weight"], 5);
}

#[test]
fn a_deleted_account_is_gone_with_all_that_it_had() {
    let server = Server::start();
    let (admin, member) = (server.admin(), server.member("member"));
    member.deploy("spin", wat::SPIN);
    member.submit(&json!({"function": "spin", "parameters": [[], [], []]}));
    let by_token = token(&server, &json!({"key": member.authorization.as_deref().expect("a key")[7..]}));
    admin.delete("/v1/accounts/member").data(200);
    for caller in [&member, &by_token] {
        assert_eq!(caller.get("/v1/functions").status, 401);
    }
    admin.get("/v1/accounts/member").refused(404);
    // Its endless guests are stopped: others' jobs have the threads again.
    admin.deploy("double", wat::DOUBLE);
    let run = admin.submit(&json!({"function": "double", "parameters": [[1]]}));
    assert_eq!(admin.run_over(&run)["status"], "SUCCEEDED");
    let again = server.member("member");
    assert_eq!(again.get("/v1/functions").data(200)["count"], 0);
}

#[test]
fn the_secret_is_kept_and_so_are_tokens_over_a_restart() {
    let server = Server::start();
    let body = json!({"key": server.key()});
    let given = server.anon().post("/v1/auth/token", &body).data(200)["token"].clone();
    let server = Server::start_in(server.kill());
    server.with_key(given.as_str().expect("a token")).get("/v1/functions").data(200);
    let secret = std::fs::metadata(server.directory.path().join("data/jwt.key")).expect("it is there");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&secret.permissions()) & 0o777, 0o600);
}
