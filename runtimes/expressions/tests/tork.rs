//! What Tork's own tests ask of its expressions (`internal/eval` of runabol/tork), and what its templates rely on.

use expressions::{check, evaluate};
use serde_json::{Value, json};

/// What comes of templates in one round, in Go's style.
fn evaluated(context: &Value, templates: Value) -> Value {
    let request = json!({"context": context, "style": "go", "rounds": [{}], "templates": templates});
    let answer = evaluate(&request.to_string()).unwrap();
    serde_json::from_str::<Value>(&answer).unwrap()[0].take()
}

/// What comes of texts.
fn texts(context: &Value, texts: &[&str]) -> Vec<String> {
    let templates = texts.iter().map(|text| json!({"text": text})).collect();
    serde_json::from_value(evaluated(context, templates)).unwrap()
}

/// What comes of expressions.
fn values(context: &Value, expressions: &[&str]) -> Vec<Value> {
    let templates = expressions.iter().map(|text| json!({"value": text})).collect();
    serde_json::from_value(evaluated(context, templates)).unwrap()
}

#[test]
fn a_text_without_expressions_stays() {
    assert_eq!(
        texts(&json!({}), &["", "plain", "{ a }", "{{", "}} {{", "{{}}"]),
        ["", "plain", "{ a }", "{{", "}} {{", "{{}}"]
    );
}

#[test]
fn values_of_the_context_are_written_into_texts() {
    let context = json!({"inputs": {"CITY": "Bern", "NESTED": {"zip": "3000"}, "TAG": "trixie"}});
    let cases = [
        ("{{inputs.CITY}}", "Bern"),
        ("{{ inputs.CITY }}er", "Berner"),
        ("{{inputs.NESTED.zip}}", "3000"),
        ("debian:{{ inputs.TAG }}", "debian:trixie"),
        ("{{ inputs.TAG }}-{{inputs.CITY}} {{ 'x' }}!", "trixie-Bern x!"),
        ("{{ inputs.missing }}", "<nil>"),
    ];
    let (templates, expected): (Vec<&str>, Vec<&str>) = cases.into_iter().unzip();
    assert_eq!(texts(&context, &templates), expected);
}

#[test]
fn conditions_are_written_as_true_and_false() {
    let conditions = ["{{ 2 == 2 }}", "{{ 2 == 3 }}", "{{ !(2 == 3) }}", "{{ not (2 == 3) and true }}"];
    assert_eq!(texts(&json!({}), &conditions), ["true", "false", "true", "true"]);
}

#[test]
fn a_random_integer_is_written_as_one() {
    let drawn = texts(&json!({}), &["{{ randomInt() }}", "{{ randomInt(5) }}", "{{randomInt(1)}}"]);
    assert!(drawn[0].parse::<i64>().is_ok_and(|drawn| drawn >= 0), "{drawn:?}");
    assert!(drawn[1].parse::<i64>().is_ok_and(|drawn| (0..5).contains(&drawn)), "{drawn:?}");
    assert_eq!(drawn[2], "0");
}

#[test]
fn expressions_have_values_with_and_without_braces() {
    let context =
        json!({"inputs": {"list": "[4,5]", "object": r#"{"k":"v"}"#, "csv": "x,y", "lines": "p\nq"}});
    let cases = [
        ("20+3", json!(23)),
        ("{{20+3}}", json!(23)),
        ("{{ [7,8] }}", json!([7, 8])),
        ("{{ fromJSON( inputs.list ) }}", json!([4, 5])),
        ("{{ fromJSON(inputs.object) }}", json!({"k": "v"})),
        ("{{ split( inputs.csv, ',' ) }}", json!(["x", "y"])),
        (r"{{ split(inputs.lines, '\n') }}", json!(["p", "q"])),
        ("sequence(1, 4)", json!([1, 2, 3])),
        ("sequence(4, 1)", json!([])),
    ];
    let (templates, expected): (Vec<&str>, Vec<Value>) = cases.into_iter().unzip();
    assert_eq!(values(&context, &templates), expected);
}

#[test]
fn an_expression_is_told_from_what_is_none() {
    for text in ["{{7*6}}", "7*6", "inputs.a", "x {{ a }} y", "filter(a, .b > 1)", "{a: [b]}"] {
        assert!(check(text), "{text}");
    }
    for text in
        ["", " ", "{7*6}}", "{{ 7* }}", "(1", "'a", "1 2", "a b", ".a", "99999999999999999999", "1e999"]
    {
        assert!(!check(text), "{text}");
    }
}

#[test]
fn values_are_written_as_gos_fmt_does() {
    let context = json!({"f": 1e6, "big": 1e21, "small": 0.00001, "list": [1, "a", null, [true]], "map": {"b": 1, "a": {}}});
    let cases = [
        ("{{ 10 / 4 }} {{ 10 / 5 }}", "2.5 2"),
        ("{{ f }} {{ big }} {{ small }}", "1e+06 1e+21 1e-05"),
        ("{{ 123456.0 }} {{ 0.0001 }} {{ -0.5 }}", "123456 0.0001 -0.5"),
        ("{{ 1 / 0 }} {{ -1 / 0 }} {{ 0 / 0 }}", "+Inf -Inf NaN"),
        ("{{ list }}", "[1 a <nil> [true]]"),
        ("{{ map }}", "map[a:map[] b:1]"),
        ("{{ nil }} {{ 1000000 }}", "<nil> 1000000"),
        ("{{ duration('90m') }}", "1h30m0s"),
        ("{{ date('2024-02-29') }}", "2024-02-29 00:00:00 +0000 UTC"),
    ];
    let (templates, expected): (Vec<&str>, Vec<&str>) = cases.into_iter().unzip();
    assert_eq!(texts(&context, &templates), expected);
}
