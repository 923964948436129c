//! What is accepted as a function.

use serde_json::json;
use skep_engine::{Engine, Kind};

use crate::{Run, guest, program};

#[test]
fn a_core_module_without_imports_is_lifted() {
    let program = program(
        br#"(module
            (func (export "add_two") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func (export "twice") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2)))
            (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
            (func (export "nothing"))
            (func (export "pair") (result i32 i32) (i32.const 1) (i32.const 2))
            (memory (export "memory") 1))"#,
    );
    let names: Vec<_> =
        program.interface().exports.iter().map(|f| (f.name.as_str(), f.wit.as_str())).collect();
    assert_eq!(
        names,
        [
            ("add-two", "func(p0: s32, p1: s32) -> s32"),
            ("twice", "func(p0: s64) -> s64"),
            ("half", "func(p0: f64) -> f64"),
            ("nothing", "func()"),
        ]
    );
    assert_eq!(Run::of(&program).export("add-two").arguments([-5, 3]).value(), json!(-2));
    assert_eq!(Run::of(&program).export("twice").arguments([i64::MAX / 2]).value(), json!(i64::MAX - 1));
    assert_eq!(Run::of(&program).export("half").arguments([json!(1)]).value(), json!(0.5));
}

#[test]
fn a_preview1_module_is_adapted() {
    let program = program(
        br#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "hello from preview1\n")
            (func (export "_start")
                (i32.store (i32.const 0) (i32.const 16))
                (i32.store (i32.const 4) (i32.const 20))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (call $exit (i32.const 0))))"#,
    );
    assert_eq!(program.interface().kinds, [Kind::Command]);
    assert_eq!(Run::of(&program).stdout(), "hello from preview1\n");
}

#[test]
fn kinds_come_from_the_exports() {
    assert_eq!(guest("command").interface().kinds, [Kind::Command]);
    assert_eq!(guest("async-command").interface().kinds, [Kind::Command]);
    assert_eq!(guest("primes").interface().kinds, [Kind::Exports]);
}

#[test]
fn a_component_that_needs_what_is_not_here_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = skep_engine::Config {
        threads: 1,
        instances: 4,
        cache: Some(directory.path().to_owned()),
        ..skep_engine::Config::default()
    };
    let engine = Engine::new(&config).expect("an engine");
    let component =
        Engine::accept(br#"(component (import "acme:secret/vault" (instance (export "open" (func)))))"#);
    let refused = engine.compile(&component.expect("valid")).err().expect("refused");
    assert!(refused.0.contains("acme:secret/vault"), "{refused}");
    let files = std::fs::read_dir(directory.path()).expect("it is there").flatten();
    assert_eq!(files.filter(|file| file.path().extension().is_some_and(|e| e == "cwasm")).count(), 0);
}

#[test]
fn wit_is_printed_with_names() {
    let wit = Engine::wit(&crate::guest_bytes("words")).expect("a component");
    assert!(wit.contains("record summary"), "{wit}");
}

#[test]
fn compiled_code_comes_back_from_the_cache_only_if_it_verifies() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = skep_engine::Config {
        threads: 1,
        instances: 4,
        cache: Some(directory.path().to_owned()),
        ..skep_engine::Config::default()
    };
    let engine = Engine::new(&config).expect("an engine");
    let bytes = crate::guest_bytes("primes");
    engine.compile(&bytes).expect("compiles");
    let file = |extension: &str| {
        let mut files =
            std::fs::read_dir(directory.path()).expect("it is there").map(|f| f.expect("a file").path());
        files.find(|path| path.extension().is_some_and(|e| e == extension)).expect("the cache wrote it")
    };
    let (code, written) =
        (file("cwasm"), std::fs::metadata(file("cwasm")).expect("there").modified().expect("time"));
    engine.compile(&bytes).expect("loads");
    let modified = || std::fs::metadata(&code).expect("there").modified().expect("time");
    assert_eq!(modified(), written, "the second time it was loaded, not made");
    let mut crafted = std::fs::read(&code).expect("readable");
    let middle = crafted.len() / 2;
    crafted[middle] ^= 1;
    std::fs::write(&code, &crafted).expect("writable");
    engine.compile(&bytes).expect("compiles again");
    assert_ne!(std::fs::read(&code).expect("readable"), crafted, "the crafted file was replaced");
}

#[test]
fn a_module_with_too_many_exports_is_refused_soon() {
    let exports: String = (0..120_000).map(|n| format!("(func (export \"f{n}\"))")).collect();
    let began = std::time::Instant::now();
    let refused = Engine::accept(format!("(module {exports})").as_bytes()).expect_err("it is refused");
    assert!(refused.0.contains("more than 1000 functions"), "{refused}");
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_refusal_that_quotes_the_upload_is_short() {
    let refused = Engine::accept("(".repeat(1_000_000).as_bytes()).expect_err("it is refused");
    assert!(refused.0.len() < 1100, "{}", refused.0.len());
}
