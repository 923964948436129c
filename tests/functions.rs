//! Uploads, versions, settings.

use serde_json::json;

use crate::harness::{Server, guest, wat};

#[test]
fn every_form_of_a_program_becomes_a_function() {
    let server = Server::start();
    let admin = server.admin();
    let component = admin.deploy("component", guest("primes"));
    assert_eq!(component["function"]["kinds"], json!(["exports"]));
    assert_eq!(
        component["function"]["exports"],
        json!([{"name": "count", "wit": "func(low: u32, high: u32) -> u32"}])
    );
    assert_eq!(admin.deploy("text", wat::DOUBLE)["function"]["exports"][0]["wit"], "func(p0: s32) -> s32");
    assert_eq!(admin.deploy("command", guest("command"))["function"]["kinds"], json!(["command"]));
    let preview1 = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
        (memory (export "memory") 1) (func (export "_start")))"#;
    assert_eq!(admin.deploy("preview1", preview1)["function"]["kinds"], json!(["command"]));
    let listed = admin.get("/v1/functions").data(200);
    assert_eq!(listed["count"], 4);
}

#[test]
fn the_same_bytes_are_the_same_version_and_versions_are_kept() {
    let server = Server::start();
    let admin = server.admin();
    let first = admin.put("/v1/functions/f", wat::DOUBLE).data(201);
    assert_eq!(first["version"]["version"], 1);
    assert_eq!(first["version"]["state"], "READY");
    assert_eq!(admin.put("/v1/functions/f", wat::EVEN).data(201)["version"]["version"], 2);
    let again = admin.put("/v1/functions/f", wat::DOUBLE).data(200);
    assert_eq!(again["version"], first["version"]);
    assert_eq!(again["function"]["currentVersion"], 1);
    let versions = admin.get("/v1/functions/f/versions?limit=1").data(200);
    assert_eq!(versions["items"][0]["version"], 2);
    assert!(versions["lastEvaluatedKey"].is_string());
    assert_eq!(admin.get("/v1/functions/f/versions/2").data(200)["version"], 2);
    let component = admin.get("/v1/functions/f/versions/1/component");
    assert_eq!(component.status, 200);
    // The pinned version runs, whichever is the current one.
    let job = admin.invoke("f", &json!({"arguments": [4], "version": 2})).data(200);
    assert_eq!((&job["result"], &job["functionVersion"]), (&json!(4), &json!(2)));
}

#[test]
fn what_is_no_function_is_named_and_changes_nothing() {
    let server = Server::start();
    let admin = server.admin();
    let refused = |bytes: &[u8]| admin.put("/v1/functions/f", bytes).refused(400);
    assert!(refused(b"").starts_with("the body is empty"));
    assert!(refused(b"def handler(event): return 1").contains("not WebAssembly text"));
    assert!(refused(&[0x1f, 0x8b, 8, 0]).contains("gzip"));
    assert!(refused(&guest("primes")[..1000]).starts_with("this is WebAssembly, but"));
    assert!(refused(b"(module (func (export \"f\") (result i32)))").contains("not valid"));
    assert!(refused(b"(module (import \"env\" \"f\" (func)) (func (export \"g\")))").contains("env"));
    assert!(refused(b"(component)").contains("exports nothing"));
    assert!(refused(br#"(component (import "a:b/c" (instance (export "f" (func)))))"#).contains("a:b/c"));
    assert_eq!(admin.get("/v1/functions/f").refused(404), "there is no such function");
}

#[test]
fn settings_change_by_merge_patch_and_are_checked() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("f", wat::SPIN);
    let patch = |settings| admin.patch("/v1/functions/f", &json!({"settings": settings}));
    let changed = patch(json!({"limits": {"timeoutMs": 50}, "env": {"A": "1"}})).data(200);
    assert_eq!(changed["settings"]["limits"]["timeoutMs"], 50);
    assert_eq!(changed["settings"]["limits"]["memoryBytesMax"], 256 << 20);
    assert_eq!(admin.invoke("f", &json!({})).data(200)["status"], "TIMED_OUT");
    let refused = patch(json!({"limits": {"timeoutMs": 0}}));
    assert_eq!(refused.body["details"]["field"], "settings.limits.timeoutMs");
    assert!(refused.refused(400).contains("timeoutMs"));
    assert!(patch(json!({"limit": {}})).refused(400).contains("unknown field `limit`"));
    assert!(patch(json!({"export": "nope"})).refused(400).contains("no export"));
    assert!(patch(json!({"grants": {"models": ["m"]}})).refused(400).contains("there is no model"));
    let after = admin.get("/v1/functions/f").data(200);
    assert_eq!(after["settings"], changed["settings"]);
}

#[test]
fn a_function_is_deleted_with_its_runs_but_not_while_one_is_not_over() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("f", wat::SPIN);
    let run = admin.submit(&json!({"function": "f", "parameters": [[]]}));
    assert!(admin.delete("/v1/functions/f").refused(409).contains("not over"));
    admin.post(&format!("/v1/runs/{run}/cancel"), &json!({})).data(200);
    admin.run_over(&run);
    admin.delete("/v1/functions/f").data(200);
    admin.get(&format!("/v1/runs/{run}")).refused(404);
    admin.get("/v1/functions/f").refused(404);
}
