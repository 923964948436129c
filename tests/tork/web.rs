//! Tork's API in a browser: its own web front, and what browsers do by themselves.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::YAML;
use crate::harness::{Caller, PATIENCE, Ran, Server, repository, skip, tool};

/// The front's server, until it is dropped.
struct Front(Child);

impl Drop for Front {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// `SKEP_TORK_WEB` is the folder of its web front, of `npm ci` and `npx next build`. (Its build asks for a font that
/// `NEXT_FONT_GOOGLE_MOCKED_RESPONSES` can stand for where nothing can be fetched.)
#[test]
fn its_own_web_front_works_in_a_browser() {
    let Ok(front) = std::env::var("SKEP_TORK_WEB") else {
        return skip("SKEP_TORK_WEB names no folder with Tork's web front, built");
    };
    let Some(driver) = tool("browser/node_modules/.bin/playwright-core") else { return };
    if Command::new("chromium").arg("--version").output().is_err() {
        return skip("there is no chromium here");
    }
    let server = Server::start_with("[tork]\nauth = \"none\"\n");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let next = Path::new(&front).join("node_modules/.bin/next");
    let mut serve = Command::new(next);
    serve.args(["start", "--hostname", "127.0.0.1", "--port", &port.to_string()]).current_dir(&front);
    serve.env("BACKEND_URL", &server.url).env("NEXT_TELEMETRY_DISABLED", "1");
    let _front = Front(serve.stdout(Stdio::null()).spawn().expect("it starts"));
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "the front does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut tour = Command::new("node");
    tour.arg(repository().join("tests/clients/tork_web.mjs"));
    tour.arg(driver.ancestors().nth(2).expect("node_modules")).arg("chromium");
    tour.arg(format!("http://127.0.0.1:{port}"));
    let ran = Ran::of(tour);
    assert!(ran.stdout.contains("tour done"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_browser_asks_who_it_is_and_pages_of_other_sites_change_nothing() {
    let server = Server::start_with("[tork]\nauth = \"none\"\n");
    let account = json!({"name": "ada", "password": "right horse"});
    server.admin().post("/v1/accounts", &account).data(201);
    // What a browser has to be told so that it asks for a name and a password, and shows them from then on.
    let told = server.anon().send("GET", "/jobs", "", &[("Host", "skep.example:80")]);
    assert_eq!(
        (told.status, told.headers["www-authenticate"].to_str().ok()),
        (401, Some("basic realm=Restricted"))
    );
    let ada = Caller { authorization: Some("Basic YWRhOnJpZ2h0IGhvcnNl".to_owned()), ..server.anon() };
    assert_eq!(ada.get("/jobs").status, 200);
    // It shows them to whatever page has it send something.
    let job = "name: j\ntasks:\n  - {name: t, run: echo}\n";
    let own = server.url.clone();
    for (headers, status) in [
        (vec![("Origin", "https://evil.example")], 403),
        (vec![("Origin", "null")], 403),
        (vec![("Sec-Fetch-Site", "cross-site"), ("Origin", own.as_str())], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Sec-Fetch-Site", "same-origin")], 200),
        (vec![("Origin", own.as_str())], 200),
    ] {
        let headers = [&headers[..], &YAML].concat();
        for caller in [&ada, &server.anon()] {
            let answer = caller.send("POST", "/jobs", job, &headers);
            assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        }
        assert_eq!(
            server.admin().send("POST", "/jobs", job, &headers).status,
            200,
            "a key is not a browser's"
        );
    }
}
