use serde_json::json;

use super::*;

fn checked(yaml: &str) -> Result<(), String> {
    let job = from_yaml(yaml.as_bytes())?;
    check(&job, ("Job", None), |text| !text.contains("bad"))
}

fn wrong(yaml: &str) -> String {
    checked(yaml).expect_err(yaml)
}

#[test]
fn a_definition_is_read_and_shown_again() {
    let yaml = r#"
name: a job
tags: [x, 1]
inputs: {n: 5, yes: true, nothing: ~}
tasks:
  - name: one
    env: &env {A: "1", B: 2.50}
    run: |
      echo $A
    retry: {limit: 3}
  - name: each
    each:
      list: "{{ sequence(1, 3) }}"
      task: {name: two, env: *env, priority: 2}
  - name: inner
    subjob: {name: s, detached: true, tasks: [{name: t}]}
"#;
    let job = from_yaml(yaml.as_bytes()).expect("it is one");
    assert_eq!(job.tags, ["x", "1"]);
    assert_eq!(job.inputs["yes"], "true");
    assert_eq!(job.inputs["nothing"], "");
    assert_eq!(job.tasks[0].env["B"], "2.50", "as it is written");
    let shown = serde_json::to_value(&job).expect("JSON");
    assert_eq!(
        shown["tasks"][1]["each"]["task"],
        json!({"name": "two", "env": {"A": "1", "B": "2.50"}, "priority": 2})
    );
    assert_eq!(from_json(shown.to_string().as_bytes()).expect("it is one"), job);
    assert_eq!(serde_json::from_value::<Job>(shown).expect("it is one").tasks.len(), 3);
    assert_eq!(checked(yaml), Ok(()));
}

#[test]
fn a_map_may_take_over_others() {
    let yaml = r#"
name: j
tasks:
  - &base {name: base, image: bash, run: echo, env: &env {A: "1"}}
  - {<<: *base, name: other}
  - <<: [{name: first, run: a}, *base]
    env: {<<: *env, "<<": as it stands, B: "2"}
"#;
    let tasks = serde_json::to_value(from_yaml(yaml.as_bytes()).expect("it is one").tasks).expect("JSON");
    assert_eq!(tasks[1], json!({"name": "other", "image": "bash", "run": "echo", "env": {"A": "1"}}));
    assert_eq!(
        tasks[2],
        json!({"name": "first", "image": "bash", "run": "a", "env": {"<<": "as it stands", "A": "1", "B": "2"}})
    );
    for wrong in ["1", "[1]", "[[{a: b}]]"] {
        let told = from_yaml(format!("name: j\n<<: {wrong}").as_bytes()).expect_err("it is none");
        assert!(told.contains("map merge requires map or sequence of maps as the value"), "{told}");
    }
}

proptest::proptest! {
    /// Whatever is sent is read or refused, in time; what is read is shown as what is read again.
    #[test]
    fn any_text_is_a_definition_or_none(
        parts in proptest::collection::vec((0..PIECES.len(), 0_usize..4), 0..60),
        noise in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..8),
    ) {
        let mut text = Vec::new();
        for (piece, depth) in parts {
            text.extend_from_slice(PIECES[piece].as_bytes());
            if PIECES[piece].ends_with('\n') {
                text.extend(std::iter::repeat_n(b' ', 2 * depth));
            }
        }
        let cut = text.len() / 2;
        let noisy = [&text[..cut], &noise, &text[cut..]].concat();
        for (text, read) in [(&text, from_yaml as fn(&[u8]) -> _), (&noisy, from_yaml), (&text, from_json), (&noisy, from_json)] {
            if let Ok(job) = read(text) {
                let shown = serde_json::to_vec(&job).expect("JSON");
                proptest::prop_assert_eq!(from_json(&shown), Ok(job));
            }
        }
        let _ = (scheduled_from_yaml(&noisy), scheduled_from_json(&noisy), checked(&String::from_utf8_lossy(&text)));
    }
}

/// What definitions are made of, in both languages.
const PIECES: [&str; 40] = [
    "name: j\n",
    "tasks:\n",
    "- ",
    "name: t\n",
    "run: |\n",
    "echo\n",
    "env: {A: b}\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "? ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "#",
    "!!str ",
    "!x ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "1.5",
    "true",
    "~",
    "subjob:\n",
    "each:\n",
    "list: x\n",
    "task:\n",
    "parallel:\n",
    "\"name\":",
    "\"tasks\":",
    "null",
    "\\u00e9",
    "-1e9",
    "retry: {limit: 3}\n",
];

#[test]
fn yaml_that_does_not_fit_is_told_as_go_tells_it() {
    for (yaml, why) in [
        ("", "EOF"),
        ("# nothing", "EOF"),
        ("name: a\nfoo: b", "yaml: unmarshal errors:\n  line 2: field foo not found in type input.Job"),
        ("name:\n  - a", "yaml: unmarshal errors:\n  line 2: cannot unmarshal !!seq into string"),
        (
            "name: a\ntasks: b",
            "yaml: unmarshal errors:\n  line 2: cannot unmarshal !!str `b` into []input.Task",
        ),
        (
            "name: a\ntasks:\n  - name: t\n    priority: abc\n    retry: {limit: a long text}\n    nope: 1",
            "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `abc` into int\n  line 5: cannot unmarshal !!str `a long ...` into int\n  line 6: field nope not found in type input.Task",
        ),
        (
            "name: a\nname: b",
            "yaml: unmarshal errors:\n  line 2: mapping key \"name\" already defined at line 1",
        ),
        ("[a]", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into input.Job"),
    ] {
        assert_eq!(from_yaml(yaml.as_bytes()), Err(why.to_owned()), "{yaml}");
    }
    for yaml in ["name: a: b", "\t- a", "name: @a", "{", "a: *b"] {
        let why = from_yaml(yaml.as_bytes()).expect_err(yaml);
        assert!(why.starts_with("yaml: "), "{yaml}: {why}");
    }
}

#[test]
fn json_that_does_not_fit_is_told_as_go_tells_it() {
    for (json, why) in [
        ("", "EOF"),
        (" \n", "EOF"),
        ("{", "unexpected EOF"),
        ("{\"name\": \"a", "unexpected EOF"),
        ("name", "invalid character 'a' in literal null (expecting 'u')"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("{a}", "invalid character 'a' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\": 1 2}", "invalid character '2' after object key:value pair"),
        ("{\"tags\": [1 2]}", "invalid character '2' after array element"),
        ("{\"name\": \"\n\"}", "invalid character '\\n' in string literal"),
        ("{\"name\": \"\\q\"}", "invalid character 'q' in string escape code"),
        ("{\"nope\": 1}", "json: unknown field \"nope\""),
        ("{\"name\": 1}", "json: cannot unmarshal number into Go struct field Job.name of type string"),
        ("[]", "json: cannot unmarshal array into Go value of type input.Job"),
        (
            "{\"tasks\": [{\"name\": true}]}",
            "json: cannot unmarshal bool into Go struct field Task.tasks.name of type string",
        ),
        (
            "{\"tasks\": [{\"name\": \"a\", \"priority\": 1.5}]}",
            "json: cannot unmarshal number 1.5 into Go struct field Task.tasks.priority of type int",
        ),
    ] {
        assert_eq!(from_json(json.as_bytes()), Err(why.to_owned()), "{json}");
    }
    let job = from_json(br#"{"NAME": "a\u00e9\ud83d\ude00\ud800", "tasks": null} and more"#)
        .expect("the first value");
    assert_eq!(job.name, "aé😀\u{fffd}");
}

#[test]
fn each_rule_has_its_words() {
    let told = |field: &str, tag: &str| {
        let name = field.rsplit('.').next().unwrap_or_default();
        format!("Key: '{field}' Error:Field validation for '{name}' failed on the '{tag}' tag")
    };
    let task = |rest: &str| format!("name: j\ntasks:\n  - {{name: t, {rest}}}");
    for (yaml, field, tag) in [
        ("tasks: [{name: t}]".to_owned(), "Job.Name", "required"),
        ("name: j".to_owned(), "Job.Tasks", "required"),
        ("name: j\ntasks: []".to_owned(), "Job.Tasks", "min"),
        ("name: j\ntasks: [{run: echo}]".to_owned(), "Job.Tasks[0].Name", "required"),
        (task("timeout: soon"), "Job.Tasks[0].Timeout", "duration"),
        (task("queue: jobs"), "Job.Tasks[0].Queue", "queue"),
        (task("queue: x-node"), "Job.Tasks[0].Queue", "queue"),
        (task("priority: -1"), "Job.Tasks[0].Priority", "min"),
        (task("priority: 10"), "Job.Tasks[0].Priority", "max"),
        (task("retry: {limit: 0}"), "Job.Tasks[0].Retry.Limit", "required"),
        (task("retry: {limit: 11}"), "Job.Tasks[0].Retry.Limit", "max"),
        (task("if: bad"), "Job.Tasks[0].If", "expr"),
        (task("each: {list: bad, task: {name: u}}"), "Job.Tasks[0].Each.List", "expr"),
        (task("each: {task: {name: u}}"), "Job.Tasks[0].Each.List", "required"),
        (task("each: {list: a, task: {run: echo}}"), "Job.Tasks[0].Each.Task.Name", "required"),
        (
            task("each: {list: a, concurrency: 100000, task: {name: u}}"),
            "Job.Tasks[0].Each.Concurrency",
            "max",
        ),
        (task("parallel: {tasks: []}"), "Job.Tasks[0].Parallel.Tasks", "min"),
        (task("subjob: {tasks: [{name: u}]}"), "Job.Tasks[0].SubJob.Name", "required"),
        (task("subjob: {name: s}"), "Job.Tasks[0].SubJob.Tasks", "required"),
        (task("image: a, parallel: {tasks: [{name: u}]}"), "Job.Tasks[0].image", "invalidcompositetask"),
        (task("timeout: 1s, parallel: {tasks: [{name: u}]}"), "Job.Tasks[0].timeout", "invalidcompositetask"),
        (task("pre: [{run: a}]"), "Job.Tasks[0].Pre[0].Name", "required"),
        (task("sidecars: [{name: s, probe: {port: 1}}]"), "Job.Tasks[0].Sidecars[0].Probe.Path", "required"),
        (task("sidecars: [{name: s, probe: {path: /}}]"), "Job.Tasks[0].Sidecars[0].Probe.Port", "required"),
        (task("mounts: [{target: /a}]"), "Job.Tasks[0].Mounts[0].mount", "typerequired"),
        (task("mounts: [{type: volume}]"), "Job.Tasks[0].Mounts[0].mount", "targetrequired"),
        (
            task("mounts: [{type: volume, source: a, target: b}]"),
            "Job.Tasks[0].Mounts[0].mount",
            "sourcenotempty",
        ),
        (task("mounts: [{type: bind, target: b}]"), "Job.Tasks[0].Mounts[0].mount", "sourcerequired"),
        (
            task("mounts: [{type: bind, source: \"a;b\", target: b}]"),
            "Job.Tasks[0].Mounts[0].mount",
            "invalidsource",
        ),
        (task("mounts: [{type: volume, target: /tork}]"), "Job.Tasks[0].Mounts[0].mount", "invalidtarget"),
        (task("workdir: /").replace("/}", &format!("/{}}}", "a".repeat(256))), "Job.Tasks[0].Workdir", "max"),
        (format!("{}\noutput: bad", task("run: a")), "Job.Output", "expr"),
        (format!("{}\nwebhooks: [{{event: a}}]", task("run: a")), "Job.Webhooks[0].URL", "required"),
        (format!("{}\npermissions: [{{}}]", task("run: a")), "Job.Permissions[0].perm", "roleoruser"),
        (format!("{}\nautoDelete: {{after: x}}", task("run: a")), "Job.AutoDelete.After", "duration"),
        (format!("{}\nwait: {{}}", task("run: a")), "Job.Wait.Timeout", "required"),
        (format!("{}\ndefaults: {{priority: 11}}", task("run: a")), "Job.Defaults.Priority", "max"),
    ] {
        assert_eq!(wrong(&yaml), told(field, tag), "{yaml}");
    }
    let both = wrong(&task("parallel: {tasks: [{name: u}]}, each: {list: a, task: {name: u}}"));
    assert_eq!(
        both,
        format!(
            "{}\n{}",
            told("Job.Tasks[0].each", "paralleloreach"),
            told("Job.Tasks[0].parallel", "paralleloreach")
        )
    );
    assert_eq!(checked(&task("subjob: {name: s, tasks: [{run: nameless}]}")), Ok(()));
}

#[test]
fn bombs_are_refused_at_once() {
    let began = std::time::Instant::now();
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", ")));
    }
    for bomb in [
        laughs,
        "[".repeat(100_000),
        format!("a: {}", "{b: ".repeat(50_000)),
        "- ".repeat(100_000),
        format!("[{}]", "a, ".repeat(200_000)),
        "&a [*a]".to_owned(),
    ] {
        assert!(from_yaml(bomb.as_bytes()).is_err());
        assert!(from_json(bomb.as_bytes()).is_err());
    }
    assert!(from_json(format!("{}1", "[".repeat(100_000)).as_bytes()).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    let many = format!("name: j\ntasks: [{}]", "{name: t}, ".repeat(10_001));
    assert!(wrong(&many).ends_with("failed on the 'max' tag"));
    let mut deep = String::from("{name: t}");
    for _ in 0..13 {
        deep = format!("{{name: t, parallel: {{tasks: [{deep}]}}}}");
    }
    assert!(wrong(&format!("name: j\ntasks: [{deep}]")).ends_with("failed on the 'max' tag"));
}
