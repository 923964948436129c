//! Tork's API: workflows in its language, over the real binary.

mod examples;
mod web;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Caller, Ran, SKEP, Server, guest, unix_ms};
use crate::webhooks::{self, Ear};

const YAML: [(&str, &str); 1] = [("Content-Type", "text/yaml")];

fn submit(caller: &Caller, yaml: &str) -> String {
    let answer = caller.send("POST", "/jobs", yaml, &YAML);
    assert_eq!(answer.status, 200, "{}\n{yaml}", answer.body);
    answer.body["id"].as_str().expect("an id").to_owned()
}

/// A job, once it is over.
fn over(caller: &Caller, id: &str) -> Value {
    let began = std::time::Instant::now();
    loop {
        let answer = caller.get(&format!("/jobs/{id}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        if !matches!(answer.body["state"].as_str(), Some("PENDING" | "RUNNING")) {
            return answer.body;
        }
        assert!(began.elapsed() < crate::harness::PATIENCE, "{}", answer.body);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn done(caller: &Caller, yaml: &str) -> Value {
    over(caller, &submit(caller, yaml))
}

/// The tasks that were run, by name.
fn states(job: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let tasks = job["execution"].as_array().into_iter().flatten();
    tasks.map(|task| (text(&task["name"]), text(&task["state"]))).collect()
}

/// What the language has.
const ALL: &str = r#"
name: all of it
description: what the language has
tags: [nightly, blue]
inputs:
  who: ada
  count: "3"
output: "{{ tasks.greeting }}, {{ tasks.sum }} and {{ tasks.inner }}"
defaults:
  timeout: 1m
  retry:
    limit: 2
tasks:
  - name: greet {{ inputs.who }}
    var: greeting
    image: alpine:3.18.3
    env:
      WHO: "{{ inputs.who }}"
    run: |
      echo "the log says {{ this }} as it stands"
      echo -n "hello $WHO" > $TORK_OUTPUT
  - name: numbers
    each:
      list: "{{ sequence(1, 4) }}"
      concurrency: 2
      task:
        name: number {{ item.index }}
        var: n{{ item.index }}
        image: bash
        env:
          N: "{{ item.value }}"
        run: echo -n $((N * 10)) > $TORK_OUTPUT
  - name: left out
    if: "{{ tasks.n0 == '20' }}"
    image: ubuntu
    run: exit 1
  - name: add up
    var: sum
    image: busybox:latest
    env: { A: "{{ tasks.n0 }}", B: "{{ tasks.n1 }}", C: "{{ tasks.n2 }}" }
    files:
      add.sh: echo -n $(($1 + $2 + $3))
    run: . ./add.sh $A $B $C > $TORK_OUTPUT
  - name: at once
    parallel:
      tasks:
        - name: left
          image: ubuntu:mantic
          entrypoint: ["bash", "-c"]
          cmd: ["echo left"]
        - name: right
          image: ubuntu:mantic
          cmd: ["echo", "right"]
  - name: a job in it
    var: inner
    subjob:
      name: for {{ inputs.who }}
      inputs: { from: "{{ tasks.sum }}" }
      output: "{{ tasks.got }}"
      tasks:
        - name: take it
          var: got
          image: alpine
          env: { FROM: "{{ inputs.from }}" }
          run: printf 'got %s' "$FROM" > "$TORK_OUTPUT"
"#;

#[test]
fn a_workflow_in_its_language_does_what_it_says() {
    let server = Server::start();
    let admin = server.admin();
    let job = done(&admin, ALL);
    assert_eq!((&job["state"], &job["error"]), (&json!("COMPLETED"), &Value::Null), "{job}");
    assert_eq!(job["result"], "hello ada, 60 and got 60");
    assert_eq!(
        (&job["position"], &job["taskCount"], &job["progress"]),
        (&json!(7), &json!(6), &json!(100.0))
    );
    assert_eq!(job["context"]["tasks"]["n2"], "30");
    assert_eq!(job["tags"], json!(["blue", "nightly"]));
    let states = states(&job);
    let is = |name: &str, state: &str| states.contains(&(name.to_owned(), state.to_owned()));
    assert!(
        is("greet ada", "COMPLETED") && is("left out", "SKIPPED") && is("right", "COMPLETED"),
        "{states:?}"
    );
    let tasks = job["execution"].as_array().expect("tasks");
    let each = tasks.iter().find(|task| task["name"] == "numbers").expect("it was run");
    assert_eq!((&each["each"]["size"], &each["each"]["completions"]), (&json!(3), &json!(3)), "{each}");
    let items: Vec<_> = tasks.iter().filter(|task| task["parentId"] == each["id"]).collect();
    let names: BTreeSet<&str> = items.iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["number 0", "number 1", "number 2"]));
    let shown = admin.get(&format!("/tasks/{}", items[1]["id"].as_str().expect("an id"))).body;
    assert_eq!((&shown["state"], &shown["result"]), (&json!("COMPLETED"), &json!("20")), "{shown}");
    let inner = tasks.iter().find(|task| task["name"] == "a job in it").expect("it was run");
    let inner = admin.get(&format!("/jobs/{}", inner["subjob"]["id"].as_str().expect("an id"))).body;
    assert_eq!((&inner["parentId"], &inner["name"]), (&job["id"], &json!("for ada")), "{inner}");
    let log = admin.get(&format!("/jobs/{}/log?size=100", job["id"].as_str().expect("an id"))).body;
    assert!(
        log.to_string().contains("the log says {{ this }} as it stands")
            && log.to_string().contains("left\\n"),
        "{log}"
    );
    // What is shown can be sent again.
    let again = json!({"name": job["name"], "tasks": job["tasks"], "inputs": job["inputs"], "defaults": job["defaults"], "output": job["output"]});
    let again = admin.send("POST", "/jobs", again.to_string(), &[("Content-Type", "application/json")]);
    assert_eq!(over(&admin, again.body["id"].as_str().expect("an id"))["result"], job["result"]);
    assert_eq!(
        admin.get("/jobs?q=all%20tag:nightly").body["totalItems"],
        1,
        "what was sent again has no tags"
    );
}

#[test]
fn what_fails_says_why() {
    let server = Server::start();
    let admin = server.admin();
    for (task, error) in [
        ("{name: t, image: alpine, run: echo no >&2; exit 3}", "exit code 3"),
        ("{name: t, image: alpine, run: sleep 10, timeout: 200ms}", "context deadline exceeded"),
        (
            "{name: t, image: \"ghcr.io/somebody/thing:1\", run: echo}",
            "nothing here stands for the image ghcr.io/somebody/thing:1",
        ),
        ("{name: t, image: alpine, run: echo, networks: [a]}", "networks are not supported"),
        (
            "{name: t, image: alpine, run: echo, env: {A: \"{{ fromJSON('x') }}\"}}",
            "error evaluating expression",
        ),
        (
            "{name: t, each: {list: \"{{ 'a' }}\", task: {name: u, run: echo}}}",
            "each.list does not evaluate to a list",
        ),
    ] {
        let job = done(
            &admin,
            &format!("name: j\ntasks:\n  - {task}\n  - {{name: never, image: alpine, run: echo}}\n"),
        );
        assert_eq!(job["state"], "FAILED", "{task}: {job}");
        let said = job["execution"][0]["error"].as_str().unwrap_or_default();
        assert!(said.contains(error), "{task}: {said}");
        assert!(job["failedAt"].is_string() && job["error"].is_string(), "{job}");
        assert_eq!(states(&job).len(), 1, "what comes after it is not run");
    }
    let job = done(
        &admin,
        "name: j\ntasks:\n  - name: t\n    image: alpine\n    retry: {limit: 2}\n    run: exit 1\n",
    );
    assert_eq!(job["execution"][0]["retry"], json!({"limit": 2, "attempts": 2}), "{job}");
}

#[test]
fn a_function_stands_for_its_image() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("command", guest("command"));
    let job = done(
        &admin,
        "name: j\noutput: \"{{ tasks.a }}\"\ntasks:\n  - {name: t, var: a, image: command, cmd: [args, one, two], env: {X: y}}\n",
    );
    assert!(
        job["result"].as_str().is_some_and(|result| result.contains("one") && result.contains("two")),
        "{job}"
    );
    let job = done(&admin, "name: j\ntasks:\n  - {name: t, image: command, run: echo}\n");
    assert!(job["error"].as_str().is_some_and(|why| why.contains("command is a function")), "{job}");
}

#[test]
fn scripts_of_other_languages_run_in_their_images() {
    let server = Server::start();
    let admin = server.admin();
    let job = done(
        &admin,
        "name: j\noutput: \"{{ tasks.a }}{{ tasks.b }}\"\ntasks:
  - {name: t, var: a, image: \"node:20\", files: {x.js: \"console.log(1 + Number(process.env.N))\"}, env: {N: \"41\"}, run: node x.js}
  - {name: t, var: b, image: \"node:20\", cmd: [node, -e, \"console.log([1, 2].map((n) => n * 2).join())\"]}\n",
    );
    assert_eq!(job["result"], "42\n2,4\n", "{job}");
    let Some(python) = crate::harness::made_runtime("python") else { return };
    server.skep(&["runtimes", "add", "python", &python.to_string_lossy()]).ok();
    let job = done(
        &admin,
        "name: j\noutput: \"{{ tasks.a }}\"\ntasks:
  - name: t
    var: a
    image: python:3.12
    env: {WHO: ada}
    files: {x.py: \"import os, sys; print(os.environ['WHO'], sys.argv[1], end='')\"}
    run: |
      python -c 'print(\"to the log\")'
      python x.py $WHO > $TORK_OUTPUT\n",
    );
    assert_eq!(job["result"], "ada ada", "{job}");
}

#[test]
fn secrets_are_shown_nowhere() {
    let server = Server::start();
    let admin = server.admin();
    let job = done(
        &admin,
        "name: j\nsecrets: {key: hunter22}\ninputs: {db_password: p4ss}\ntasks:
  - {name: t, image: alpine, env: {KEY: \"{{ secrets.key }}\", MY_SECRET: s3cr3t}, registry: {username: u, password: reg1stry}, run: echo key $KEY}\n",
    );
    assert_eq!(job["state"], "COMPLETED", "{job}");
    let id = job["id"].as_str().expect("an id");
    let log = admin.get(&format!("/jobs/{id}/log")).body.to_string();
    assert!(log.contains("key [REDACTED]"), "{log}");
    for (text, what) in
        [(job.to_string(), "job"), (log, "log"), (admin.get("/jobs").body.to_string(), "list")]
    {
        for secret in ["hunter22", "p4ss", "s3cr3t", "reg1stry"] {
            assert!(!text.contains(secret), "{what} has {secret}: {text}");
        }
    }
    assert_eq!(job["secrets"], json!({"key": "[REDACTED]"}));
}

#[test]
fn a_job_may_be_waited_for() {
    let server = Server::start();
    let admin = server.admin();
    let with = |run: &str, wait: &str| {
        format!("name: j\nwait: {{timeout: {wait}}}\ntasks:\n  - {{name: t, image: alpine, run: {run}}}\n")
    };
    let answer = admin.send("POST", "/jobs", with("echo", "1m"), &YAML);
    assert_eq!((answer.status, &answer.body["state"]), (200, &json!("COMPLETED")), "{}", answer.body);
    assert!(answer.body["execution"].is_array());
    let answer = admin.send("POST", "/jobs", with("sleep 5", "100ms"), &YAML);
    assert_eq!(
        (answer.status, &answer.body["message"]),
        (408, &json!("timeout waiting for job to complete"))
    );
    // A cancellation wakes whoever waits, too.
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            admin.send("POST", "/jobs", with("sleep 50", "1m").replace("name: j", "name: wakes"), &YAML)
        });
        let found = loop {
            let found = admin.get("/jobs?q=wakes").body;
            if found["items"][0]["state"] == "RUNNING" {
                break found;
            }
        };
        admin.send(
            "PUT",
            &format!("/jobs/{}/cancel", found["items"][0]["id"].as_str().expect("an id")),
            "",
            &[],
        );
        let answer = waiting.join().expect("it is answered");
        assert_eq!((answer.status, &answer.body["state"]), (200, &json!("CANCELLED")));
    });
}

#[test]
fn without_a_key_only_where_nobody_else_can_ask() {
    let server = Server::start_with("[tork]\nauth = \"none\"\n");
    let anon = server.anon();
    assert_eq!(done(&anon, "name: j\ntasks:\n  - {name: t, run: echo}\n")["state"], "COMPLETED");
    assert_eq!(
        anon.send("GET", "/jobs", "", &[("Host", "evil.example:80")]).status,
        401,
        "a page of somewhere else"
    );
    assert_eq!(anon.get("/v1/plans").status, 401);
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("skep.toml");
    std::fs::write(&file, "[tork]\nauth = \"none\"\n[server]\nlisten = \"0.0.0.0:0\"\n").expect("written");
    let mut command = std::process::Command::new(SKEP);
    command.args([
        "serve",
        "--config",
        &file.to_string_lossy(),
        "--data",
        &folder.path().join("data").to_string_lossy(),
    ]);
    let refused = Ran::of(command);
    assert!(refused.code != Some(0) && refused.stderr.contains("tork.auth"), "{}", refused.stderr);
}

#[test]
fn what_runs_before_and_after_a_task_shares_its_folders() {
    let server = Server::start();
    let admin = server.admin();
    let yaml = |post: &str, image: &str| {
        format!(
            "name: j
tasks:
  - name: t
    image: ubuntu:mantic
    var: x
    env: {{WHO: ada}}
    mounts: [{{type: volume, target: /xyz}}, {{type: tmpfs, target: /scratch}}]
    run: |
      echo main >> /xyz/order
      cat /xyz/order /xyz/from > $TORK_OUTPUT
    pre:
      - {{name: a, image: {image}, env: {{FROM: '{{{{ job.name }}}} \"$x\"'}}, files: {{f: hidden}}, run: 'echo \"$FROM\" > /xyz/from; echo pre >> /xyz/order; echo lost > $TORK_OUTPUT'}}
      - {{name: b, image: bash, cmd: [sh, -c, 'echo and >> /xyz/order; cd /']}}
    post:
      - {{name: c, image: busybox, run: '{post}'}}
"
        )
    };
    let job = done(&admin, &yaml("cat /xyz/order", "alpine:3"));
    assert_eq!(
        (&job["state"], &job["context"]["tasks"]["x"]),
        (&json!("COMPLETED"), &json!("pre\nand\nmain\nj \"$x\"\n")),
        "{job}"
    );
    let log = admin.get(&format!("/jobs/{}/log", job["id"].as_str().expect("an id"))).body;
    assert_eq!(log["items"][0]["contents"], "main\n", "{log}");
    let job = done(&admin, &yaml("echo it broke; exit 7", "alpine:3"));
    assert_eq!((&job["state"], &job["error"]), (&json!("FAILED"), &json!("exit code 7: it broke")), "{job}");
    let job = done(&admin, &yaml("true", "python:3"));
    assert!(job["error"].as_str().is_some_and(|why| why.contains("the shell stands")), "{job}");
}

#[test]
fn a_job_has_the_memory_the_priority_and_the_time_that_it_asks_for() {
    let server = Server::start();
    let admin = server.admin();
    let with = |memory: &str| {
        format!(
            "name: j\ntasks:\n  - {{name: t, image: alpine, priority: 7, limits: {{cpus: '.5', memory: {memory}}}, run: echo}}\n"
        )
    };
    let job = done(&admin, &with("64m"));
    assert_eq!(
        (&job["state"], &job["execution"][0]["limits"]["memory"]),
        (&json!("COMPLETED"), &json!("64m")),
        "{job}"
    );
    let run =
        admin.get(&format!("/v1/plans/{}/stages?limit=10", job["id"].as_str().expect("an id"))).data(200);
    let run = run["items"][0]["runs"][0]["runId"].as_str().expect("a run").to_owned();
    assert_eq!(admin.get(&format!("/v1/runs/{run}")).data(200)["priority"], 7);
    assert_eq!(done(&admin, &with("200k"))["state"], "FAILED");
    let lots = done(&admin, &with("lots"));
    assert_eq!(
        (&lots["state"], &lots["error"]),
        (&json!("FAILED"), &json!("limits.memory is no amount of memory: lots"))
    );
    let refused = admin.send("POST", "/jobs", with("100g"), &YAML);
    assert_eq!(refused.status, 400, "{}", refused.body);
    let at =
        |at: &str| format!("name: j\nrunAt: '{at}'\ntasks:\n  - {{name: t, image: alpine, run: echo}}\n");
    let soon = i64::try_from(unix_ms() + 1000).expect("a time");
    let soon = jiff::Timestamp::from_millisecond(soon).expect("a time");
    let job = done(&admin, &at(&soon.to_string()));
    let began: jiff::Timestamp = job["startedAt"].as_str().expect("a time").parse().expect("a time");
    assert!(job["state"] == "COMPLETED" && began >= soon, "{job}");
    let refused = admin.send("POST", "/jobs", at("tomorrow"), &YAML);
    assert_eq!(
        refused.body["message"],
        "Key: 'Job.RunAt' Error:Field validation for 'RunAt' failed on the 'datetime' tag"
    );
}

#[test]
fn a_scheduled_job_is_submitted_when_its_time_comes() {
    let server = Server::start();
    let admin = server.admin();
    let put = |path: &str| admin.send("PUT", path, "", &[]);
    let yaml = "name: timed\ntags: [nightly]\nschedule: {cron: '@every 1s'}\nsecrets: {key: hunter22}\ntasks:\n  - {name: t, image: alpine, run: echo}\n";
    let made = admin.send("POST", "/scheduled-jobs", yaml, &YAML);
    assert_eq!(
        (made.status, &made.body["state"], &made.body["cron"]),
        (200, &json!("ACTIVE"), &json!("@every 1s")),
        "{}",
        made.body
    );
    let id = made.body["id"].as_str().expect("an id").to_owned();
    let began = std::time::Instant::now();
    let job = loop {
        let jobs = admin.get("/jobs?q=tag:nightly").body;
        if jobs["items"][0]["state"] == "COMPLETED" {
            break jobs["items"][0].clone();
        }
        assert!(began.elapsed() < crate::harness::PATIENCE, "{jobs}");
    };
    assert_eq!(job["schedule"], json!({"id": id}));
    let shown = admin.get(&format!("/scheduled-jobs/{id}")).body;
    assert_eq!(
        (&shown["tasks"][0]["name"], &shown["secrets"]["key"]),
        (&json!("t"), &json!("[REDACTED]")),
        "{shown}"
    );
    assert_eq!(put(&format!("/scheduled-jobs/{id}/pause")).body, json!({"status": "OK"}));
    let refused = put(&format!("/scheduled-jobs/{id}/pause"));
    assert_eq!((refused.status, &refused.body["message"]), (400, &json!("scheduled job is not active")));
    assert_eq!(admin.get("/scheduled-jobs").body["items"][0]["state"], "PAUSED");
    assert_eq!(put(&format!("/scheduled-jobs/{id}/resume")).body, json!({"status": "OK"}));
    let refused = put(&format!("/scheduled-jobs/{id}/resume"));
    assert_eq!((refused.status, &refused.body["message"]), (400, &json!("scheduled job is not paused")));
    assert_eq!(
        server.member("other").get(&format!("/scheduled-jobs/{id}")).body,
        json!({"message": "scheduled job not found"})
    );
    assert_eq!(admin.send("DELETE", &format!("/scheduled-jobs/{id}"), "", &[]).body, json!({"status": "OK"}));
    assert_eq!(admin.get(&format!("/scheduled-jobs/{id}")).status, 404);
    assert_eq!(admin.get("/jobs?q=tag:nightly").body["items"], json!([]), "its jobs go with it");
}

#[test]
fn webhooks_tell_of_jobs_and_tasks() {
    let (server, ear) = (webhooks::server(), Ear::new(&[]));
    let admin = server.admin();
    let hooks = |event: &str, when: &str| {
        let url = ear.url();
        format!(
            "  - {{url: '{url}', event: {event}, headers: {{X-Key: '{{{{ secrets.key }}}}', X-Job: '{{{{ job.name }}}}'}}, if: \"{when}\"}}\n"
        )
    };
    let tasks = "tasks:\n  - {name: one, image: alpine, run: echo}\n";
    let about = "secrets: {key: hunter22}\n";
    let job = done(&admin, &format!("name: states\n{about}webhooks:\n{}{tasks}", hooks("''", "true")));
    let told: Vec<_> = (0..2).map(|_| ear.next()).collect();
    let mut states: Vec<String> = told.iter().map(|told| told.json()["state"].to_string()).collect();
    states.sort();
    assert_eq!(states, ["\"COMPLETED\"", "\"RUNNING\""]);
    for heard in &told {
        assert_eq!((heard.header("x-key"), heard.header("x-job")), ("hunter22", "states"), "{}", heard.head);
        let told = heard.json();
        assert_eq!(
            (&told["id"], &told["name"], &told["tasks"]),
            (&job["id"], &json!("states"), &Value::Null),
            "{told}"
        );
    }
    assert_eq!(job["webhooks"][0]["headers"]["X-Key"], "{{ secrets.key }}", "{job}");
    let wanted = hooks("job.StateChange", "{{ job.state == 'COMPLETED' }}");
    done(&admin, &format!("name: end\n{about}webhooks:\n{wanted}{tasks}"));
    assert_eq!(ear.next().json()["state"], "COMPLETED");
    assert!(ear.heard_nothing());
    done(
        &admin,
        &format!("name: tasks\n{about}webhooks:\n{}{tasks}", hooks("task.StateChange", "task.state != ''")),
    );
    let mut states: Vec<String> = (0..3).map(|_| ear.next().json()["state"].to_string()).collect();
    states.sort();
    assert_eq!(states, ["\"COMPLETED\"", "\"RUNNING\"", "\"SCHEDULED\""]);
    done(&admin, &format!("name: progress\n{about}webhooks:\n{}{tasks}", hooks("job.Progress", "true")));
    assert_eq!(ear.next().json()["progress"], 100.0);
    assert!(ear.heard_nothing());
    let tasks = "tasks:\n  - {name: slow, image: alpine, run: echo 30 > $TORK_PROGRESS; sleep 600}\n";
    let slow =
        submit(&admin, &format!("name: slow\n{about}webhooks:\n{}{tasks}", hooks("task.Progress", "true")));
    let told = ear.next().json();
    assert_eq!((&told["progress"], &told["state"]), (&json!(30.0), &json!("RUNNING")), "{told}");
    assert_eq!(admin.get(&format!("/jobs/{slow}")).body["execution"][0]["progress"], 30.0);
    assert_eq!(admin.send("PUT", &format!("/jobs/{slow}/cancel"), "", &[]).status, 200);
}
