//! The built guests are what their sources say, wherever there is a toolchain to see it.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Ran, Server, guest, repository, skip};

#[test]
fn sources_build_to_components_that_behave_the_same() {
    let out = tempfile::tempdir().expect("a directory");
    let mut build = Command::new("bash");
    build.arg(repository().join("guests/build")).arg("--out").arg(out.path());
    let built = Ran::of(build);
    if built.code == Some(3) {
        skip(&format!("no wasm toolchain here; guests/build says: {}", built.stderr.trim()));
        return;
    }
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let server = Server::start();
    let admin = server.admin();
    let text = "to be or not to be";
    for (name, bodies) in [
        ("primes", vec![json!({"arguments": [0, 1000]}), json!({"arguments": [5, 5]})]),
        ("words", vec![json!({"arguments": [text]}), json!({"arguments": [""]})]),
        ("mandelbrot", vec![json!({"arguments": [32, 16, 50]}), json!({"arguments": [0, 1, 1]})]),
        ("command", vec![json!({"arguments": ["args", "a"]}), json!({"arguments": ["exit", "1"]})]),
        ("async-command", vec![json!({}), json!({"arguments": ["fail"]})]),
        (
            "values",
            vec![
                json!({"export": "fail", "arguments": ["x"]}),
                json!({"export": "divide", "arguments": [7, 2]}),
            ],
        ),
    ] {
        let fresh = std::fs::read(out.path().join(format!("{name}.wasm"))).expect("it was built");
        let behaviour = |function: &str, bytes: Vec<u8>| {
            let exports = admin.deploy(function, bytes)["function"]["exports"].clone();
            let calls = bodies.iter().map(|body| {
                let job = admin.invoke(function, body).data(200);
                json!([job["status"], job["result"], job["error"]["message"], job["stdout"]])
            });
            (exports, calls.collect::<Vec<Value>>())
        };
        assert_eq!(behaviour("fresh", fresh), behaviour("kept", guest(name)), "{name}");
    }
}
