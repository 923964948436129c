//! The document of the API: as it is served, as others read it, and whether answers are as it says.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Ran, Server, guest, repository, tool, wat};

#[test]
fn the_document_is_served_as_it_was_reviewed() {
    let server = Server::start();
    let served = server.anon().get("/openapi.json");
    assert_eq!((served.status, &served.body), (200, skep_api::openapi()));
    insta::assert_json_snapshot!(served.body);
}

#[test]
fn the_page_of_the_document_needs_nothing_from_elsewhere() {
    let server = Server::start();
    let anon = server.anon();
    let page = anon.get("/docs/").body.as_str().expect("a page").to_owned();
    let settings = anon.get("/docs/swagger-initializer.js").body.as_str().expect("a script").to_owned();
    assert!(settings.contains("/openapi.json") && settings.contains("\"none\""), "{settings}");
    let mut assets = 0;
    for part in page.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        assert!(!part.contains("//"), "{part}");
        assert_eq!(anon.get(&format!("/docs/{}", part.trim_start_matches("./"))).status, 200, "{part}");
        assets += 1;
    }
    assert!(assets >= 4, "{page}");
    assert!(!page.contains("http") && !settings.contains("http://") && !settings.contains("https://"));
}

/// A server with a little of everything, and the ids of what it has, each in a file of its own.
fn furnished(directory: &std::path::Path) -> Server {
    let server = Server::start();
    let admin = server.admin();
    for name in ["primes", "words"] {
        admin.deploy(name, guest(name));
    }
    admin.deploy("nop", "(module (func (export \"nop\")))");
    admin.deploy("double", wat::DOUBLE);
    server.member("other");
    let run = admin.submit(&json!({"function": "primes", "parameters": [[0, 10], [0, 20]]}));
    admin.run_over(&run);
    let lines = |ids: Vec<String>| ids.iter().map(|id| format!("\"{id}\"\n")).collect::<String>();
    let jobs =
        admin.jobs_of(&run).iter().map(|job| job["jobId"].as_str().expect("an id").to_owned()).collect();
    std::fs::write(directory.join("runs.txt"), lines(vec![run])).expect("it is written");
    std::fs::write(directory.join("jobs.txt"), lines(jobs)).expect("it is written");
    server
}

#[test]
fn schemathesis_finds_no_5xx_and_no_answer_outside_its_schema() {
    let Some(schemathesis) = tool("schemathesis/bin/schemathesis") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let server = furnished(directory.path());
    for file in ["schemathesis.toml", "hooks.py"] {
        let from = repository().join("tests/clients").join(file);
        std::fs::copy(from, directory.path().join(file)).expect("it is copied");
    }
    for (path, _) in skep_api::documents() {
        let mut command = Command::new(&schemathesis);
        command.current_dir(directory.path()).args(["run", &format!("{}{path}", server.url)]);
        command.args(["--url", &server.url, "-H", &format!("Authorization: Bearer {}", server.key())]);
        command.args(["--phases", "coverage,fuzzing", "--max-examples", "40", "--no-color"]);
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(0), "{path}: {}{}", ran.stdout, ran.stderr);
        let is_fine = ran.stdout.contains("No issues found") || ran.stdout.contains("passed");
        assert!(is_fine, "{path}: {}", ran.stdout);
    }
}

#[test]
fn a_client_that_is_generated_from_it_compiles_and_runs_the_tour() {
    let generator = tool("openapi-generator/bin/openapi-generator-cli");
    let (Some(generator), Some(compiler)) = (generator, tool("node/node_modules/.bin/tsc")) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let server = Server::start();
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let mut generate = Command::new(generator);
    generate.args(["generate", "-g", "typescript-fetch", "-i", &format!("{}/openapi.json", server.url)]);
    generate.args(["-o", &path("client"), "--global-property", "apiDocs=false,modelDocs=false"]);
    generate.args(["--reserved-words-mappings", "export=export,function=function"]);
    Ran::of(generate).ok();
    std::fs::copy(repository().join("tests/clients/tour.ts"), path("tour.ts")).expect("it is copied");
    let types = compiler.ancestors().nth(2).expect("node_modules").join("@types");
    let mut compile = Command::new(&compiler);
    compile.args(["--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "commonjs"]);
    compile.args(["--types", "node", "--typeRoots", &types.to_string_lossy(), "--outDir", &path("out")]);
    compile.arg(path("tour.ts"));
    Ran::of(compile).ok();
    let mut tour = Command::new("node");
    tour.arg(path("out/tour.js")).arg(repository().join("guests/built/primes.wasm"));
    tour.env("SKEP_URL", &server.url).env("SKEP_TOKEN", server.key());
    assert!(Ran::of(tour).ok().contains("tour done"));
}

#[test]
fn what_the_document_calls_required_is_there() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let job = admin.invoke("double", &json!({"arguments": [1]})).data(200);
    let schema = &skep_api::openapi()["components"]["schemas"]["JobView"];
    let required: Vec<&Value> = schema["required"].as_array().expect("names").iter().collect();
    assert!(required.len() > 20);
    for name in required {
        assert!(job.get(name.as_str().expect("a name")).is_some(), "{name} is absent, not null");
    }
}
