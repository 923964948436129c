//! HTTP functions, of WASI 0.2 and 0.3: bodies both ways, trailers, failures, instances that serve again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody};
use skep_engine::{
    Failure, FailureCode, HttpBody, HttpCall, HttpPlan, Limits, Outcome, Program, Report, Reuse, Serving,
    ShareGroup,
};

use crate::{engine, guest, wait};

/// A function and how it is run.
struct Web {
    program: Program,
    plan: Arc<HttpPlan>,
}

impl Web {
    fn of(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    fn with(name: &str, change: impl FnOnce(&mut HttpPlan)) -> Self {
        let limits = Limits { timeout: Duration::from_secs(20), ..Limits::default() };
        let mut plan = HttpPlan { env: Vec::new(), limits, grants: Arc::default(), reuse: None };
        change(&mut plan);
        Self { program: guest(name), plan: Arc::new(plan) }
    }

    /// Sends a request; the second part hears what became of it.
    fn send(&self, path: &str, body: HttpBody) -> (Serving, Receiver<Report>) {
        let uri = format!("http://skep.test{path}");
        let request = http::Request::post(uri).header("x-one", "1").body(body).expect("a request");
        let (sender, report) = channel();
        let group = ShareGroup { id: 1, weight: 1 };
        let call = HttpCall { program: self.program.clone(), request, plan: self.plan.clone(), group };
        let serving =
            // Not every test listens.
            engine().serve(call, move |report, _| drop(sender.send(report.expect("the host works"))));
        (serving, report)
    }

    /// The whole of a response that comes.
    fn get(&self, path: &str) -> (u16, String, Report) {
        let (serving, report) = self.send(path, body(""));
        let response = wait(serving).expect("a response");
        let status = response.status().as_u16();
        let bytes = wait(response.into_body().collect()).expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        (status, text, report.recv().expect("it ends"))
    }

    /// Why there is no response.
    fn failure(&self, path: &str) -> (Failure, Report) {
        let (serving, report) = self.send(path, body(""));
        (wait(serving).expect_err("no response"), report.recv().expect("it ends"))
    }
}

fn body(text: &str) -> HttpBody {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(|never| match never {}).boxed_unsync()
}

/// A body of these frames.
fn frames(parts: Vec<http_body::Frame<Bytes>>) -> HttpBody {
    StreamBody::new(futures_util::stream::iter(parts.into_iter().map(Ok))).boxed_unsync()
}

#[test]
fn a_request_is_answered_and_metered() {
    for name in ["web", "async-web"] {
        let (status, text, report) = Web::of(name).get("/");
        assert_eq!((status, text.as_str()), (200, "hello\n"), "{name}");
        assert_eq!(report.outcome, Outcome::Returned(None));
        assert!(report.usage.cpu_nanos > 0 && report.usage.memory_peak_bytes > 0, "{:?}", report.usage);
    }
    let (_, head, _) = Web::of("web").get("/head?q=1");
    assert!(head.starts_with("Method::Post Some(Scheme::Http) skep.test /head?q=1\n"), "{head}");
    assert!(head.contains("x-one: 1\n"), "{head}");
}

#[test]
fn bodies_and_trailers_go_both_ways_as_streams() {
    for name in ["web", "async-web"] {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-end", "yes".parse().expect("a value"));
        let large = Bytes::from(vec![b'x'; 300_000]);
        let parts = vec![
            http_body::Frame::data(large.clone()),
            http_body::Frame::data(Bytes::from_static(b"end")),
            http_body::Frame::trailers(trailers),
        ];
        let (serving, report) = Web::of(name).send("/echo", frames(parts));
        let collected = wait(wait(serving).expect("a response").into_body().collect()).expect("a whole body");
        assert_eq!(collected.trailers().expect("trailers")["x-end"], "yes", "{name}");
        let bytes = collected.to_bytes();
        assert!(bytes.len() == 300_003 && bytes.ends_with(b"xend"), "{name}: {}", bytes.len());
        assert_eq!(report.recv().expect("it ends").outcome, Outcome::Returned(None));
    }
    let (serving, _) = Web::of("web").send("/trailers", body(""));
    let collected = wait(wait(serving).expect("a response").into_body().collect()).expect("a whole body");
    assert_eq!(collected.trailers().expect("trailers")["x-sum"], "15");
}

#[test]
fn a_response_begins_before_it_ends() {
    for name in ["web", "async-web"] {
        let began = Instant::now();
        let (serving, _report) = Web::of(name).send("/drip", body(""));
        let mut body = wait(serving).expect("a response").into_body();
        let first = wait(body.frame()).expect("a frame").expect("no error").into_data().expect("data");
        assert_eq!(first, "0\n", "{name}");
        let until_first = began.elapsed();
        wait(body.collect()).expect("a whole body");
        assert!(began.elapsed() > until_first + Duration::from_millis(300), "{name}: {:?}", began.elapsed());
    }
}

#[test]
fn who_goes_stops_the_guest() {
    for name in ["web", "async-web"] {
        // Before the response, and in the middle of it.
        let (serving, report) = Web::of(name).send("/sleep/15000", body(""));
        drop(serving);
        let ended = report.recv_timeout(Duration::from_secs(5)).expect("it ends at once");
        let Outcome::Failed(failure) = ended.outcome else { panic!("{:?}", ended.outcome) };
        assert_eq!(failure.code, FailureCode::Cancelled, "{name}");
        let (serving, report) = Web::of(name).send("/drip", body(""));
        let mut response = wait(serving).expect("a response").into_body();
        wait(response.frame()).expect("a frame").expect("no error");
        drop(response);
        let ended = report.recv_timeout(Duration::from_secs(5)).expect("it ends at once");
        assert!(matches!(ended.outcome, Outcome::Failed(_)), "{name}: {:?}", ended.outcome);
        assert!(ended.usage.wall_nanos < 400_000_000, "{name}: {:?}", ended.usage);
    }
}

#[test]
fn failures_are_told_apart_and_a_torn_body_is_no_whole_one() {
    for name in ["web", "async-web"] {
        let (failure, report) = Web::of(name).failure("/trap");
        assert_eq!(failure.code, FailureCode::Trap, "{name}");
        assert!(matches!(report.outcome, Outcome::Failed(_)));
        let (serving, _report) = Web::of(name).send("/half", body(""));
        let mut response = wait(serving).expect("a response").into_body();
        let first = wait(response.frame()).expect("a frame").expect("no error");
        assert_eq!(first.into_data().expect("data"), "half of it\n", "{name}");
        assert!(wait(response.collect()).is_err(), "{name}");
        let slow = Web::with(name, |plan| plan.limits.timeout = Duration::from_millis(100));
        assert_eq!(slow.failure("/sleep/15000").0.code, FailureCode::Timeout, "{name}");
    }
    let spinning = Web::with("web", |plan| plan.limits.timeout = Duration::from_millis(100));
    assert_eq!(spinning.failure("/spin").0.code, FailureCode::Timeout);
    assert!(Web::of("web").failure("/silent").0.message.contains("without a response"));
    assert!(Web::of("async-web").failure("/error").0.message.contains("as asked"));
}

#[test]
fn an_instance_is_fresh_unless_its_owner_asks_for_reuse() {
    for name in ["web", "async-web"] {
        let fresh = Web::of(name);
        assert!((0..5).all(|_| fresh.get("/count").1 == "1\n"), "{name}");
        let reuse = Reuse { requests_max: 3, idle_max: Duration::from_secs(60) };
        let reused = Web::with(name, |plan| plan.reuse = Some(reuse));
        let counts: Vec<String> = (0..6).map(|_| reused.get("/count").1.trim().to_owned()).collect();
        assert_eq!(counts, ["1", "2", "3", "1", "2", "3"], "{name}");
        let used = reused.get("/count").2.usage;
        assert!(used.wall_nanos < 1_000_000_000 && used.memory_peak_bytes > 0, "{used:?}");
        // Another plan is another's.
        let other = Web::with(name, |plan| plan.reuse = Some(reuse));
        assert_eq!(other.get("/count").1, "1\n");
        // What has failed does not serve again.
        assert_eq!(reused.failure("/trap").0.code, FailureCode::Trap);
        assert_eq!(reused.get("/count").1, "1\n", "{name}");
    }
}

#[test]
fn an_instance_that_waits_for_too_long_goes_and_gives_its_place() {
    let reuse = Reuse { requests_max: 100, idle_max: Duration::from_millis(100) };
    let web = Web::with("web", |plan| plan.reuse = Some(reuse));
    assert_eq!(web.get("/count").1, "1\n");
    let began = Instant::now();
    // It is looked for once a second.
    while web.plan_is_held() {
        assert!(began.elapsed() < Duration::from_secs(10), "it is still there");
        std::thread::yield_now();
    }
    assert_eq!(web.get("/count").1, "1\n");
}

impl Web {
    /// Whether an instance waits under this plan.
    fn plan_is_held(&self) -> bool {
        Arc::strong_count(&self.plan) > 1
    }
}
