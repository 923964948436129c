//! Bulk operations on memory: interruptible, and otherwise as the specification has them.

use std::time::{Duration, Instant};

use serde_json::json;
use skep_engine::{Engine, FailureCode, Limits};

use crate::{Run, engine, program};

const GIB: &str = "0x40000000";

#[test]
fn a_huge_fill_or_copy_ends_with_its_time() {
    for operation in [
        format!("(memory.fill (i32.const 0) (i32.const 1) (i32.const {GIB}))"),
        "(memory.copy (i32.const 0) (i32.const 65536) (i32.const 0x3fff0000))".to_owned(),
        "(memory.copy (i32.const 65536) (i32.const 0) (i32.const 0x3fff0000))".to_owned(),
    ] {
        let text = format!("(module (memory 16384) (func (export \"f\") (loop {operation} (br 0))))");
        let program = program(text.as_bytes());
        let began = Instant::now();
        let large = |limits: &mut Limits| {
            (limits.memory_bytes_max, limits.timeout) = (2 << 30, Duration::from_millis(200))
        };
        assert_eq!(Run::of(&program).limits(large).code(), FailureCode::Timeout, "{operation}");
        // Other tests run beside it.
        assert!(began.elapsed() < Duration::from_millis(1500), "{operation}: {:?}", began.elapsed());
    }
}

/// Writes a ramp of bytes, copies, and sums what is where it was copied to, weighed by its place.
const COPIES: &str = r#"(module (memory 2048)
    (func $weigh (param $at i32) (param $count i32) (result i64) (local $sum i64) (local $i i32)
        (loop $next
            (local.set $sum (i64.add (local.get $sum) (i64.mul
                (i64.load8_u (i32.add (local.get $at) (local.get $i)))
                (i64.extend_i32_u (i32.add (local.get $i) (i32.const 1))))))
            (local.set $i (i32.add (local.get $i) (i32.const 4097)))
            (br_if $next (i32.lt_u (local.get $i) (local.get $count))))
        (local.get $sum))
    (func (export "differs") (param $from i32) (param $to i32) (param $count i32) (result i64) (local $i i32) (local $before i64)
        (loop $next
            (i32.store8 (i32.add (local.get $from) (local.get $i)) (i32.xor (local.get $i) (i32.shr_u (local.get $i) (i32.const 9))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (local.get $count))))
        (local.set $before (call $weigh (local.get $from) (local.get $count)))
        (memory.copy (local.get $to) (local.get $from) (local.get $count))
        (i64.sub (local.get $before) (call $weigh (local.get $to) (local.get $count))))
    (func (export "fill") (param $at i32) (param $count i32) (result i32)
        (memory.fill (local.get $at) (i32.const 7) (local.get $count))
        (i32.add (i32.load8_u (local.get $at)) (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $count)) (i32.const 1)))))
    (func (export "fill-beyond") (memory.fill (i32.const 100) (i32.const 7) (i32.const 0x7ffffff)))
    (func (export "fill-around") (memory.fill (i32.const 0x7ffff00) (i32.const 7) (i32.const -1)))
    (func (export "copy-beyond") (memory.copy (i32.const 0) (i32.const 0x4000000) (i32.const 0x7000000))))"#;

#[test]
fn what_overlaps_is_copied_right_whichever_way_it_goes() {
    let program = program(COPIES.as_bytes());
    let differs = |from: u32, to: u32, count: u32| {
        Run::of(&program).export("differs").arguments([from, to, count]).value()
    };
    const MIB: u32 = 1 << 20;
    for (from, to) in
        [(0, 64 * MIB), (64 * MIB, 0), (0, 1), (1, 0), (0, 17 * MIB), (17 * MIB, 0), (0, 16 * MIB), (5, 5)]
    {
        for count in [1, 16 * MIB, 16 * MIB + 1, 40 * MIB, 48 * MIB + 3] {
            assert_eq!(differs(from, to, count), json!(0), "{from} {to} {count}");
        }
    }
    for count in [1, 16 << 20, (16 << 20) + 1, 50 << 20] {
        assert_eq!(Run::of(&program).export("fill").arguments([1000, count]).value(), json!(14), "{count}");
    }
}

#[test]
fn what_is_out_of_bounds_traps() {
    let program = program(COPIES.as_bytes());
    for export in ["fill-beyond", "fill-around", "copy-beyond"] {
        let failure = Run::of(&program).export(export).failure();
        assert_eq!(failure.code, FailureCode::Trap, "{export}");
        assert!(failure.message.contains("out of bounds memory access"), "{}", failure.message);
    }
}

#[test]
fn a_memory_of_64_bits_and_a_second_one_are_filled_too() {
    let program = program(
        br#"(module (memory $a i64 1) (memory $b 1)
            (func (export "f") (result i32)
                (memory.fill $a (i64.const 8) (i32.const 3) (i64.const 100))
                (memory.fill $b (i32.const 8) (i32.const 4) (i32.const 100))
                (memory.copy $a $a (i64.const 0) (i64.const 8) (i64.const 4))
                (memory.copy $b $b (i32.const 0) (i32.const 8) (i32.const 4))
                (i32.add
                    (i32.add (i32.load8_u $a (i64.const 107)) (i32.load8_u $b (i32.const 107)))
                    (i32.add (i32.load8_u $a (i64.const 3)) (i32.load8_u $b (i32.const 3))))))"#,
    );
    assert_eq!(Run::of(&program).value(), json!(14));
    let mixed = br#"(module (memory $a i64 1) (memory $b 1)
        (func (export "f") (memory.copy $a $b (i64.const 0) (i32.const 8) (i32.const 4))))"#;
    let component = Engine::accept(mixed).expect("valid");
    let refused = engine().compile(&component).err().expect("refused");
    assert!(refused.0.contains("addresses of 32 bits"), "{refused}");
}

#[test]
fn an_opcode_that_is_written_long_is_no_way_around() {
    // (module (memory 16384) (func (export "f")
    //     (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000)) (br 0))))
    const BODY: &[u8] = &[
        0, 0x03, 0x40, 0x41, 0, 0x41, 1, 0x41, 0x80, 0x80, 0x80, 0x80, 0x04, 0xfc, 0x8b, 0x80, 0, 0, 0x0c, 0,
        0x0b, 0x0b,
    ];
    let body = [&[1, BODY.len() as u8], BODY].concat();
    let section = |id: u8, content: &[u8]| [&[id, content.len() as u8], content].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(5, &[1, 0, 0x80, 0x80, 0x01]),
        section(7, &[1, 1, b'f', 0, 0]),
        section(10, &body),
    ];
    let program = program(&module.concat());
    let began = Instant::now();
    let large = |limits: &mut Limits| {
        (limits.memory_bytes_max, limits.timeout) = (2 << 30, Duration::from_millis(200))
    };
    assert_eq!(Run::of(&program).limits(large).code(), FailureCode::Timeout);
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
}
