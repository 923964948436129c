//! Its own client takes jobs and reports them. Where it would run a container, the interpreters of this machine run the code.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Client;
use crate::harness::{Answer, Caller, Ran, Server, made_runtime, repository, tool};

/// Longer than any test.
const PATIENT_MS: u64 = 600_000;
const PYTHON_IMAGE: &str = "sharedcloud/web-crawling-python36:latest";
const NODE_IMAGE: &str = "sharedcloud/standard-node8:latest";

/// The client as it takes jobs, with whatever it has started.
struct Worker(Child);

/// The client, where `docker` is the stand-in.
fn with_docker(client: &Client<'_>, arguments: &[&str]) -> Command {
    let bin = client.home.path().join("bin");
    std::fs::create_dir_all(&bin).expect("it is made");
    let docker = bin.join("docker");
    if !docker.exists() {
        std::fs::copy(repository().join("tests/clients/docker"), &docker).expect("it is copied");
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let mut command = client.command(arguments);
    command.env("PATH", path).env("PYTHONUNBUFFERED", "1");
    command
}

impl Worker {
    fn start(client: &Client<'_>, arguments: &[&str]) -> Self {
        let direct = with_docker(client, &["instance", "start"]);
        // A runner of tests may ignore Ctrl-C, which what it starts would do as well.
        let mut command = Command::new("env");
        command.arg("--default-signal=INT").arg(direct.get_program()).args(direct.get_args()).args(arguments);
        command.envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).spawn().expect("it starts"))
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.0.id());
        assert!(Command::new("kill").args([signal, "--", &group]).status().expect("kill").success());
    }

    /// As Ctrl-C does it.
    fn interrupt(mut self) -> Option<i32> {
        self.signal("-INT");
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Worker {
    /// At once, with whatever it has started.
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal("-KILL");
            let _ = self.0.wait();
        }
    }
}

/// A server that asks for more than anybody bids, with an account that has logged in and an instance that has these
/// images and may be silent for so long while it has jobs.
fn with_instance(busy_ms: u64, images: &[&str], test: impl FnOnce(&Client<'_>, &Caller)) {
    let Some(program) = tool("sharedcloud/bin/sharedcloud") else { return };
    let Some(python) = made_runtime("python") else { return };
    let server =
        Server::start_with(&format!("[limits]\nworker_busy_ms = {busy_ms}\n[prices.asks]\ncpu = \"1000\"\n"));
    server.skep(&["runtimes", "add", "python", &python.to_string_lossy()]).ok();
    let made =
        server.admin().post("/v1/accounts", &json!({"name": "ada", "password": "right horse"})).data(201);
    let ada = server.with_key(made["key"].as_str().expect("a key"));
    let client = Client { server: &server, program, home: tempfile::tempdir().expect("a directory") };
    client.answers(&["login", "--username", "ada"], "right horse\n").ok();
    let create = ["instance", "create", "--name", "box", "--type", "cpu", "--ask-price", "1.5"];
    client.says(&[&create[..], &["--max-num-parallel-jobs", "3"]].concat());
    for image in images {
        let download = with_docker(&client, &["image", "download", "--registry-path", image]);
        Ran::of(download).ok();
    }
    test(&client, &ada);
}

fn submit(ada: &Caller, (name, image, code): (&str, &str, &str), parameters: &str, bid: &str) -> String {
    let images = ada.get("/api/v1/images").body;
    let image = images.as_array().expect("a list").iter().find(|one| one["registry_path"] == image);
    let body = json!({"name": name, "image": image.expect("the image")["uuid"], "code": code});
    let function = ada.post("/api/v1/functions/", &body);
    assert_eq!(function.status, 201, "{}", function.body);
    let body = json!({"function": function.body["uuid"], "parameters": parameters, "bid_price": bid});
    let run = ada.post("/api/v1/runs/", &body);
    assert_eq!(run.status, 201, "{}", run.body);
    run.body["uuid"].as_str().expect("an id").to_owned()
}

/// An instance made without the client, that has the image of JavaScript and is started.
fn instance(caller: &Caller, places: usize) -> String {
    let body = json!({"name": "box", "type": 1, "ask_price": 1, "max_num_parallel_jobs": places});
    let made = caller.post("/api/v1/instances/", &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["uuid"].as_str().expect("an id").to_owned();
    for (action, body) in
        [("add-image", format!("image_registry_path={NODE_IMAGE}")), ("start", String::new())]
    {
        assert_eq!(form(caller, &format!("/api/v1/instances/{id}/{action}"), &body).status, 200);
    }
    id
}

fn form(caller: &Caller, path: &str, body: &str) -> Answer {
    caller.send("PATCH", path, body, &[("Content-Type", "application/x-www-form-urlencoded")])
}

/// The ids of the jobs that an instance is given.
fn given(caller: &Caller, instance: &str) -> Vec<String> {
    let given = caller.get(&format!("/api/v1/instances/{instance}/get-jobs/"));
    assert_eq!(given.status, 200, "{}", given.body);
    let jobs = given.body.as_array().expect("a list").clone();
    jobs.iter().map(|job| job["job_uuid"].as_str().expect("an id").to_owned()).collect()
}

const DEAR: &str = "[limits]\nbody_bytes_max = 2000\n[prices.asks]\ncpu = \"1000\"\n";
const JAVASCRIPT: (&str, &str, &str) = ("js", NODE_IMAGE, "function handler(event) { return event[0] }");

#[test]
fn a_killed_server_still_hears_of_what_an_instance_has() {
    let mut server = Server::start_with(DEAR);
    let run = submit(&server.admin(), JAVASCRIPT, "((7,), (8,))", "2");
    let id = instance(&server.admin(), 2);
    let jobs = given(&server.admin(), &id);
    assert_eq!(jobs.len(), 2);
    server = Server::start_in(server.kill());
    let admin = server.admin();
    assert_eq!(given(&admin, &id), [""; 0], "it has them still");
    for (job, result) in jobs.iter().zip(["7", "8"]) {
        let body = format!("status=3&output=skep-result-{job}:{result}");
        assert_eq!(form(&admin, &format!("/api/v1/jobs/{job}/"), &body).body["result"], result);
    }
    assert_eq!(admin.run_over(&run)["status"], "SUCCEEDED");
    assert!(admin.jobs_of(&run).iter().all(|job| job["attempts"] == 1 && job["workerId"] == id.as_str()));
}

#[test]
fn reports_that_come_together_are_all_heard() {
    const JOBS: usize = 60;
    let server = Server::start_with(DEAR);
    let admin = server.admin();
    let parameters: Vec<String> = (0..JOBS).map(|number| format!("({number},)")).collect();
    let run = submit(&admin, JAVASCRIPT, &format!("({})", parameters.join(", ")), "2");
    let ids: Vec<String> = (0..4).map(|_| instance(&admin, JOBS / 4)).collect();
    std::thread::scope(|scope| {
        for id in &ids {
            let admin = &admin;
            scope.spawn(move || {
                for job in given(admin, id) {
                    scope.spawn(move || {
                        let path = format!("/api/v1/jobs/{job}/");
                        for body in ["status=2".to_owned(), format!("status=3&output=skep-result-{job}:1")] {
                            let answer = form(admin, &path, &body);
                            assert_eq!(answer.status, 200, "{}", answer.body);
                        }
                    });
                }
            });
        }
    });
    let run = admin.run_over(&run);
    assert_eq!((&run["status"], &run["counts"]["succeeded"]), (&json!("SUCCEEDED"), &json!(JOBS)));
}

#[test]
fn a_report_that_is_too_large_ends_its_attempt() {
    let server = Server::start_with(DEAR);
    let admin = server.admin();
    let run = submit(&admin, JAVASCRIPT, "((7,),)", "2");
    let id = instance(&admin, 2);
    let job = given(&admin, &id).remove(0);
    let body = format!("status=3&output={}", "x".repeat(3000));
    assert_eq!(form(&admin, &format!("/api/v1/jobs/{job}/"), &body).status, 200);
    admin.run_over(&run);
    assert_eq!(admin.jobs_of(&run)[0]["error"]["code"], "output_too_large");
}

#[test]
fn what_the_node_took_meanwhile_is_not_an_instances_to_report() {
    let server = Server::start();
    let admin = server.admin();
    let run = submit(&admin, JAVASCRIPT, "((7,),)", "2");
    admin.run_over(&run);
    let job = admin.jobs_of(&run)[0]["jobId"].as_str().expect("an id").to_owned();
    let answer = form(&admin, &format!("/api/v1/jobs/{job}/"), "status=4&error=late");
    assert_eq!(
        (answer.status, &answer.body["status"], &answer.body["result"]),
        (200, &json!(3), &json!("7"))
    );
    let other = form(&server.member("other"), &format!("/api/v1/jobs/{job}/"), "status=4&error=late");
    assert_eq!(other.status, 404);
}

/// A run's jobs as its API shows them, the first one first.
fn jobs(ada: &Caller, run: &str) -> Vec<Value> {
    let mut jobs: Vec<Value> = ada.get("/api/v1/jobs").body.as_array().expect("a list").clone();
    jobs.retain(|job| job["run"] == run);
    jobs.reverse();
    jobs
}

#[test]
fn its_own_client_takes_jobs_and_reports_them() {
    with_instance(PATIENT_MS, &[PYTHON_IMAGE], |client, ada| {
        let code = "def handler(event):\n    print('Hello', event[0])\n    return [event[0] / event[1], {'a': b'abc'}]\n";
        let run = submit(ada, ("divide", PYTHON_IMAGE, code), "((84, 2), (1, 0), ('é', 1))", "2");
        let dear = submit(ada, ("late", PYTHON_IMAGE, code), "((1, 1),)", "1.4");
        let other = submit(ada, ("js", NODE_IMAGE, "function handler(event) { return 1 }"), "((1,),)", "5");
        assert!(client.line(&["instance", "list"], "box").contains(&"NOT_AVAILABLE".into()));
        assert!(!client.says(&["offer", "list"]).contains("box"));
        let worker = Worker::start(client, &[]);
        ada.run_over(&run);
        let listed = client.line(&["instance", "list"], "box");
        assert!(listed.contains(&"AVAILABLE".into()) && listed.contains(&"1.5".into()), "{listed:?}");
        assert!(client.line(&["offer", "list"], "box").contains(&"$1.800".into()));
        assert!(client.says(&["image", "list", "--only-downloaded"]).contains("web-crawling-python36"));
        let instance = &ada.get("/api/v1/instances").body[0]["uuid"];
        let [good, zero, text] = &jobs(ada, &run)[..] else { panic!("three jobs") };
        for job in [good, zero, text] {
            let build_logs = job["build_logs"].as_str().expect("text").trim_end();
            assert_eq!(
                (&job["instance"], build_logs),
                (instance, format!("Pulling {PYTHON_IMAGE}").as_str())
            );
        }
        assert_eq!((&good["status"], &good["stdout"]), (&json!(3), &json!("Hello 84\n")));
        assert_eq!((&good["result"], &good["stderr"]), (&json!(r#"[42.0,{"a":"YWJj"}]"#), &json!("")));
        assert_eq!(
            (&zero["status"], &zero["stdout"], &zero["result"]),
            (&json!(4), &json!("Hello 1\n"), &json!(""))
        );
        let stderr = zero["stderr"].as_str().expect("text");
        assert!(
            stderr.contains("Traceback") && stderr.ends_with("ZeroDivisionError: division by zero\n"),
            "{stderr}"
        );
        assert_eq!(stderr.matches("ZeroDivisionError").count(), 1, "{stderr}");
        assert!(text["stderr"].as_str().expect("text").contains("TypeError"), "{text}");
        let native = ada.get(&format!("/v1/jobs/{}", good["uuid"].as_str().expect("an id"))).data(200);
        assert_eq!((&native["status"], &native["workerId"]), (&json!("SUCCEEDED"), instance));
        assert_eq!(native["result"], json!([42.0, {"a": "YWJj"}]));
        assert!(native["usage"]["wallNanos"].as_u64().expect("a number") > 0, "{native}");
        for waits in [dear, other] {
            assert_eq!(jobs(ada, &waits)[0]["status"], 1, "what bids less, or has another image, waits");
        }
        assert_eq!(worker.interrupt(), Some(1));
        assert!(client.line(&["instance", "list"], "box").contains(&"NOT_AVAILABLE".into()));
        let id = client.line(&["instance", "list"], "box")[0].clone();
        client.says(&["instance", "update", "--uuid", &id, "--name", "cube", "--ask-price", "1.25"]);
        assert!(client.line(&["instance", "list"], "cube").contains(&"1.25".into()));
        Ran::of(with_docker(client, &["image", "update_all"])).ok();
        Ran::of(with_docker(client, &["image", "clean", "--registry-path", PYTHON_IMAGE])).ok();
        assert!(!client.says(&["image", "list", "--only-downloaded"]).contains("web-crawling-python36"));
        client.says(&["instance", "delete", "--uuid", &id]);
        assert!(!client.says(&["instance", "list"]).contains("cube"));
        assert_eq!(&jobs(ada, &run)[0]["instance"], instance, "who did it stays");
    });
}

#[test]
fn what_a_killed_client_had_is_done_by_the_next() {
    with_instance(5_000, &[PYTHON_IMAGE], |client, ada| {
        let file = client.home.path().join("second");
        let code = format!(
            "import os, time\n\ndef handler(event):\n    if os.path.exists({file:?}):\n        return 'done'\n    open({file:?}, 'w').close()\n    time.sleep(600)\n"
        );
        let run = submit(ada, ("sleep", PYTHON_IMAGE, &code), "((),)", "2");
        let worker = Worker::start(client, &[]);
        let id = jobs(ada, &run)[0]["uuid"].as_str().expect("an id").to_owned();
        ada.wait_until(&format!("/v1/jobs/{id}"), |_| file.exists());
        drop(worker);
        ada.wait_until(&format!("/v1/jobs/{id}"), |job| job["status"] == "QUEUED");
        let attempts = ada.get(&format!("/v1/jobs/{id}/attempts")).data(200);
        assert_eq!(attempts["items"][0]["error"]["code"], "interrupted", "{attempts}");
        let worker = Worker::start(client, &[]);
        ada.run_over(&run);
        assert_eq!(
            (&jobs(ada, &run)[0]["status"], &jobs(ada, &run)[0]["result"]),
            (&json!(3), &json!("done"))
        );
        worker.interrupt();
    });
}

#[test]
fn a_job_that_its_client_stops_has_timed_out() {
    with_instance(PATIENT_MS, &[PYTHON_IMAGE], |client, ada| {
        let code = "import time\n\ndef handler(event):\n    print('begun', flush=True)\n    time.sleep(5)\n";
        let run = submit(ada, ("slow", PYTHON_IMAGE, code), "((),)", "2");
        let worker = Worker::start(client, &["--job-timeout", "0.5"]);
        ada.run_over(&run);
        let job = &jobs(ada, &run)[0];
        assert_eq!((&job["status"], &job["stdout"], &job["build_logs"]), (&json!(5), &json!(""), &json!("")));
        worker.interrupt();
    });
}
