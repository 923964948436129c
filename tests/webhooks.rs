//! Webhooks: what happens is told, signed, until it is heard or given up; never to the server's own network.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Caller, PATIENCE, Server, wat};

/// A request that was heard.
pub(crate) struct Heard {
    pub(crate) head: String,
    body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self
            .head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(of, _)| of.eq_ignore_ascii_case(name)));
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Whoever is told: answers as is said, and 200 where nothing is said any more.
pub(crate) struct Ear {
    port: u16,
    heard: Receiver<Heard>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Ear {
    pub(crate) fn new(answers: &[u16]) -> Self {
        Self::at(0, answers)
    }

    fn at(port: u16, answers: &[u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, heard) = channel();
        let answers = Arc::new(Mutex::new(answers.iter().rev().copied().collect::<Vec<_>>()));
        let given = answers.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let status = given.lock().expect("nobody panicked").pop().unwrap_or(200);
                let sender = sender.clone();
                std::thread::spawn(move || hear(stream, status, &sender));
            }
        });
        Self { port, heard, answers }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/told?by=skep", self.port)
    }

    pub(crate) fn next(&self) -> Heard {
        self.heard.recv_timeout(PATIENCE).expect("something is told")
    }

    pub(crate) fn heard_nothing(&self) -> bool {
        self.heard.recv_timeout(std::time::Duration::from_millis(100)).is_err()
    }
}

fn hear(stream: TcpStream, status: u16, heard: &Sender<Heard>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).is_ok_and(|count| count > 0) { continue } else { return }
    }
    let mut told = Heard { head, body: String::new() };
    let mut body = vec![0; told.header("content-length").parse().unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    told.body = String::from_utf8(body).expect("UTF-8");
    let _ = write!(
        reader.get_mut(),
        "HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let _ = heard.send(told);
}

/// A server that may tell this machine, and does not wait long.
pub(crate) fn server() -> Server {
    Server::start_with(
        "[egress]\nallow = [\"127.0.0.1/32\"]\n[limits]\nwebhook_pause_ms = 20\nwebhook_attempts_max = 3\n",
    )
}

fn hook(caller: &Caller, ear: &Ear, events: &[&str]) -> Value {
    caller.post("/v1/webhooks", &json!({"url": ear.url(), "events": events})).data(201)
}

fn path(webhook: &Value) -> String {
    format!("/v1/webhooks/{}", webhook["webhookId"].as_str().expect("an id"))
}

fn run(caller: &Caller, parameters: Value) -> String {
    caller.submit(&json!({"function": "double", "parameters": parameters}))
}

#[test]
fn what_happens_is_told_and_signed_as_the_standard_says() {
    let (server, ear) = (server(), Ear::new(&[]));
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let body = json!({"url": ear.url(), "events": ["run.*", "job.*"], "headers": {"X-Team": "blue"}, "description": "a test"});
    let made = admin.post("/v1/webhooks", &body).data(201);
    let secret = made["secret"].as_str().expect("it is shown once").to_owned();
    assert_eq!(made["headers"], json!(["X-Team"]), "only the names");
    let shown = admin.get(&path(&made)).data(200);
    assert!(shown.get("secret").is_none() && shown["events"][0] == "run.succeeded", "{shown}");
    let id = run(&admin, json!([[4], [5]]));
    let told: Vec<Heard> = (0..5).map(|_| ear.next()).collect();
    let verify = standardwebhooks::Webhook::new(&secret).expect("a secret");
    for heard in &told {
        let headers: http::HeaderMap = ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .into_iter()
            .map(|name| (http::HeaderName::from_static(name), heard.header(name).parse().expect("a value")))
            .collect();
        verify.verify(heard.body.as_bytes(), &headers).expect("the library takes it");
        assert!(verify.verify(format!("{} ", heard.body).as_bytes(), &headers).is_err());
        assert!(heard.head.starts_with("POST /told?by=skep HTTP/1.1"), "{}", heard.head);
        assert_eq!(
            (heard.header("x-team"), heard.header("content-type")),
            ("blue", "application/json; charset=utf-8")
        );
    }
    let run = told.iter().map(Heard::json).find(|told| told["type"] == "run.succeeded").expect("it is told");
    assert_eq!(
        (&run["data"]["runId"], &run["data"]["counts"]["succeeded"]),
        (&json!(id), &json!(2)),
        "{run}"
    );
    let results: Vec<Value> = told
        .iter()
        .map(Heard::json)
        .filter(|told| told["type"] == "job.succeeded")
        .map(|told| told["data"]["result"].clone())
        .collect();
    assert!(results.contains(&json!(8)) && results.contains(&json!(10)), "{results:?}");
    let began = told.iter().map(Heard::json).filter(|told| told["type"] == "job.started");
    assert!(began.map(|told| told["data"]["status"].clone()).eq([json!("RUNNING"), json!("RUNNING")]));
    let counts = admin.wait_until(&path(&made), |shown| shown["deliveries"]["waiting"] == 0);
    assert_eq!((&counts["deliveries"]["delivered"], &counts["deliveries"]["dead"]), (&json!(5), &json!(0)));
    // A call is no run that stands in lists, and others' affairs are theirs.
    admin.invoke("double", &json!({"arguments": [1]})).data(200);
    let other = server.member("other");
    other.deploy("double", wat::DOUBLE);
    other.run_over(&other.submit(&json!({"function": "double", "parameters": [[1]]})));
    assert!(ear.heard_nothing());
    other.get(&path(&made)).refused(404);
    other.delete(&path(&made)).refused(404);
    admin.patch(&path(&made), &json!({"disabled": true})).data(200);
    admin.run_over(&self::run(&admin, json!([[1]])));
    assert!(ear.heard_nothing());
    admin.delete(&path(&made)).data(200);
    admin.get(&path(&made)).refused(404);
}

#[test]
fn what_is_not_heard_is_told_again_given_up_and_told_again_when_asked() {
    let (server, ear) = (server(), Ear::new(&[500, 302]));
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let made = hook(&admin, &ear, &["run.succeeded"]);
    run(&admin, json!([[1]]));
    let tries: Vec<Heard> = (0..3).map(|_| ear.next()).collect();
    assert!(tries.iter().all(|heard| heard.header("webhook-id") == tries[0].header("webhook-id")));
    assert!(tries.iter().all(|heard| heard.head.starts_with("POST /told")), "a redirect is not followed");
    admin.wait_until(&path(&made), |shown| shown["deliveries"]["delivered"] == 1);
    *ear.answers.lock().expect("nobody panicked") = vec![503; 3];
    run(&admin, json!([[1]]));
    admin.wait_until(&path(&made), |shown| shown["deliveries"]["dead"] == 1);
    let listed = admin.get(&format!("{}/deliveries?status=DEAD", path(&made))).data(200);
    let dead = &listed["items"][0];
    assert_eq!((&dead["attempts"], &dead["lastError"]), (&json!(3), &json!("the answer was 503")), "{dead}");
    let id = dead["deliveryId"].as_str().expect("an id");
    (0..3).for_each(|_| drop(ear.next()));
    admin.post(&format!("{}/deliveries/{id}/replay", path(&made)), &json!({})).data(200);
    assert_eq!(ear.next().header("webhook-id"), id);
    admin.wait_until(&path(&made), |shown| {
        shown["deliveries"] == json!({"waiting": 0, "delivered": 2, "dead": 0, "dropped": 0})
    });
    admin.post(&format!("{}/deliveries/{id}/replay", path(&made)), &json!({})).refused(404);
    assert_eq!(admin.post(&format!("{}/replay", path(&made)), &json!({})).data(200)["replayed"], 0);
    // Whoever says that nobody is there is asked no more.
    *ear.answers.lock().expect("nobody panicked") = vec![410];
    run(&admin, json!([[1]]));
    let shown = admin.wait_until(&path(&made), |shown| shown["disabled"] == true);
    assert!(shown["disabledReason"].as_str().is_some_and(|why| why.contains("410")), "{shown}");
    ear.next();
    // What it was still to be told, it is told once it listens again and is asked for.
    admin.post(&format!("{}/replay", path(&made)), &json!({})).data(200);
    let again = admin.wait_until(&format!("{}/deliveries?status=DEAD", path(&made)), |listed| {
        listed["items"][0]["lastError"] == "the webhook is disabled"
    });
    assert!(ear.heard_nothing(), "{again}");
    admin.patch(&path(&made), &json!({"disabled": false})).data(200);
    admin.post(&format!("{}/replay", path(&made)), &json!({})).data(200);
    assert_eq!(ear.next().header("webhook-id"), again["items"][0]["deliveryId"].as_str().expect("an id"));
}

#[test]
fn what_was_to_be_told_survives_a_kill_and_one_deaf_ear_holds_up_nobody() {
    let server = server();
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    // Nobody listens there, until after the kill.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let body = json!({"url": format!("http://127.0.0.1:{port}/"), "events": ["run.succeeded"]});
    let made = admin.post("/v1/webhooks", &body).data(201);
    let ids: Vec<String> = (0..20).map(|_| run(&admin, json!([[1]]))).collect();
    ids.iter().for_each(|id| drop(admin.run_over(id)));
    let other = server.member("other");
    other.deploy("double", wat::DOUBLE);
    let ear = Ear::new(&[]);
    hook(&other, &ear, &["run.succeeded"]);
    other.submit(&json!({"function": "double", "parameters": [[1]]}));
    ear.next();
    let server = Server::start_in(server.kill());
    let admin = server.admin();
    admin.wait_until(&path(&made), |shown| shown["deliveries"]["waiting"] == 0);
    let ear = Ear::at(port, &[]);
    let dead = admin.get(&path(&made)).data(200)["deliveries"]["dead"].as_u64().expect("a count");
    assert_eq!(dead, 20, "none is lost");
    assert_eq!(admin.post(&format!("{}/replay", path(&made)), &json!({})).data(200)["replayed"], 20);
    let mut told: Vec<Value> = (0..20).map(|_| ear.next().json()["data"]["runId"].clone()).collect();
    told.sort_by_key(Value::to_string);
    let mut expected: Vec<Value> = ids.iter().map(|id| json!(id)).collect();
    expected.sort_by_key(Value::to_string);
    assert_eq!(told, expected);
}

#[test]
fn nothing_is_sent_to_where_only_the_server_can_reach() {
    let (server, ear) = (Server::start_with("[limits]\nwebhook_attempts_max = 1\n"), Ear::new(&[]));
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let places = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
    ];
    let made: Vec<Value> = places
        .iter()
        .map(|place| {
            let body = json!({"url": format!("http://{place}:{}/", ear.port), "events": ["run.succeeded"]});
            admin.post("/v1/webhooks", &body).data(201)
        })
        .collect();
    run(&admin, json!([[1]]));
    for (place, made) in places.iter().zip(&made) {
        admin.wait_until(&path(made), |shown| shown["deliveries"]["dead"] == 1);
        let listed = admin.get(&format!("{}/deliveries", path(made))).data(200);
        let why = listed["items"][0]["lastError"].as_str().expect("a reason").to_owned();
        assert!(
            why.contains("none that the whole world can reach") || why.contains("not known"),
            "{place}: {why}"
        );
    }
    assert!(ear.heard_nothing());
}

#[test]
fn a_plan_tells_of_itself_and_its_stages() {
    let (server, ear) = (server(), Ear::new(&[]));
    let admin = server.admin();
    admin.deploy("double", wat::DOUBLE);
    let call = |value: &str| json!({"function": "double", "arguments": [value]});
    let hooks = |events: &[&str], when: Option<&str>| json!([{"url": ear.url(), "events": events, "if": when, "headers": {"Authorization": "Bearer {{ secrets.key }}", "X-Literal": "only-on-the-wire-7f3a"}}]);
    let plan = json!({
        "name": "told", "secrets": {"key": "s3cr3t"},
        "webhooks": hooks(&["plan.*", "stage.*"], None),
        "stages": [
            {"name": "first", "var": "x", "call": call("{{ 21 }}")},
            {"name": "not", "if": "false", "call": call("{{ 1 }}")},
        ],
    });
    let made = admin.post("/v1/plans", &plan).data(201);
    let told: Vec<Heard> = (0..6).map(|_| ear.next()).collect();
    let mut types: Vec<String> =
        told.iter().map(|heard| heard.json()["type"].as_str().expect("a type").to_owned()).collect();
    types.sort();
    assert_eq!(
        types,
        [
            "plan.progressed",
            "plan.started",
            "plan.succeeded",
            "stage.skipped",
            "stage.started",
            "stage.succeeded"
        ]
    );
    assert!(told.iter().all(|heard| heard.header("authorization") == "Bearer s3cr3t"), "{}", told[0].head);
    assert!(told.iter().all(|heard| heard.header("webhook-signature").is_empty()), "nobody named a secret");
    let ended =
        told.iter().map(Heard::json).find(|told| told["type"] == "plan.succeeded").expect("it is told");
    assert_eq!((&ended["data"]["planId"], &ended["data"]["status"]), (&made["planId"], &json!("SUCCEEDED")));
    let of_plan =
        admin.get(&format!("/v1/webhooks?planId={}", made["planId"].as_str().expect("an id"))).data(200);
    assert_eq!(of_plan["items"][0]["planId"], made["planId"]);
    assert_eq!(admin.get("/v1/webhooks").data(200)["count"], 0, "it is the plan's, not the account's");
    // What a condition does not want is not told; an outer plan fills in what an inner one says; what is secret is
    // nowhere on the disk.
    let inner = json!({
        "name": "outer", "secrets": {"key": "outer-s3cr3t"},
        "stages": [{"name": "in", "plan": {"name": "inner", "webhooks": hooks(&["plan.*"], Some("data.status == 'SUCCEEDED'")),
            "secrets": {"key": "inner-s3cr3t {{ secrets.key }}"}, "stages": [{"name": "one", "call": call("{{ 2 }}")}]}}],
    });
    let made = admin.post("/v1/plans", &inner).data(201);
    let heard = ear.next();
    assert_eq!(
        (heard.json()["type"].as_str(), heard.header("authorization")),
        (Some("plan.succeeded"), "Bearer outer-s3cr3t")
    );
    assert!(ear.heard_nothing());
    admin.wait_until(&format!("/v1/plans/{}", made["planId"].as_str().expect("an id")), |plan| {
        plan["status"] == "SUCCEEDED"
    });
    let directory = server.kill();
    for entry in std::fs::read_dir(directory.path())
        .expect("a directory")
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).expect("a file");
        let is_there = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!is_there(b"only-on-the-wire-7f3a") && !is_there(b"s3cr3t"), "{}", entry.path().display());
    }
}

#[test]
fn what_cannot_be_told_is_refused_with_the_field() {
    let server = Server::start_with("[limits]\nwebhooks_max = 1\n");
    let admin = server.admin();
    let good = json!({"url": "https://example.org/x", "events": ["*"]});
    for (change, field) in [
        (json!({"url": "ftp://example.org"}), "url"),
        (json!({"url": "https://user:pass@example.org"}), "url"),
        (json!({"events": []}), "events"),
        (json!({"events": ["run.finished"]}), "events"),
        (json!({"headers": {"Host": "a"}}), "headers"),
        (json!({"headers": {"X": "a\r\nY: b"}}), "headers"),
        (json!({"if": "data. ="}), "if"),
        (json!({"secret": "short"}), "secret"),
        (json!({"description": "x".repeat(257)}), "description"),
    ] {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let answer = admin.post("/v1/webhooks", &body);
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.body["details"]["field"], field, "{}", answer.body);
    }
    let stages = json!([{"name": "a", "call": {"function": "f"}}]);
    for (hook, field) in [
        (json!({"url": "https://example.org", "events": ["run.*"]}), "webhooks[0].events"),
        (json!({"url": "https://{{ inputs.host }}", "events": ["plan.*"]}), "webhooks[0].url"),
        (json!({"url": "https://example.org", "events": ["plan.*"], "if": "="}), "webhooks[0].if"),
        (json!({"url": "https://example.org", "events": []}), "webhooks[0].events"),
    ] {
        let answer = admin.post("/v1/plans", &json!({"name": "p", "stages": stages, "webhooks": [hook]}));
        assert_eq!(
            (answer.status, &answer.body["details"]["field"]),
            (400, &json!(field)),
            "{}",
            answer.body
        );
    }
    assert_eq!(admin.get("/v1/webhooks").data(200)["count"], 0, "nothing was made");
    admin.post("/v1/webhooks", &good).data(201);
    assert!(admin.post("/v1/webhooks", &good).refused(413).contains("1 webhooks"));
}
