//! Scripts: built by a runtime of the repository, and run in fresh instances of it.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};
use skep_engine::{
    Built, FailureCode, Invocation, Kind, Limits, LogStream, Outcome, Program, Script, ShareGroup, Source,
    SourceFile, Stdio,
};

use super::{Run, engine, program, wait};

fn runtime() -> &'static Program {
    static RUNTIME: OnceLock<Program> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtimes/built/javascript.wasm");
        program(&std::fs::read(path).expect("the runtimes are in the repository"))
    })
}

/// Builds files, the first of which is the main one. What it printed is not looked at.
fn build(files: &[(&str, &str)]) -> Outcome {
    let file =
        |(path, text): &(&str, &str)| SourceFile { path: (*path).into(), content: text.as_bytes().to_vec() };
    let source = Source { main: files[0].0.into(), files: files.iter().map(file).collect() };
    let invocation = Invocation {
        program: runtime().clone(),
        call: runtime().build(source).expect("it is a runtime"),
        name: "build".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Vec::new().into() },
        directories: Vec::new(),
        limits: Limits::default(),
        grants: std::sync::Arc::default(),
        group: ShareGroup { id: 1, weight: 1 },
    };
    wait(engine().invoke(invocation)).expect("the host works").outcome
}

fn script(files: &[(&str, &str)]) -> Program {
    match build(files) {
        Outcome::Built(built) => match *built {
            Built::Script(script) => {
                // As it is kept, and read back.
                let kept = Script::from_bytes(script.to_bytes()).expect("it is ours");
                runtime().with_script(kept).expect("it fits")
            }
            _ => panic!("no script"),
        },
        other => panic!("nothing was built: {other:?}"),
    }
}

fn answered(run: Run<'_>) -> Value {
    match run.outcome() {
        Outcome::Answered(json) => serde_json::from_str(&json).expect("JSON"),
        other => panic!("it did not answer: {other:?}"),
    }
}

fn failed(files: &[(&str, &str)]) -> (String, String) {
    match build(files) {
        Outcome::Failed(failure) => (failure.message, failure.backtrace.unwrap_or_default()),
        other => panic!("it did not fail: {other:?}"),
    }
}

#[test]
fn a_handler_takes_all_arguments_as_one_and_others_take_each() {
    let program = script(&[(
        "main.js",
        "export const handler = ([one, two]) => ({ sum: one + two }); export const add = (one, two) => one + two;
         export const nothing = () => {}; export const later = async (value) => value;",
    )]);
    assert_eq!(program.interface().kinds, [Kind::Exports]);
    assert_eq!(answered(Run::of(&program).arguments([2, 3])), json!({"sum": 5}));
    assert_eq!(answered(Run::of(&program).export("add").arguments([2, 3])), json!(5));
    assert_eq!(answered(Run::of(&program).export("nothing")), Value::Null);
    assert_eq!(answered(Run::of(&program).export("later").arguments(["x"])), json!("x"));
    let unknown = program.call(Some("nope"), &[]).expect_err("it is not there");
    assert!(unknown.to_string().contains("there is add, handler, later, nothing"), "{unknown}");
}

#[test]
fn a_file_that_exports_nothing_is_a_command() {
    let program = script(&[(
        "main.js",
        "console.log(process.argv.slice(2).join('-'), process.env.PLACE, process.readStdin());
         console.error('aside'); if (process.argv[2] === 'two') process.exit(2);",
    )]);
    assert_eq!(program.interface().kinds, [Kind::Command]);
    let mut run = Run::of(&program).arguments(["one", "1"]);
    run.env = vec![("PLACE".into(), "hive".into())];
    run.stdin = b"in";
    let (report, lines) = run.report();
    assert_eq!(report.outcome, Outcome::Finished(b"one-1 hive in\n".to_vec()));
    assert!(lines.iter().any(|line| line.stream == LogStream::Stderr && line.text == "aside"));
    assert_eq!(Run::of(&program).arguments(["two"]).failure().exit_code, Some(2));
}

#[test]
fn an_exception_is_the_functions_error_with_the_users_lines() {
    let program = script(&[
        (
            "main.js",
            "import { deep } from './lib/deep.js';\nexport function handler(event) {\n  return deep(event);\n}\n",
        ),
        ("lib/deep.js", "export function deep(event) {\n  return event.missing.more;\n}\n"),
    ]);
    let failure = Run::of(&program).failure();
    assert_eq!(failure.code, FailureCode::GuestError);
    assert_eq!(failure.message, "TypeError: cannot read property 'more' of undefined");
    let trace = failure.backtrace.expect("a trace");
    assert!(trace.contains("lib/deep.js:2:") && trace.contains("main.js:3:"), "{trace}");
}

#[test]
fn a_build_that_fails_says_why_and_where() {
    let (message, trace) = failed(&[("main.js", "export function handler(event) {\n  return );\n}")]);
    assert!(message.starts_with("SyntaxError: ") && trace.contains("main.js:2:"), "{message} {trace}");
    let (message, _) = failed(&[("main.js", "import './gone.js'; export function handler(event) {}")]);
    assert_eq!(message, "ReferenceError: cannot find module './gone.js', which main.js imports");
    let (message, _) = failed(&[("main.js", "export function handler(one, two) {}")]);
    assert_eq!(message, "handler needs to have the following signature: function handler(event)");
    let (message, _) = failed(&[("main.js", "export const answer = 42;")]);
    assert!(message.contains("nothing that is exported can be called"), "{message}");
    let (message, trace) = failed(&[("main.js", "export const f = () => 1;\nthrow new RangeError('no');")]);
    assert!(message == "RangeError: no" && trace.contains("main.js:2:"), "{message} {trace}");
}

#[test]
fn nothing_random_or_timed_is_frozen_and_nothing_is_left_behind() {
    let program = script(&[(
        "main.js",
        "let calls = 0; globalThis.left ??= 0;
         export function handler(event) {
             calls += 1; globalThis.left += 1;
             return [Math.random(), Date.now(), crypto.randomUUID(), calls, globalThis.left];
         }",
    )]);
    let one = answered(Run::of(&program));
    // Clocks move in steps: until one has passed, the time may be the same.
    let others = (0..10_000).map(|_| answered(Run::of(&program)));
    let other = others.into_iter().find(|other| other[1] != one[1]).expect("time passes");
    for place in 0..3 {
        assert_ne!(one[place], other[place], "{one} {other}");
    }
    assert_eq!((&one[3], &other[3], &other[4]), (&json!(1), &json!(1), &json!(1)));
}

#[test]
fn endless_recursion_is_an_error_that_a_script_can_catch() {
    let program = script(&[(
        "main.js",
        "const deep = (n) => deep(n + 1) + 1;
         export function handler(event) { try { deep(0); } catch (error) { return error.name; } }
         export function sort() { const bad = () => [2, 1].sort(bad); return bad(); }
         export function json() { let list = []; for (let i = 0; i < 1e5; i++) list = [list]; return list; }",
    )]);
    assert_eq!(answered(Run::of(&program)), json!("RangeError"));
    assert_eq!(Run::of(&program).export("sort").code(), FailureCode::GuestError);
    // What nests in the interpreter itself needs more of the host's stack than of the instance's.
    assert_eq!(Run::of(&program).export("json").code(), FailureCode::StackOverflow);
}

#[test]
fn the_web_is_there_as_far_as_servers_need_it() {
    let program = script(&[
        (
            "main.js",
            r#"import data from "./data.json";
        export async function handler(event) {
            const url = new URL("../b?x=1#h", "https://user@example.com:8080/a/c/d");
            url.searchParams.append("y", "ä ");
            const bytes = new TextEncoder().encode("hällo");
            const order = [];
            await Promise.all([
                new Promise((done) => setTimeout(() => done(order.push("late")), 20)),
                new Promise((done) => setTimeout((word) => done(order.push(word)), 1, "early")),
            ]);
            let ticks = 0;
            await new Promise((done) => { const id = setInterval(() => { if (++ticks === 3) { clearInterval(id); done(); } }, 1); });
            const response = new Response("body", { status: 201, headers: { "X-One": "1" } });
            return {
                href: url.href, host: url.host, y: url.searchParams.get("y"),
                decoded: new TextDecoder().decode(bytes), length: bytes.length, base64: btoa("bee"), back: atob("YmVl"),
                order, ticks, data: data.name, one: response.headers.get("x-one"), text: await response.text(),
                big: (2n ** 70n).toString(), date: new Date(0).toISOString(), regex: "ab12".replace(/(?<d>\d+)/u, "<$<d>>"),
            };
        }"#,
        ),
        ("data.json", r#"{"name": "hive"}"#),
    ]);
    let value = answered(Run::of(&program));
    assert_eq!(
        value,
        json!({
            "href": "https://user@example.com:8080/a/b?x=1&y=%C3%A4+#h", "host": "example.com:8080", "y": "ä ",
            "decoded": "hällo", "length": 6, "base64": "YmVl", "back": "bee", "order": ["early", "late"], "ticks": 3,
            "data": "hive", "one": "1", "text": "body", "big": "1180591620717411303424",
            "date": "1970-01-01T00:00:00.000Z", "regex": "ab<12>",
        })
    );
}

#[test]
fn a_promise_that_is_rejected_where_nobody_looks_is_an_error_of_a_command() {
    let lost = "async function main() { throw new Error('lost'); } main(); console.log('after');";
    let failure = Run::of(&script(&[("main.js", lost)])).failure();
    assert_eq!(failure.message, "Error: lost");
    let found = "const late = Promise.reject(new Error('found')); setTimeout(() => late.catch(() => console.log('caught')), 1);";
    assert_eq!(Run::of(&script(&[("main.js", found)])).stdout(), "caught\n");
}

#[test]
fn an_exit_is_an_exit() {
    let caught = "try { process.exit(3); } catch { console.log('no'); } finally { console.log('no'); }";
    let waiting = "setTimeout(() => console.log('no'), 5); (async () => { await 1; process.exit(258); })();";
    for (text, code) in [(caught, 3), (waiting, 2)] {
        let (report, lines) = Run::of(&script(&[("main.js", text)])).report();
        assert!(
            matches!(&report.outcome, Outcome::Failed(failure) if failure.exit_code == Some(code)),
            "{report:?}"
        );
        assert!(lines.is_empty(), "{lines:?}");
    }
}

#[test]
fn what_a_build_leaves_open_does_not_matter() {
    let program = script(&[(
        "main.js",
        "setInterval(() => {}, 1000); fetch('http://127.0.0.1:1/').catch(() => {}); new Promise(() => {});
         export const handler = ([name]) => ({ then: (done) => done(`hello ${name}`) });",
    )]);
    assert_eq!(answered(Run::of(&program).arguments(["ada"])), json!("hello ada"));
}

#[test]
fn modules_are_found_while_it_runs_and_one_that_is_broken_is_not_missed() {
    let program = script(&[
        ("main.js", "export const handler = async ([name]) => (await import(`./lib/${name}.js`)).value;"),
        ("lib/one.js", "export const value = 1;"),
        ("lib/broken.js", "export const value = ;"),
    ]);
    assert_eq!(answered(Run::of(&program).arguments(["one"])), json!(1));
    let failure = Run::of(&program).arguments(["broken"]).failure();
    assert!(failure.message.contains("cannot find module './lib/broken.js'"), "{}", failure.message);
}

#[test]
fn texts_bodies_and_timers_are_as_the_web_has_them() {
    let program = script(&[(
        "main.js",
        r#"export async function handler(event) {
            console.log("\ud800");
            const request = new Request("http://x/", { method: "POST", body: "hi" });
            const copy = request.clone();
            const stream = new Response(ReadableStream.from(["a", "b"]));
            const both = await Promise.all([stream.clone().text(), stream.text()]);
            const moved = new Request(request);
            let cleared = "kept";
            await new Promise((done) => {
                const late = [];
                late.push(setTimeout(() => { late.forEach(clearTimeout); done(); }, 0));
                late.push(setTimeout(() => { cleared = "lost"; }, 0));
            });
            return {
                lone: Array.from(new TextEncoder().encode("\ud800")), both,
                mark: new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97])), cleared,
                into: new TextEncoder().encodeInto("aä", new Uint8Array(2)),
                texts: [await copy.text(), await moved.text(), request.bodyUsed],
            };
        }
        export const rest = (...values) => values.length;"#,
    )]);
    let value = answered(Run::of(&program));
    assert_eq!(
        value,
        json!({
            "lone": [239, 191, 189], "both": ["ab", "ab"], "mark": "a", "cleared": "kept",
            "into": { "read": 1, "written": 1 }, "texts": ["hi", "hi", true],
        })
    );
    assert_eq!(answered(Run::of(&program).export("rest").arguments([1, 2, 3])), json!(3));
}

#[test]
fn halves_of_characters_are_no_text() {
    let program = script(&[(
        "main.js",
        r#"export const handler = ([bee]) => [bee.slice(0, 1), bee, "\\ud83d", "\"\u0001", { [bee.slice(1)]: 1 }];"#,
    )]);
    let value = answered(Run::of(&program).arguments(["🐝"]));
    assert_eq!(value, json!(["\u{fffd}", "🐝", "\\ud83d", "\"\u{1}", {"\u{fffd}": 1}]));
}

#[test]
fn modules_may_go_round_and_the_default_may_be_a_function() {
    let program = script(&[
        ("main.js", "import { twice } from './b.js'; export const one = 1; export default () => twice();"),
        ("b.js", "import { one } from './main.js'; export const twice = () => 2 * one;"),
    ]);
    assert_eq!(answered(Run::of(&program)), json!(2));
}

#[test]
fn a_script_that_dies_of_its_memory_is_out_of_memory() {
    let program = script(&[(
        "main.js",
        "export const f = () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); };",
    )]);
    let code = Run::of(&program).limits(|limits| limits.memory_bytes_max = 32 << 20).code();
    assert_eq!(code, FailureCode::OutOfMemory);
}
