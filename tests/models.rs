//! Models: uploaded, shown, granted, computed; hostile ones fail alone.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Caller, Server, guest, repository};

/// Rows of four numbers to rows of three: `softmax(x · w)`.
fn classifier() -> Vec<u8> {
    std::fs::read(repository().join("tests/models/classifier.onnx")).expect("it is in the repository")
}

/// A function that computes with whatever it is granted.
fn deploy(caller: &Caller, models: &[&str]) {
    caller.deploy("infer", guest("infer"));
    caller.patch("/v1/functions/infer", &json!({"settings": {"grants": {"models": models}}})).data(200);
}

fn row(values: [f32; 4]) -> Value {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    json!([{"name": "x", "dims": [1, 4], "ty": "fp32", "data": data}])
}

/// Calls a function with a model of this name, and gives the job.
fn infer(caller: &Caller, model: &str) -> Value {
    let body = json!({"export": "by-name", "arguments": [model, row([1.0, 2.0, 3.0, 4.0])]});
    caller.invoke("infer", &body).data(200)
}

#[test]
fn a_model_is_uploaded_shown_granted_computed_and_removed() {
    let server = Server::start();
    let admin = server.admin();
    let put = admin.put("/v1/models/iris?batchAxis=0&batchRows=8", classifier()).data(201);
    assert_eq!(
        (&put["name"], &put["version"], &put["backend"]),
        (&json!("iris"), &json!(1), &json!("tract"))
    );
    assert_eq!(put["inputs"], json!([{"name": "x", "type": "fp32", "dims": ["rows", 4]}]));
    assert_eq!(put["outputs"], json!([{"name": "y", "type": "fp32", "dims": ["rows", 3]}]));
    assert_eq!((&put["batching"], &put["shared"]), (&json!({"axis": 0, "rowsMax": 8}), &json!(false)));
    admin.put("/v1/models/iris?batchAxis=0&batchRows=8", classifier()).data(200);
    assert_eq!(admin.put("/v1/models/iris", classifier()).data(201)["version"], 2, "run in another way");
    assert_eq!(admin.get("/v1/models").data(200)["items"][0]["version"], 2);
    assert_eq!(admin.get("/v1/models/iris").data(200)["versions"].as_array().map(Vec::len), Some(2));

    deploy(&admin, &["iris"]);
    let job = infer(&admin, "iris");
    assert_eq!((&job["status"], &job["result"][0]["dims"]), (&json!("SUCCEEDED"), &json!([1, 3])), "{job}");
    let devices = &job["usage"]["devices"];
    assert_eq!((&devices[0]["device"], &devices[0]["inferences"]), (&json!("cpu"), &json!(1)), "{job}");
    assert!(devices[0]["nanos"].as_u64() > Some(0) && devices[0]["tensorBytes"] == 28, "{devices}");
    let again = infer(&admin, "iris");
    assert_eq!(again["usage"]["devices"][0]["loadNanos"], 0, "it is loaded once: {again}");

    admin.delete("/v1/models/iris").data(200);
    admin.delete("/v1/models/iris").refused(404);
    admin.get("/v1/models/iris").refused(404);
    let job = infer(&admin, "iris");
    assert_eq!(
        job["error"]["message"],
        "ErrorCode::NotFound: no model \"iris\" is granted to this function; none is"
    );
}

#[test]
fn a_model_is_its_accounts_unless_the_operator_shares_it() {
    let server = Server::start();
    let (admin, member, other) = (server.admin(), server.member("ann"), server.member("ben"));
    member.put("/v1/models/mine", classifier()).data(201);
    assert_eq!(other.get("/v1/models/mine").refused(404), other.get("/v1/models/nobodys").refused(404));
    other.delete("/v1/models/mine").refused(404);
    other.deploy("infer", guest("infer"));
    let refused = other.patch("/v1/functions/infer", &json!({"settings": {"grants": {"models": ["mine"]}}}));
    assert!(refused.refused(400).contains("there is no model \"mine\""));

    member.put("/v1/models/ours?shared=true", classifier()).refused(403);
    admin.put("/v1/models/ours?shared=true&batchAxis=0", classifier()).data(201);
    deploy(&other, &["ours"]);
    assert_eq!(infer(&other, "ours")["status"], "SUCCEEDED");
    assert_eq!(other.get("/v1/models").data(200)["items"][0]["name"], "ours");
    other.delete("/v1/models/ours").refused(404);
    // Its own of the same name goes before it.
    other.put("/v1/models/ours", classifier()).data(201);
    assert_eq!(other.get("/v1/models/ours").data(200)["versions"][0]["shared"], false);
}

#[test]
fn what_is_no_model_fails_one_upload() {
    let server = Server::start_with("[limits]\nmodel_bytes_max = 4096\nmodels_bytes_max = 1000\n");
    let admin = server.admin();
    let truncated = &classifier()[..100];
    for (path, bytes, status, words) in [
        ("hostile", b"\x08\x08hello".to_vec(), 400, "no ONNX file"),
        ("hostile", truncated.to_vec(), 400, "ONNX"),
        ("hostile", vec![0; 5000], 413, "4096"),
        ("no%20name", classifier(), 400, "name"),
        ("iris?batchAxis=1", classifier(), 400, "axis 1 is always 4 long"),
        ("iris?batchAxis=9", classifier(), 400, "batchAxis"),
        ("iris?batchRows=1", classifier(), 400, "batchRows"),
        ("iris?shared=perhaps", classifier(), 400, "shared"),
        ("iris?batch=1", classifier(), 400, "batch"),
    ] {
        let refused = admin.put(&format!("/v1/models/{path}"), bytes).refused(status);
        assert!(refused.contains(words), "{path}: {refused}");
    }
    assert_eq!(admin.get("/v1/models").data(200)["count"], 0);
    let mut stored = 0;
    let full = loop {
        let answer = admin.put(&format!("/v1/models/m{stored}"), classifier());
        if answer.status != 201 {
            break answer;
        }
        stored += 1;
    };
    assert!(full.refused(413).contains("1000 bytes of models"), "{stored} fit");
}

#[test]
fn files_of_models_go_with_them() {
    let server = Server::start();
    let admin = server.admin();
    admin.put("/v1/models/one", classifier()).data(201);
    admin.put("/v1/models/two", classifier()).data(201);
    let directory = server.directory.path().join("data/models");
    let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let files = || entries(&directory).flat_map(|folder| entries(&folder.path())).count();
    assert_eq!(files(), 1, "the same file");
    admin.delete("/v1/models/one").data(200);
    admin.delete("/v1/models/two").data(200);
    let began = std::time::Instant::now();
    while files() > 0 {
        assert!(began.elapsed().as_secs() < 10, "nobody takes it away");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn the_command_line_puts_shows_and_removes() {
    let server = Server::start();
    let file = repository().join("tests/models/classifier.onnx");
    let file = file.to_str().expect("a path");
    let put = server.skep(&["models", "put", "iris", file, "--batch-axis", "0"]).ok();
    assert_eq!(put.trim(), "iris version 1: x: fp32[rows, 4] -> y: fp32[rows, 3]");
    let listed = server.skep(&["models"]).ok();
    assert!(listed.contains("iris") && listed.contains("axis 0, 32 rows"), "{listed}");
    let shown = server.skep(&["models", "show", "iris"]).ok();
    assert!(shown.starts_with("takes x: fp32[rows, 4]\ngives y: fp32[rows, 3]\n"), "{shown}");
    server.skep(&["models", "rm", "iris"]).ok();
    assert_eq!(server.skep(&["models", "list", "--json"]).json(), json!([]));
}
