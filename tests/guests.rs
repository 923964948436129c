//! The built guests are what their sources say, wherever there is a toolchain to see it.

use std::path::PathBuf;
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

/// A compiler for wasm32-wasip2, as `guests/build` finds it.
fn wasm_rustc() -> Option<PathBuf> {
    let named = std::env::var_os("SKEP_WASM_RUSTC").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let private = cache.map(|cache| cache.join("skep/wasm-toolchain/bin/rustc"));
    let found = named.or(private).filter(|rustc| rustc.exists());
    if found.is_none() {
        skip("no wasm toolchain here: guests/build --toolchain makes one");
    }
    found
}

#[test]
#[ignore = "cargo takes both cores, which others' deadlines would feel; .ci/run runs it"]
fn a_project_in_rust_is_built_by_its_own_tools_and_deployed() {
    let Some(rustc) = wasm_rustc() else { return };
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a directory");
    let project = folder.path().join("greet-in-rust");
    server.skep(&["init", &project.to_string_lossy(), "--lang", "rust"]).ok();
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"]).current_dir(&project);
    cargo.env("RUSTC", rustc).env("CARGO_TARGET_DIR", project.join("target")).env_remove("RUSTFLAGS");
    Ran::of(cargo).ok();
    let built = project.join("target/wasm32-wasip2/release/greet_in_rust.wasm");
    server.skep(&["deploy", &built.to_string_lossy(), "--name", "greet-in-rust"]).ok();
    assert_eq!(server.skep(&["invoke", "greet-in-rust", "ada"]).ok().trim(), "\"hello ada\"");
}
