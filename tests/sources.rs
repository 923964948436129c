//! Functions from source: uploaded, built, called, by the API and by the command line.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, made_runtime, repository, unix_ms};

const GREET: &str = "export function handler(event) { return { greeting: `hello ${event[0]}` }; }";

fn put(caller: &Caller, path: &str, media_type: &str, body: &str) -> (u16, Value) {
    let answer = caller.send("PUT", &format!("/v1/functions/{path}"), body, &[("Content-Type", media_type)]);
    let status = answer.status;
    (status, answer.data(status))
}

fn form(parts: &[(&str, Option<&str>, &str)]) -> String {
    let part = |(name, file, text): &(&str, Option<&str>, &str)| {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n")
    };
    format!("{}--b--\r\n", parts.iter().map(part).collect::<String>())
}

const FORM: &str = "multipart/form-data; boundary=b";

#[test]
fn a_file_is_built_by_its_media_type_and_is_a_function() {
    let server = Server::start();
    let admin = server.admin();
    let (status, uploaded) = put(&admin, "greet", "text/javascript; charset=utf-8", GREET);
    assert_eq!((status, &uploaded["version"]["state"]), (201, &json!("READY")), "{uploaded}");
    assert_eq!(uploaded["version"]["runtime"], "javascript@1");
    assert_eq!(uploaded["function"]["exports"][0]["name"], "handler");
    let job = admin.invoke("greet", &json!({"arguments": ["ada"]})).data(200);
    assert_eq!(job["result"], json!({"greeting": "hello ada"}));
    let (status, again) = put(&admin, "greet?runtime=javascript", "", GREET);
    assert_eq!((status, &again["version"]["version"]), (200, &json!(1)), "the same is not built again");
    let (_, shell) = put(&admin, "line", "application/x-sh", "echo hello world");
    assert_eq!(shell["function"]["kinds"], json!(["command"]));
    assert_eq!(admin.invoke("line", &json!({"arguments": []})).data(200)["result"], "hello world\n");
    let source = admin.get("/v1/functions/greet/versions/1/source").body;
    assert_eq!(source["files"]["greet.js"]["text"], GREET);
    assert_eq!(admin.get("/v1/functions/greet/versions/1/component").status, 404);
}

#[test]
fn a_build_is_a_job_with_a_log_and_a_cost() {
    let server = Server::start();
    let admin = server.admin();
    let text = "console.log('at the top'); export const handler = (event) => 1;";
    let (_, uploaded) = put(&admin, "f", "text/javascript", text);
    assert_eq!(uploaded["version"]["buildLogs"], "at the top\n");
    let id = uploaded["version"]["buildJobId"].as_str().expect("a job").to_owned();
    let job = admin.get(&format!("/v1/jobs/{id}")).data(200);
    assert_eq!((&job["status"], &job["jobType"]), (&json!("SUCCEEDED"), &json!("f")));
    assert!(
        job["usage"]["cpuNanos"].as_u64() > Some(0) && job["costNanodollars"].as_u64() > Some(0),
        "{job}"
    );
    let log = admin.get(&format!("/v1/jobs/{id}/logs")).data(200);
    assert_eq!(log["items"][0]["text"], "at the top");
    let runs = admin.get("/v1/runs?source=build").data(200);
    assert_eq!(runs["items"][0]["source"], "build");
    assert_eq!(admin.get("/v1/runs").data(200)["count"], 0, "who lists runs means runs");
    assert!(
        admin.post(&format!("/v1/jobs/{id}/restart"), &json!({})).refused(409).contains("upload the source")
    );
}

#[test]
fn a_build_that_fails_leaves_the_old_version_and_says_why() {
    let server = Server::start();
    let admin = server.admin();
    put(&admin, "f", "text/javascript", GREET);
    let (status, failed) =
        put(&admin, "f", "text/javascript", "export function handler(event) {\n  retur n;\n}");
    assert_eq!((status, &failed["version"]["state"]), (201, &json!("FAILED")));
    let logs = failed["version"]["buildLogs"].as_str().expect("a log");
    assert!(logs.contains("f.js:2:") && logs.contains("SyntaxError: "), "{logs}");
    assert_eq!(failed["function"]["currentVersion"], 1);
    admin.invoke("f", &json!({"arguments": ["ada"]})).data(200);
    let refused = admin.invoke("f", &json!({"arguments": [], "version": 2})).refused(409);
    assert!(refused.contains("nothing came of the build of version 2"), "{refused}");
    // One that has nothing else says so too, and is a function all the same.
    let (_, first) = put(&admin, "g", "text/javascript", "export function handler(one, two) {}");
    assert_eq!(first["function"]["currentVersion"], 1);
    let logs = first["version"]["buildLogs"].as_str().expect("a log");
    assert!(logs.contains("needs to have the following signature: function handler(event)"), "{logs}");
    admin.invoke("g", &json!({"arguments": []})).refused(409);
    assert_eq!(admin.delete("/v1/functions/g").status, 200);
}

#[test]
fn files_come_as_a_form() {
    let server = Server::start();
    let admin = server.admin();
    let body = form(&[
        ("file", Some("lib/name.js"), "export const name = 'ada';"),
        (
            "file",
            Some("index.js"),
            "import { name } from './lib/name.js'; export const handler = (one, two) => name;",
        ),
        ("main", None, "index.js"),
    ]);
    let wrong = put(&admin, "f", FORM, &body).1;
    assert!(wrong["version"]["buildLogs"].as_str().is_some_and(|logs| logs.contains("signature")));
    let body = body.replace("handler = (one, two)", "handler = (event)");
    let (_, uploaded) = put(&admin, "f", FORM, &body);
    assert_eq!(uploaded["version"]["state"], "READY", "{uploaded}");
    assert_eq!(admin.invoke("f", &json!({"arguments": []})).data(200)["result"], "ada");
}

#[test]
fn typescript_is_javascript_without_its_types() {
    let server = Server::start();
    let admin = server.admin();
    let body = form(&[
        (
            "file",
            Some("shop/price.ts"),
            "export type Rates = { each: number };\nexport const price = (n: number, rates: Rates): number => n * rates.each;",
        ),
        (
            "file",
            Some("index.ts"),
            "import { price, type Rates } from './shop/price.js';\ninterface Order { pieces: number }\nexport function handler(event: [Order]): number {\n  const rates: Rates = { each: 3 };\n  if (event[0].pieces < 0) throw new RangeError('no' satisfies string);\n  return price(event[0].pieces, rates);\n}",
        ),
        ("main", None, "index.ts"),
    ]);
    let (_, uploaded) = put(&admin, "f", FORM, &body);
    assert_eq!(uploaded["version"]["state"], "READY", "{uploaded}");
    assert_eq!(uploaded["version"]["runtime"], "typescript@1");
    assert_eq!(admin.invoke("f", &json!({"arguments": [{"pieces": 14}]})).data(200)["result"], 42);
    let failed = admin.invoke("f", &json!({"arguments": [{"pieces": -1}]})).data(200);
    assert!(
        failed["error"]["backtrace"].as_str().is_some_and(|trace| trace.contains("index.ts:5:")),
        "{failed}"
    );
    let (_, failed) =
        put(&admin, "f", "application/typescript", "export enum Kind { One }\nexport const f = () => 1;");
    let logs = failed["version"]["buildLogs"].as_str().expect("a log");
    assert!(logs.contains("enum") && logs.contains("f.ts:1:"), "{logs}");
    let (_, failed) = put(&admin, "f", "application/typescript", "export const f = (x: number => 1;");
    let logs = failed["version"]["buildLogs"].as_str().expect("a log");
    assert!(logs.contains("SyntaxError: ") && logs.contains("f.ts:1:"), "{logs}");
}

#[test]
fn what_is_no_source_is_refused_and_changes_nothing() {
    let server = Server::start();
    let admin = server.admin();
    let refused = |path: &str, media_type: &str, body: &str, status: u16| {
        let path = format!("/v1/functions/{path}");
        admin.send("PUT", &path, body, &[("Content-Type", media_type)]).refused(status)
    };
    assert!(refused("f?runtime=cobol", "", "x", 400).contains("there is no runtime \"cobol\" here"));
    assert!(refused("f", "text/x-python", "x", 400).contains("skep runtimes add python"));
    assert!(refused("..%2fetc", "text/javascript", "x", 400).starts_with("a function's name is"));
    assert!(admin.put("/v1/runtimes/a%20b", "x").refused(400).starts_with("a runtime's name is"));
    assert!(refused("f?main=x.zig", "", "x", 400).contains("say what this source is for"));
    assert!(refused("f?runtime=javascript&main=../x.js", "", "x", 400).contains("is no path of a file"));
    assert!(refused("f?runtime=javascript&wait=1", "", "x", 400).contains("there is no parameter"));
    assert!(refused("f?runtime=javascript&waitMs=x", "", "x", 400).contains("waitMs"));
    assert!(refused("f", "multipart/form-data", "x", 400).contains("the form cannot be read"));
    assert!(refused("f", FORM, "--b\r\n", 400).contains("the form cannot be read"));
    let twice = form(&[("file", Some("a.js"), "1"), ("file", Some("a.js"), "2"), ("main", None, "a.js")]);
    assert!(refused("f", FORM, &twice, 400).contains("is there twice"));
    let which = form(&[("file", Some("a.js"), "1"), ("file", Some("b.js"), "2")]);
    assert!(refused("f", FORM, &which, 400).contains("which file to begin with"));
    let many: Vec<String> = (0..2001).map(|number| format!("{number}.js")).collect();
    let many: Vec<_> = many.iter().map(|path| ("file", Some(path.as_str()), "1")).collect();
    assert!(refused("f", FORM, &form(&many), 413).contains("2000 files at most"));
    assert!(
        refused("f?runtime=javascript", "", &"x".repeat(17 << 20), 413).contains("16777216 bytes at most")
    );
    assert_eq!(admin.get("/v1/functions").data(200)["count"], 0);
}

#[test]
fn a_build_that_never_ends_is_ended_and_can_be_cancelled() {
    let server = Server::start_with("[builds]\ntimeout_seconds = 1\nmemory_bytes_max = 33554432\n");
    let admin = server.admin();
    let (_, endless) = put(&admin, "f", "text/javascript", "export const f = () => 1; for (;;) {}");
    assert!(
        endless["version"]["buildLogs"].as_str().is_some_and(|logs| logs.contains("time limit")),
        "{endless}"
    );
    let greedy =
        "export const f = () => 1; const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));";
    let (_, greedy) = put(&admin, "g", "text/javascript", greedy);
    assert!(
        greedy["version"]["buildLogs"].as_str().is_some_and(|logs| logs.contains("out of memory")),
        "{greedy}"
    );
    let slow = "await new Promise((done) => setTimeout(done, 60000)); export const f = () => 1;";
    let (status, building) = put(&admin, "h?waitMs=0", "text/javascript", slow);
    assert_eq!((status, &building["version"]["state"]), (202, &json!("BUILDING")));
    assert!(admin.invoke("h", &json!({})).refused(409).contains("is being built"));
    assert!(admin.delete("/v1/functions/h").refused(409).contains("not over"));
    let job = building["version"]["buildJobId"].as_str().expect("a job");
    admin.post(&format!("/v1/jobs/{job}/cancel"), &json!({})).data(200);
    let version = admin.wait_until("/v1/functions/h/versions/1", |version| version["state"] != "BUILDING");
    assert_eq!(version["state"], "FAILED");
    let job = admin.wait_until(&format!("/v1/jobs/{job}"), |job| job["completedAt"].is_u64());
    assert_eq!(job["status"], "CANCELLED");
}

#[test]
fn a_build_goes_on_after_a_crash() {
    let server = Server::start();
    let slow = "await new Promise((done) => setTimeout(done, 300)); export const f = () => 1;";
    let (status, _) = put(&server.admin(), "f?waitMs=0", "text/javascript", slow);
    assert_eq!(status, 202);
    let server = Server::start_in(server.kill());
    let admin = server.admin();
    let version = admin.wait_until("/v1/functions/f/versions/1", |version| version["state"] != "BUILDING");
    assert_eq!(version["state"], "READY", "{version}");
}

#[test]
fn scripts_serve_http_and_fetch_what_they_are_granted() {
    let upstream = Server::start();
    let server = Server::start_with("[egress]\nallow = [\"127.0.0.0/8\"]\n");
    let admin = server.admin();
    let text = r#"export default { async fetch(request) {
        const url = new URL(request.url);
        if (url.pathname === "/far") {
            const answer = await fetch(process.env.FAR + "/health");
            return new Response(await answer.text(), { status: answer.status, headers: { "x-far": "yes" } });
        }
        return new Response(`${request.method} ${url.pathname} ${await request.text()}`);
    } };"#;
    put(&admin, "web", "text/javascript", text);
    let said = admin.send("POST", "/f/admin/web/a/b", "to and fro", &[]);
    assert_eq!((said.status, said.body), (200, json!("POST /a/b to and fro")));
    admin.patch("/v1/functions/web", &json!({"settings": {"env": {"FAR": upstream.url}}})).data(200);
    assert_eq!(admin.get("/f/admin/web/far").status, 502, "nothing is granted");
    let grants = json!({"settings": {"grants": {"egress": [upstream.url]}}});
    admin.patch("/v1/functions/web", &grants).data(200);
    let far = admin.get("/f/admin/web/far");
    assert_eq!((far.status, far.headers["x-far"].to_str().ok()), (200, Some("yes")));
}

#[test]
fn an_answer_that_breaks_off_is_a_failure_with_its_trace() {
    let server = Server::start();
    let admin = server.admin();
    let text = "export default { fetch() { return new Response((async function* () { yield 'a'; throw new Error('why'); })()); } };";
    put(&admin, "web", "text/javascript", text);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent.get(format!("{}/f/admin/web/", server.url));
    let answer = request.header("Authorization", format!("Bearer {}", server.key())).call();
    let read = answer.and_then(|mut answer| answer.body_mut().read_to_string());
    assert!(read.is_err(), "it breaks off: {read:?}");
    let jobs = admin.wait_until("/v1/jobs?limit=1&jobType=web&status=FAILED", |jobs| jobs["count"] == 1);
    let id = jobs["items"][0]["jobId"].as_str().expect("a job");
    let log = admin.get(&format!("/v1/jobs/{id}/logs")).data(200);
    assert!(log.to_string().contains("Error: why"), "{log}");
}

#[test]
fn runtimes_are_the_operators() {
    let server = Server::start();
    let (admin, member) = (server.admin(), server.member("ada"));
    let listed = member.get("/v1/runtimes").data(200);
    let names: Vec<&Value> =
        listed["items"].as_array().expect("items").iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["javascript", "shell", "typescript"]);
    let javascript = std::fs::read(repository().join("runtimes/built/javascript.wasm")).expect("it is built");
    assert_eq!(member.put("/v1/runtimes/mine", &javascript).status, 403);
    assert_eq!(admin.put("/v1/runtimes/mine", &javascript).status, 201);
    assert_eq!(admin.put("/v1/runtimes/mine", &javascript).status, 200);
    let primes = crate::harness::guest("primes");
    assert!(admin.put("/v1/runtimes/mine", &primes).refused(400).contains("is no runtime"));
    put(&member, "f?runtime=mine", "", GREET);
    assert_eq!(admin.delete("/v1/runtimes/mine").status, 200);
    assert_eq!(admin.get("/v1/runtimes/mine").status, 404);
    member.invoke("f", &json!({"arguments": ["ada"]})).data(200);
    let refused = member.send("PUT", "/v1/functions/f?runtime=mine", "other", &[]);
    assert!(refused.refused(400).contains("there is no runtime \"mine\""));
    // What comes with the server and was removed stays away.
    assert_eq!(admin.delete("/v1/runtimes/shell").status, 200);
    let server = Server::start_in(server.terminate().1);
    assert_eq!(server.admin().get("/v1/runtimes").data(200)["count"], 2);
}

#[test]
fn the_command_line_makes_deploys_and_calls_projects() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a directory");
    for (language, runtime) in [("js", "javascript@1"), ("shell", "shell@1")] {
        let project = folder.path().join(format!("hello-{language}"));
        let path = project.to_string_lossy().into_owned();
        assert!(server.skep(&["init", &path, "--lang", language]).ok().contains("README.md"));
        let deployed = server.skep(&["deploy", &path]).ok();
        assert!(deployed.contains(runtime), "{deployed}");
        let said = server.skep(&["invoke", &format!("hello-{language}"), "ada"]).ok();
        assert!(said.contains("hello ada"), "{said}");
        assert_eq!(server.skep(&["init", &path, "--lang", language]).code, Some(2), "it is not empty");
    }
    let broken = folder.path().join("broken.js");
    std::fs::write(&broken, "export function handler(event) { return ; ) }").expect("it is written");
    let failed = server.skep(&["deploy", &broken.to_string_lossy()]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("SyntaxError") && failed.stdout.contains("FAILED"), "{}", failed.stderr);
    assert!(server.skep(&["runtimes"]).ok().contains("javascript"));
    assert!(server.skep(&["runtimes", "show", "shell"]).ok().contains("shell"));
    assert_eq!(server.skep(&["runtimes", "rm", "shell"]).code, Some(0));
    let unknown = server.skep(&["runtimes", "add", "cobol"]);
    assert_eq!(unknown.code, Some(2));
}

#[test]
fn what_an_instance_has_of_its_own_is_not_another_s() {
    let server = Server::start();
    let admin = server.admin();
    for (name, kind) in [("js", "text/javascript"), ("ts", "application/typescript")] {
        let text = "let calls = 0;\nconst top = Math.random();\nexport const handler = (event) => [++calls, performance.now() < 1000, Date.now(), top, Math.random(), Math.random(), crypto.randomUUID()];\n";
        put(&admin, name, kind, text);
        let call = || admin.invoke(name, &json!({"arguments": []})).data(200)["result"].clone();
        let (before, one, other) = (unix_ms(), call(), call());
        for own in [&one, &other] {
            assert_eq!((&own[0], &own[1]), (&json!(1), &json!(true)), "each begins anew: {own}");
            assert!(own[2].as_u64().is_some_and(|now| now + 1000 > before && now <= unix_ms()), "{own}");
            assert_ne!(own[4], own[5], "{own}");
        }
        for place in 3..7 {
            assert_ne!(one[place], other[place], "nothing is frozen: {one}, {other}");
        }
    }
}

#[test]
fn python_is_a_runtime_to_add() {
    let Some(component) = made_runtime("python") else { return };
    let server = Server::start();
    server.skep(&["runtimes", "add", "python", &component.to_string_lossy()]).ok();
    let folder = tempfile::tempdir().expect("a directory");
    let project = folder.path().join("hello-python").to_string_lossy().into_owned();
    server.skep(&["init", &project, "--lang", "python"]).ok();
    server.skep(&["deploy", &project]).ok();
    assert!(server.skep(&["invoke", "hello-python", "ada"]).ok().contains("hello ada"));
    let admin = server.admin();
    assert_eq!(admin.get("/f/admin/hello-python/x").body, json!("GET /x\n"));
    let text = "import random, uuid, time\ndef handler(event):\n    batch, rate = event\n    return [batch * rate, random.random(), str(uuid.uuid4()), time.time_ns()]\ndef broken():\n    return {}['gone']\n";
    put(&admin, "f", "text/x-python", text);
    let one = admin.invoke("f", &json!({"arguments": [512, 0.5]})).data(200);
    let other = admin.invoke("f", &json!({"arguments": [512, 0.5]})).data(200);
    assert_eq!((&one["result"][0], &other["result"][0]), (&json!(256.0), &json!(256.0)));
    for place in 1..4 {
        assert_ne!(one["result"][place], other["result"][place], "nothing is frozen");
    }
    let broken = admin.invoke("f", &json!({"export": "broken", "arguments": []})).data(200);
    assert_eq!(broken["error"]["message"], "KeyError: 'gone'");
    assert!(broken["error"]["backtrace"].as_str().is_some_and(|trace| trace.contains("line 6, in broken")));
    let (_, failed) = put(&admin, "f", "text/x-python", "import numpy\ndef handler(event): pass\n");
    let logs = failed["version"]["buildLogs"].as_str().expect("a log");
    assert!(logs.contains("ModuleNotFoundError: No module named 'numpy'"), "{logs}");
    let (_, failed) = put(&admin, "f", "text/x-python", "def handler(one, two): pass\n");
    let logs = failed["version"]["buildLogs"].as_str().expect("a log");
    assert!(logs.contains("needs to have the following signature: def handler(event)"), "{logs}");
}
