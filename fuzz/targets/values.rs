//! JSON as arguments of every WIT type: it is refused with a reason, or there and back again it stays the same.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use skep_engine::{Engine, Outcome, Program};
use skep_fuzz::{call, engine};

/// Gives back what it is given, in an export for each type.
const ECHO: &[u8] = include_bytes!("../../guests/built/values.wasm");

static PROGRAM: LazyLock<Program> = LazyLock::new(|| {
    let component = Engine::accept(ECHO).expect("a component");
    engine().compile(&component).expect("it compiles")
});

fuzz_target!(|input: &[u8]| {
    let Some((which, json)) = input.split_first() else { return };
    let Ok(argument) = serde_json::from_slice::<Value>(json) else { return };
    let echoes = PROGRAM.interface().exports.iter().filter(|function| function.name.contains("echo-"));
    let echoes: Vec<_> = echoes.collect();
    let export = &echoes[usize::from(*which) % echoes.len()].name;
    if let Err(refused) = PROGRAM.call(Some(export), &[argument.clone()]) {
        assert!(!refused.0.is_empty());
        return;
    }
    // A result that is an error is the call's failure, not its value.
    let Some(Outcome::Returned(Some(once))) = call(&PROGRAM, Some(export), &[argument]) else { return };
    // The value of a top-level result stands for itself.
    let again = if export.contains("result") { serde_json::json!({"ok": once}) } else { once.clone() };
    match call(&PROGRAM, Some(export), &[again]) {
        Some(Outcome::Returned(Some(twice))) => assert_eq!(once, twice, "{export}"),
        other => panic!("{export}: {once} came back, and is not taken: {other:?}"),
    }
});
