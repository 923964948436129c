//! Requests and answers: rounds, kinds of templates, styles, limits.

use expressions::evaluate;
use serde_json::{Value, json};

fn answer(request: &Value) -> Result<Value, String> {
    evaluate(&request.to_string()).map(|answer| serde_json::from_str(&answer).unwrap())
}

/// What comes of one template in one round, in JSON's style.
fn one(context: &Value, template: Value) -> Result<Value, String> {
    let request = json!({"context": context, "style": "json", "rounds": [{}], "templates": [template]});
    answer(&request).map(|mut answer| answer[0][0].take())
}

#[test]
fn each_round_has_names_of_its_own_before_those_of_the_context() {
    let request = json!({
        "context": {"inputs": {"unit": "kg"}, "item": "none", "n": 1},
        "style": "json",
        "rounds": [{"item": {"index": 0, "value": 7}}, {"item": {"index": 1, "value": "x"}, "n": 2}],
        "templates": [
            {"text": "{{ item.index }}: {{ item.value }} {{ inputs.unit }}"},
            {"value": "n"},
            {"value": "$env.n + len($env)"},
        ],
    });
    assert_eq!(answer(&request), Ok(json!([["0: 7 kg", 1, 4], ["1: x kg", 2, 5]])));
}

#[test]
fn without_rounds_or_templates_nothing_is_evaluated() {
    let request = |rounds: Value, templates: Value| json!({"context": {}, "style": "go", "rounds": rounds, "templates": templates});
    assert_eq!(answer(&request(json!([]), json!([{"value": "(("}]))), Ok(json!([])));
    assert_eq!(answer(&request(json!([{}, {}]), json!([]))), Ok(json!([[], []])));
}

#[test]
fn json_keeps_its_shape_and_its_keys() {
    let context = json!({"n": 1, "list": [1, {"a": null}], "name": "ann"});
    let template = json!({
        "{{ n }}": "{{ n }}",
        "list": [" {{ list }}\n", "{{ name }}!", "{{ n }}{{ n }}", "plain", 1.5, null, true, {}],
        "large": 18446744073709551615u64,
    });
    let expected = json!({
        "{{ n }}": 1,
        "list": [[1, {"a": null}], "ann!", "11", "plain", 1.5, null, true, {}],
        "large": 18446744073709551615u64,
    });
    assert_eq!(one(&context, json!({"json": template})), Ok(expected));
}

#[test]
fn values_are_written_as_json() {
    let context = json!({"text": "a \"b\"", "none": null, "list": [1, "x", {"k": [null]}], "f": 0.5});
    let cases = [
        ("{{ text }}", "a \"b\""),
        ("[{{ none }}]", "[]"),
        ("{{ list }}", r#"[1,"x",{"k":[null]}]"#),
        ("{{ f }} {{ 10 / 5 }} {{ true }} {{ 1 / 0 }}", "0.5 2 true null"),
    ];
    for (template, expected) in cases {
        assert_eq!(one(&context, json!({"text": template})), Ok(json!(expected)), "{template}");
    }
}

#[test]
fn integers_stay_integers_and_larger_ones_become_floats() {
    let context = json!({"a": i64::MAX, "b": i64::MIN, "c": u64::MAX, "d": 9007199254740993i64});
    let value = |expression: &str| one(&context, json!({"value": expression}));
    assert_eq!(value("[a, b, d]"), Ok(json!([i64::MAX, i64::MIN, 9007199254740993i64])));
    assert_eq!(value("c"), Ok(json!(u64::MAX as f64)));
    assert_eq!(value("a + 1"), Ok(json!(i64::MIN)));
    let large = r#"{"context": {"a": 123456789012345678901234567890}, "style": "go", "rounds": [{}], "templates": [{"text": "{{ a }}"}]}"#;
    assert_eq!(evaluate(large).as_deref(), Ok(r#"[["1.2345678901234568e+29"]]"#));
}

#[test]
fn a_list_has_to_be_one() {
    let context = json!({"list": [1, 2], "text": "[1]"});
    let list = |expression: &str| one(&context, json!({"list": expression}));
    assert_eq!(list("{{ list }}"), Ok(json!([1, 2])));
    assert_eq!(list("sequence(0, 3)"), Ok(json!([0, 1, 2])));
    assert_eq!(list("fromJSON(text)"), Ok(json!([1])));
    for none in ["text", "nil", "{a: 1}", "1"] {
        assert_eq!(list(none), Err("each.list does not evaluate to a list".to_owned()), "{none}");
    }
    assert!(list("nope").is_err_and(|error| error.starts_with("error evaluating expression: nope: ")));
}

#[test]
fn the_first_error_of_a_template_is_the_answer() {
    let context = json!({"a": 1});
    let text = |text: &str| one(&context, json!({"text": text})).unwrap_err();
    assert_eq!(text("{{ a }} {{ b }} {{ ( }}"), "error evaluating expression: b: unknown variable: b");
    assert_eq!(text("{{ a + }}"), "error compiling expression: a +: unexpected end (1:4)");
    let json = one(&context, json!({"json": {"x": ["{{ 1 1 }}"]}}));
    assert_eq!(json, Err("error compiling expression: 1 1: unexpected \"1\" (1:3)".to_owned()));
}

#[test]
fn what_is_no_request_is_refused() {
    let broken = [
        "",
        "{",
        "[]",
        r#"{"context": [], "style": "go", "rounds": [], "templates": []}"#,
        r#"{"context": {}, "style": "yaml", "rounds": [], "templates": []}"#,
        r#"{"context": {}, "style": "go", "rounds": [1], "templates": []}"#,
        r#"{"context": {}, "style": "go", "rounds": [], "templates": [{"other": "a"}]}"#,
        r#"{"context": {"a": 1e999}, "style": "go", "rounds": [], "templates": []}"#,
    ];
    for request in broken {
        assert!(evaluate(request).is_err_and(|error| error.starts_with("invalid request: ")), "{request}");
    }
}

#[test]
fn json_may_be_as_deep_as_the_host_reads_it() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let request = |context: &str, template: &str| {
        format!(
            r#"{{"context": {{"a": {context}}}, "style": "go", "rounds": [{{}}], "templates": [{template}]}}"#
        )
    };
    let value = r#"{"value": "a"}"#;
    let answer = evaluate(&request(&nested(120), value)).unwrap();
    assert!(serde_json::from_str::<Value>(&answer).is_ok());
    let too_deep = "error evaluating expression: a: the value is nested too deeply";
    for template in [value, r#"{"text": "{{ a }}"}"#, r#"{"json": [["{{ a }}"]]}"#] {
        assert_eq!(evaluate(&request(&nested(121), template)), Err(too_deep.to_owned()), "{template}");
    }
    assert!(
        evaluate(&request(&nested(200), value)).is_err_and(|error| error.starts_with("invalid request: "))
    );
    let from_json = format!(r#"{{"value": "fromJSON('{}')"}}"#, nested(5_000));
    assert!(evaluate(&request("1", &from_json)).is_err());
}
