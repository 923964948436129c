//! The language, as its documentation describes it (expr-lang.org), where it was once read in another way.

use expressions::evaluate;
use serde_json::{Value, json};

/// What comes of an expression, or the error.
fn value(expression: &str) -> Result<Value, String> {
    let context = json!({
        "name": "outer", "n": 3, "notes": "kept", "trueish": 1, "nothing": null, "deep": {"a": {"b": 1}},
        "users": [{"name": "ann", "age": 31}, {"name": "bob", "age": 17}, {"name": "eve", "age": 45}],
    });
    let request = json!({
        "context": context, "style": "json", "rounds": [{}], "templates": [{"value": expression}],
    });
    let answer = evaluate(&request.to_string())?;
    Ok(serde_json::from_str::<Value>(&answer).unwrap()[0][0].take())
}

fn assert_values<const N: usize>(cases: [(&str, Value); N]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression), Ok(expected), "{expression}");
    }
}

#[test]
fn objects_have_values_of_any_kind() {
    assert_values([
        (
            "{a: 1 + 2, 'b c': name, d: [n], e: {f: -n}}",
            json!({"a": 3, "b c": "outer", "d": [3], "e": {"f": -3}}),
        ),
        ("{a: n}.a + {'b': n}['b']", json!(6)),
        ("len({a: 1, a: 2,})", json!(1)),
        ("{}", json!({})),
        ("toJSON({1: nil})", json!(r#"{"1":null}"#)),
        ("'a' in {a: 1} ? {yes: true} : {}", json!({"yes": true})),
    ]);
}

#[test]
fn predicates_know_the_fields_of_an_item() {
    assert_values([
        ("map(users, .name)", json!(["ann", "bob", "eve"])),
        ("filter(users, .age > 18) | map(.name)", json!(["ann", "eve"])),
        ("users | filter({.age > 18}) | map({upper(.name)})", json!(["ANN", "EVE"])),
        ("map(users, {who: .name})", json!([{"who": "ann"}, {"who": "bob"}, {"who": "eve"}])),
        ("any(users, .name startsWith 'b' and .age < n * 6)", json!(true)),
        ("sortBy(users, .age, 'desc') | map(.age)", json!([45, 31, 17])),
        ("map(sortBy(users, -#.age), #.age)", json!([45, 31, 17])),
        ("reduce(1..4, #acc + #, 0)", json!(10)),
        ("sum(users, .age) + count(users, .age > 18)", json!(95)),
        ("map(1..2, map(1..2, # * 10))", json!([[10, 20], [10, 20]])),
        ("filter(users, let a = .age; a > 40)[0].name", json!("eve")),
        ("find(users, .name == name)", json!(null)),
        (
            "groupBy(users, .age > 18)",
            json!({
                "true": [{"name": "ann", "age": 31}, {"name": "eve", "age": 45}], "false": [{"name": "bob", "age": 17}],
            }),
        ),
    ]);
}

#[test]
fn operators_bind_as_in_go() {
    assert_values([
        ("nothing ?? 1 == 1", json!(true)),
        ("n ?? 1 == 1", json!(false)),
        ("1 + nothing ?? 2 * 3", json!(7)),
        ("nothing ?? nothing ?? n", json!(3)),
        ("1 + 2 * 3 - 4", json!(3)),
        ("-2 ** 2", json!(-4)),
        ("2 ** 3 ** 2", json!(512)),
        ("n > 2 ? 'a' : n > 1 ? 'b' : 'c'", json!("a")),
        ("deep?.x?.y", json!(null)),
        ("if n > 2 {'more'} else {'less'}", json!("more")),
        ("let x = n; let y = x + 1; x * y", json!(12)),
        ("users | len() > 2", json!(true)),
    ]);
}

#[test]
fn names_may_begin_as_words_of_the_language() {
    assert_values([
        ("notes", json!("kept")),
        ("not (trueish == 1)", json!(false)),
        ("let nilly = 4; nilly + trueish", json!(5)),
        ("$env.notes + $env['notes']", json!("keptkept")),
        ("map([{notes: 1}], .notes)", json!([1])),
    ]);
    let unknown = "error evaluating expression: notify: unknown variable: notify";
    assert_eq!(value("notify"), Err(unknown.to_owned()));
}

#[test]
fn texts_are_what_their_quotes_mean() {
    assert_values([
        (r#""a\\nb""#, json!(r"a\nb")),
        (r#"'it\'s ' + "\"so\"\t\u00e9""#, json!("it's \"so\"\té")),
        (r#"'`' + "a`b``""#, json!("`a`b``")),
        (r"'a.b' matches '^a\\.b$' and not ('axb' matches '^a\\.b$')", json!(true)),
        ("`raw \\n`", json!("raw \\n")),
        ("'' + ``", json!("")),
    ]);
}

#[test]
fn dates_durations_and_encodings_are_there() {
    assert_values([
        ("date('2024-03-01') - date('2024-02-28') == duration('48h')", json!(true)),
        ("date('2024-03-01').Format('02 Jan 2006')", json!("01 Mar 2024")),
        ("date('2024-03-01T10:00:00Z')", json!("2024-03-01T10:00:00Z")),
        ("date('2024-07-01', '2006-01-02', 'Europe/Zurich').Hour()", json!(0)),
        ("now().Year() > 2000", json!(true)),
        ("duration('1s')", json!(1_000_000_000)),
        ("fromBase64(toBase64('bee'))", json!("bee")),
        ("b'bee'", json!("YmVl")),
        ("'hello' matches '^h.*o$'", json!(true)),
        ("trim('  a ') + string(1.5) + toJSON([1, 'x'])", json!("a1.5[1,\"x\"]")),
    ]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases = [
        ("1 +", "unexpected end (1:4)"),
        ("", "unexpected end (1:1)"),
        ("n,\n 'a", "text without an end (2:2)"),
        ("{a: n, 1}", "unexpected \"1\" (1:8)"),
        ("{a: n ?? 2} ~ 3", "unexpected \"~\" (1:13)"),
        ("(n", "unexpected end (1:3)"),
        ("n == 'ü' n", "unexpected \"n\" (1:10)"),
        (
            "99999999999999999999",
            "invalid integer literal 99999999999999999999: number too large to fit in target type",
        ),
    ];
    for (expression, message) in cases {
        let expected = format!("error compiling expression: {expression}: {message}");
        assert_eq!(value(expression), Err(expected), "{expression}");
    }
}

#[test]
fn what_fails_is_told_in_one_line() {
    let cases = [
        ("n + 'a'", "Invalid operands for operator +"),
        ("nope()", "Unknown function: nope"),
        ("1 % 0", "integer divide by zero"),
        ("randomInt(0)", "randomInt() takes an integer above 0, not 0"),
        ("sequence(1)", "sequence() takes two integers"),
        ("'a' matches '['", "regex parse error: [ ^ error: unclosed character class"),
    ];
    for (expression, message) in cases {
        let expected = format!("error evaluating expression: {expression}: {message}");
        assert_eq!(value(expression), Err(expected), "{expression}");
    }
    let long = value("repeat('a', 1000)[1:] ? 1 : 2").unwrap_err();
    assert!(long.chars().count() < 500 && long.ends_with('…'), "{long}");
}
