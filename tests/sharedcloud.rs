//! sharedcloud's API: its own client against it, its document.

mod workers;

use std::process::Command;

use serde_json::json;

use crate::harness::{Ran, Server, made_runtime, tool, unix_ms, wat};

/// Its client, with a home of its own.
struct Client<'a> {
    server: &'a Server,
    program: std::path::PathBuf,
    home: tempfile::TempDir,
}

impl Client<'_> {
    fn says(&self, arguments: &[&str]) -> String {
        self.answers(arguments, "").ok()
    }

    fn answers(&self, arguments: &[&str], typed: &str) -> Ran {
        let command = self.command(arguments);
        let input = self.home.path().join("typed");
        std::fs::write(&input, typed).expect("it is written");
        Ran::with_input(command, std::fs::File::open(&input).expect("it is there").into())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("HOME", self.home.path()).env("SHAREDCLOUD_CLI_URL", &self.server.url);
        command
    }

    /// The words of the line of a table that has a word in it.
    fn line(&self, arguments: &[&str], word: &str) -> Vec<String> {
        let table = self.says(arguments);
        let line = table.lines().find(|line| line.contains(word));
        let line = line.unwrap_or_else(|| panic!("no {word} in {table}"));
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn until(&self, arguments: &[&str], word: &str) -> Vec<String> {
        let began = std::time::Instant::now();
        while !self.says(arguments).contains(word) {
            assert!(began.elapsed() < crate::harness::PATIENCE, "{}", self.says(arguments));
        }
        self.line(arguments, word)
    }
}

#[test]
fn its_own_client_makes_the_tour() {
    let Some(program) = tool("sharedcloud/bin/sharedcloud") else { return };
    let Some(python) = made_runtime("python") else { return };
    let server = Server::start();
    server.skep(&["runtimes", "add", "python", &python.to_string_lossy()]).ok();
    server.admin().post("/v1/accounts", &json!({"name": "ada", "password": "right horse"})).data(201);
    let client = Client { server: &server, program, home: tempfile::tempdir().expect("a directory") };
    assert!(client.answers(&["run", "list"], "").stdout.contains("logged out"));
    assert!(client.answers(&["login", "--username", "ada"], "wrong\n").code != Some(0));
    assert!(
        client.answers(&["login", "--username", "ada"], "right horse\n").ok().contains("Login Succeeded")
    );
    assert!(client.says(&["account", "list"]).contains("ada"));
    let image = client.line(&["image", "list"], "web-crawling-python36")[0].clone();
    assert!(client.says(&["gpu", "list"]).contains("Nvidia Tesla P4 8GB"));
    let code = "def handler(event):\n    print('Hello World', event[0])\n    return event[0] / event[1]\n";
    let function =
        client.says(&["function", "create", "--name", "divide", "--image-uuid", &image, "--code", code]);
    let function = function.trim();
    let listed = client.line(&["function", "list"], "divide");
    assert_eq!((listed[0].as_str(), listed[3].as_str()), (function, "0"));
    assert_eq!(client.says(&["function", "code", "--uuid", function]).trim_end(), code.trim_end());
    let run = [
        "run",
        "create",
        "--function-uuid",
        function,
        "--parameters",
        "((42, 2), (1, 0))",
        "--bid-price",
        "0.5",
    ];
    let run = client.says(&run);
    assert!(client.says(&["run", "list"]).contains("((42, 2), (1, 0))"));
    assert_eq!(client.line(&["function", "list"], "divide")[3], "1");
    let succeeded = client.until(&["job", "list"], "SUCCEEDED");
    let failed = client.until(&["job", "list"], "FAILED");
    let of = |what: &str, job: &[String]| client.says(&["job", what, "--uuid", &job[0]]);
    assert_eq!((succeeded[1].as_str(), failed[1].as_str()), ("0", "1"));
    assert_eq!(of("result", &succeeded).trim(), "21.0");
    assert_eq!(of("stdout", &succeeded).trim(), "Hello World 42");
    let stderr = of("stderr", &failed);
    assert!(stderr.contains("line 3, in handler") && stderr.contains("ZeroDivisionError"), "{stderr}");
    assert_eq!((of("result", &failed).trim(), of("logs", &failed).trim()), ("", ""));
    let update = client.says(&["function", "update", "--uuid", function, "--code", &code.replace('/', "*")]);
    assert_eq!(update.trim(), function);
    client.says(&["run", "delete", "--uuid", run.trim()]);
    assert!(!client.says(&["job", "list"]).contains("SUCCEEDED"));
    client.says(&["function", "delete", "--uuid", function]);
    assert!(!client.says(&["function", "list"]).contains("divide"));
    assert!(client.answers(&["function", "code", "--uuid", function], "").stdout.contains("Not found"));
}

#[test]
fn its_own_client_makes_and_deletes_an_account() {
    let Some(program) = tool("sharedcloud/bin/sharedcloud") else { return };
    let server = Server::start_with("[accounts]\nregistration = true\n");
    let client = Client { server: &server, program, home: tempfile::tempdir().expect("a directory") };
    let create = ["account", "create", "--email", "ada@example.com", "--username", "ada"];
    let made = client.answers(&create, "right horse\n").ok();
    let login = |password: &str| client.answers(&["login", "--username", "ada"], password);
    assert!(login("right horse\n").ok().contains("Login Succeeded"));
    let listed = client.line(&["account", "list"], "ada");
    assert!(made.contains(&listed[0]), "{made}, {listed:?}");
    client.answers(&["account", "change_password"], "other horse\n").ok();
    assert!(client.answers(&["account", "list"], "").stdout.contains("logged out"));
    assert_ne!(login("right horse\n").code, Some(0));
    login("other horse\n").ok();
    client.answers(&["account", "delete"], "y\n").ok();
    assert_ne!(login("other horse\n").code, Some(0));
}

#[test]
fn what_was_made_elsewhere_is_seen_and_run_by_name() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let run = admin.send("POST", "/api/v1/runs/", "function=double&parameters=((21,),)&bid_price=1", &form);
    assert_eq!((run.status, &run.body["function_name"]), (201, &json!("double")), "{}", run.body);
    let id = run.body["uuid"].as_str().expect("an id");
    admin.run_over(id);
    let job = admin.get("/api/v1/jobs/").body[0].clone();
    assert_eq!(
        (&job["result"], &job["status"], &job["arguments"]),
        (&json!("42"), &json!(3), &json!("(21,)"))
    );
    let job = job["uuid"].as_str().expect("an id");
    let native = admin.get(&format!("/v1/jobs/{job}")).data(200);
    assert_eq!((&native["status"], &native["result"]), (&json!("SUCCEEDED"), &json!(42)));
    assert_eq!(admin.get(&format!("/v3/jobs/{job}")).body["data"]["status"], "SUCCESS");
    let labels = admin.get(&format!("/v1/runs/{id}")).data(200)["labels"].clone();
    assert_eq!(labels["sharedcloud/parameters"], "((21,),)");
    let native = admin.submit(&json!({"function": "double", "parameters": [[4], [5]], "bidPrice": "0.25"}));
    admin.run_over(&native);
    let run = admin.get(&format!("/api/v1/runs/{native}")).body;
    assert_eq!((&run["parameters"], &run["bid_price"]), (&json!("((4,), (5,))"), &json!(0.25)));
    let function = &admin.get("/api/v1/functions").body[0];
    assert_eq!(
        (&function["code"], &function["image"], &function["num_runs"]),
        (&json!(""), &json!(null), &json!(2))
    );
}

#[test]
fn a_password_is_chosen_only_by_who_may_all_that_it_gives() {
    let server = Server::start();
    let member = server.member("ada");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let later = unix_ms() + 60_000;
    for less in [json!({"scopes": ["keys:write", "runs:read"]}), json!({"expiresAt": later})] {
        let key = member.post("/v1/keys", &less).data(201)["key"].as_str().expect("a key").to_owned();
        let refused =
            server.with_key(&key).send("PATCH", "/api/v1/users/account/", "password=right+horse", &form);
        assert_eq!(refused.status, 403, "{less}: {}", refused.body);
    }
    let login = || {
        let body = "username=ada&password=right+horse";
        server.anon().send("POST", "/api/v1/api-token-auth/", body, &form)
    };
    assert_eq!(login().status, 400);
    assert_eq!(member.send("PATCH", "/api/v1/users/account/", "password=right+horse", &form).status, 200);
    let (one, other) = (login().body, login().body);
    assert_ne!(one, other);
    let one = server.with_key(one["token"].as_str().expect("a token"));
    let keys = one.get("/v1/keys").data(200);
    let newest = keys["items"][0]["keyId"].as_str().expect("an id");
    assert_eq!(keys["items"][0]["name"], "password login");
    assert_eq!(one.delete(&format!("/v1/keys/{newest}")).status, 200);
    let other = server.with_key(other["token"].as_str().expect("a token"));
    login();
    assert_eq!(other.get("/v1/keys").status, 401, "what was revoked does not come back");
    one.post("/v1/keys", &json!({"name": "password login"})).refused(400);
}

#[test]
fn its_document_is_served_as_it_was_reviewed() {
    let server = Server::start();
    insta::assert_json_snapshot!(server.anon().get("/openapi/sharedcloud.json").body);
}
