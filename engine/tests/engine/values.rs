//! JSON ⇄ WIT, type by type, through a guest that gives back what it gets.

use serde_json::{Value, json};
use skep_engine::{FailureCode, Outcome};

use crate::{Run, guest};

fn export(name: &str) -> String {
    let guest = guest("values");
    let exports = &guest.interface().exports;
    let suffix = format!("#{name}");
    let found = exports.iter().find(|f| f.name == name || f.name.ends_with(&suffix));
    found.unwrap_or_else(|| panic!("{name} is not among {exports:?}")).name.clone()
}

fn echo(name: &str, argument: Value) -> Value {
    Run::of(&guest("values")).export(&export(name)).arguments([argument]).value()
}

fn refusal(name: &str, argument: Value) -> String {
    let program = guest("values");
    program.call(Some(&export(name)), &[argument]).expect_err("it does not fit").0
}

#[test]
fn every_type_comes_back_as_it_went() {
    let cases = [
        ("echo-bool", json!(true)),
        ("echo-u8", json!(255)),
        ("echo-s8", json!(-128)),
        ("echo-u16", json!(65535)),
        ("echo-s16", json!(-32768)),
        ("echo-u32", json!(u32::MAX)),
        ("echo-s32", json!(i32::MIN)),
        ("echo-u64", json!(u64::MAX)),
        ("echo-s64", json!(i64::MIN)),
        ("echo-f32", json!(0.1)),
        ("echo-f64", json!(0.1)),
        ("echo-f64", json!("NaN")),
        ("echo-f32", json!("-Infinity")),
        ("echo-char", json!("ß")),
        ("echo-string", json!("line\n\u{0}\u{1f41d}")),
        ("echo-list-u8", json!("AAEC/w==")),
        ("echo-list-u8", json!("")),
        ("echo-list-string", json!([])),
        ("echo-list-string", json!(["a", ""])),
        ("echo-list-list-u32", json!([[1], [], [2, 3]])),
        ("echo-tuple", json!([7, "seven"])),
        (
            "echo-record",
            json!({"visitor-name": "Ada", "at-home": true, "seen-at": {"street-name": "Hive", "house-number": 6},
                "lasted-seconds": 1.5}),
        ),
        ("echo-variant", json!({"case": "nothing"})),
        ("echo-variant", json!({"case": "circle", "value": 0.5})),
        ("echo-variant", json!({"case": "rectangle", "value": [1, 2]})),
        ("echo-enum", json!("dark-blue")),
        ("echo-flags", json!(["read", "run-as-other"])),
        ("echo-flags", json!([])),
        ("echo-option-u32", json!(null)),
        ("echo-option-u32", json!(7)),
        ("echo-option-option-u32", json!(null)),
        ("echo-option-option-u32", json!({"some": null})),
        ("echo-option-option-u32", json!({"some": 7})),
    ];
    for (name, value) in cases {
        assert_eq!(echo(name, value.clone()), value, "{name}");
    }
}

#[test]
fn other_spellings_are_read() {
    assert_eq!(echo("echo-u64", json!("18446744073709551615")), json!(u64::MAX));
    assert_eq!(echo("echo-u32", json!(7.0)), json!(7));
    assert_eq!(echo("echo-list-u8", json!([0, 1, 2, 255])), json!("AAEC/w=="));
    assert_eq!(echo("echo-f64", json!("Infinity")), json!("Infinity"));
    assert_eq!(echo("echo-variant", json!("nothing")), json!({"case": "nothing"}));
    let place = json!({"street-name": "Hive", "house-number": 6});
    let left_out = json!({"visitor-name": "Ada", "at-home": true, "seen-at": place});
    assert_eq!(echo("echo-record", left_out)["lasted-seconds"], json!(null));
}

#[test]
fn what_does_not_fit_is_refused_with_index_and_type() {
    assert_eq!(refusal("echo-u8", json!(256)), "argument 0 (value: u8): expected u8, got 256");
    assert_eq!(refusal("echo-u8", json!("many")), "argument 0 (value: u8): expected u8, got \"many\"");
    assert_eq!(
        refusal("echo-char", json!("ab")),
        "argument 0 (value: char): expected a string of one character"
    );
    assert!(refusal("echo-list-u8", json!("no base64!")).contains("base64"));
    assert!(
        refusal("echo-list-list-u32", json!([[1], ["x"]])).contains("at [1][0]: expected u32, got \"x\"")
    );
    assert!(refusal("echo-enum", json!("mauve")).contains("expected enum { red, green, dark-blue }"));
    assert!(refusal("echo-flags", json!(["fly"])).contains("there is no flag \"fly\""));
    assert!(
        refusal("echo-variant", json!({"case": "circle"})).contains("at .circle: expected f64, got null")
    );
    assert!(refusal("echo-record", json!({"visitor": 1})).contains("there is no field \"visitor\""));
    let program = guest("values");
    let too_few = program.call(Some("divide"), &[]).expect_err("two are needed").0;
    assert!(too_few.contains("takes 2 arguments, got 0"), "{too_few}");
    let unknown = program.call(Some("no-such"), &[]).expect_err("it is not there").0;
    assert!(unknown.starts_with("there is no export \"no-such\"; there is "), "{unknown}");
    assert!(program.call(None, &[]).expect_err("there are many").0.starts_with("name the export"));
}

#[test]
fn a_result_at_the_top_is_success_or_failure() {
    let failure = Run::of(&guest("values")).export("fail").arguments(["out of honey"]).failure();
    assert_eq!((failure.code, failure.message.as_str()), (FailureCode::GuestError, "out of honey"));
    let name = export("echo-result-u32-string");
    assert_eq!(Run::of(&guest("values")).export(&name).arguments([json!({"ok": 3})]).value(), json!(3));
    let failure = Run::of(&guest("values")).export(&name).arguments([json!({"err": "no"})]).failure();
    assert_eq!(failure.message, "no");
    let name = export("echo-result");
    let outcome = Run::of(&guest("values")).export(&name).arguments([json!({"ok": null})]).outcome();
    assert_eq!(outcome, Outcome::Returned(None));
}

#[test]
fn a_list_of_bytes_as_long_as_a_result_may_be_comes_back() {
    // Base64 of 700,000 bytes is just below the default limit of a result.
    let bytes: Vec<u8> = (0..700_000u32).map(|n| n as u8).collect();
    let value = echo("echo-list-u8", bytes.into());
    assert_eq!(value.as_str().expect("base64").len(), 933_336);
}
