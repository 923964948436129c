//! Guests that will not end, or want too much.

use std::time::{Duration, Instant};

use serde_json::json;
use skep_engine::{Config, Engine, FailureCode, Outcome};

use crate::{Run, guest, program, wait};

const LOOP: &[u8] = br#"(module (func $around (export "around") (loop (br 0))))"#;

#[test]
fn an_endless_loop_times_out_with_its_place() {
    let program = program(LOOP);
    let began = Instant::now();
    let failure = Run::of(&program).limits(|l| l.timeout = Duration::from_millis(100)).failure();
    assert_eq!(failure.code, FailureCode::Timeout);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(failure.backtrace.expect("a loop has a place").contains("around"));
}

#[test]
fn cpu_time_is_limited_apart_from_wall_time() {
    let program = program(LOOP);
    let (report, _) = Run::of(&program).limits(|l| l.cpu = Duration::from_millis(50)).report();
    let Outcome::Failed(failure) = report.outcome else { panic!("it ended") };
    assert_eq!(failure.code, FailureCode::CpuLimit);
    assert!(report.usage.cpu_nanos >= 50_000_000, "{:?}", report.usage);
    assert!(report.usage.cpu_nanos < 500_000_000, "{:?}", report.usage);
}

#[test]
fn a_sleeping_guest_is_stopped_in_its_host_call() {
    let program = guest("command");
    let began = Instant::now();
    let run =
        Run::of(&program).arguments(["sleep", "60000"]).limits(|l| l.timeout = Duration::from_millis(100));
    assert_eq!(run.code(), FailureCode::Timeout);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_sleeping_guest_costs_no_cpu_time() {
    let program = guest("command");
    let (report, _) = Run::of(&program).arguments(["sleep", "300"]).report();
    assert!(report.usage.wall_nanos >= 300_000_000, "{:?}", report.usage);
    assert!(report.usage.cpu_nanos < 150_000_000, "{:?}", report.usage);
}

#[test]
fn cancel_reaches_a_loop_and_a_sleeper() {
    for (program, arguments) in [(program(LOOP), vec![]), (guest("command"), vec!["sleep", "60000"])] {
        let mut running = Run::of(&program).arguments(arguments).start();
        let outcome = wait(async {
            tokio::time::timeout(Duration::from_millis(50), &mut running).await.expect_err("it goes on");
            running.cancel();
            let began = Instant::now();
            let report = running.await.expect("the host works");
            assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
            report.outcome
        });
        let Outcome::Failed(failure) = outcome else { panic!("it ended well") };
        assert_eq!(failure.code, FailureCode::Cancelled);
    }
}

#[test]
fn a_hundred_guests_dropped_in_the_middle_leave_their_places() {
    let (sleeper, looper) = (guest("command"), program(LOOP));
    for _ in 0..3 {
        let sleepers = (0..60).map(|_| Run::of(&sleeper).arguments(["sleep", "60000"]).start());
        let running: Vec<_> = sleepers.chain((0..60).map(|_| Run::of(&looper).start())).collect();
        // More loops than threads: somebody waits for one as soon as they run.
        while crate::engine().backlogs().is_empty() {
            std::thread::yield_now();
        }
        drop(running);
    }
    let small = program(br#"(module (func (export "one") (result i32) (i32.const 1)))"#);
    assert_eq!(Run::of(&small).value(), json!(1));
}

#[test]
fn memory_is_bounded_and_metered() {
    let program = guest("command");
    let (report, _) = Run::of(&program).arguments(["allocate", "20"]).report();
    assert!(report.usage.memory_peak_bytes > 20 << 20, "{:?}", report.usage);
    let run = Run::of(&program).arguments(["allocate", "200"]).limits(|l| l.memory_bytes_max = 64 << 20);
    assert_eq!(run.code(), FailureCode::OutOfMemory);
}

#[test]
fn a_memory_that_is_too_big_from_the_start_is_out_of_memory() {
    let program = program(br#"(module (memory 2000) (func (export "f")))"#);
    let run = Run::of(&program).limits(|l| l.memory_bytes_max = 64 << 20);
    assert_eq!(run.code(), FailureCode::OutOfMemory);
}

#[test]
fn deep_recursion_is_a_stack_overflow() {
    let program = program(br#"(module (func $down (export "down") (call $down)))"#);
    assert_eq!(Run::of(&program).code(), FailureCode::StackOverflow);
}

#[test]
fn a_trap_names_the_function() {
    let failure = Run::of(&guest("values")).export("divide").arguments([1, 0]).failure();
    assert_eq!(failure.code, FailureCode::Trap);
    let backtrace = failure.backtrace.expect("a trap has a place");
    assert!(backtrace.contains("divide_exactly"), "{backtrace}");
}

#[test]
fn output_is_cut_and_a_result_refused_at_their_limits() {
    let program = guest("command");
    let spam = |count: &'static str| {
        Run::of(&program).arguments(["spam", count]).limits(|l| l.log_bytes_max = 10_000).report()
    };
    let (report, lines) = spam("5000");
    assert!(
        matches!(&report.outcome, Outcome::Finished(stdout) if stdout.len() > 10_000),
        "a result is no log"
    );
    assert!(lines.len() < 400, "{}", lines.len());
    assert!(lines.last().expect("lines").text.starts_with("[cut"));
    let (report, _) = spam("200000");
    let Outcome::Failed(failure) = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(failure.code, FailureCode::OutputTooLarge);
    assert!(report.usage.log_bytes > 1_000_000, "{:?}", report.usage);
    let (mandelbrot, size) = (guest("mandelbrot"), |l: &mut skep_engine::Limits| l.output_bytes_max = 1000);
    let run = Run::of(&mandelbrot).arguments([100, 100, 10]).limits(size);
    assert_eq!(run.code(), FailureCode::OutputTooLarge);
}

#[test]
fn instances_see_nothing_of_each_other() {
    let program = program(
        br#"(module (memory 1) (global $g (mut i32) (i32.const 0))
            (func (export "f") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
                (i32.add (global.get $g) (i32.load (i32.const 8)))))"#,
    );
    for _ in 0..200 {
        assert_eq!(Run::of(&program).value(), json!(2));
    }
}

#[test]
fn more_guests_than_places_wait_their_turn() {
    let program = guest("command");
    let running: Vec<_> = (0..150).map(|_| Run::of(&program).arguments(["sleep", "50"]).start()).collect();
    for run in running {
        let report = wait(run).expect("the host works");
        assert!(matches!(report.outcome, Outcome::Finished(_)), "{:?}", report.outcome);
    }
}

#[test]
fn a_cancelled_guest_that_waits_for_a_place_ends_at_once_and_never_runs() {
    let (sleeper, small) =
        (guest("command"), program(br#"(module (func (export "one") (result i32) (i32.const 1)))"#));
    let sleepers: Vec<_> =
        (0..100).map(|_| Run::of(&sleeper).arguments(["sleep", "60000"]).start()).collect();
    let waiting = Run::of(&small).start();
    waiting.cancel();
    let Outcome::Failed(failure) = wait(waiting).expect("the host works").outcome else { panic!("it ran") };
    assert_eq!(failure.code, FailureCode::Cancelled);
    drop(sleepers);
}

/// A function that takes a list of a tuple of tuples, `doublings` deep.
fn doubled(doublings: u32) -> skep_engine::Function {
    let mut text = String::from(
        "(component (core module $m (func (export \"f\") (param i32 i32)) (memory (export \"m\") 1)
            (func (export \"r\") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
         (core instance $i (instantiate $m)) (type $t0 (tuple u8 u8))",
    );
    (1..=doublings).for_each(|n| text.push_str(&format!("(type $t{n} (tuple $t{p} $t{p}))", p = n - 1)));
    text.push_str(&format!(
        "(func (export \"f\") (param \"p\" (list $t{doublings}))
            (canon lift (core func $i \"f\") (memory (core memory $i \"m\")) (realloc (core func $i \"r\")))))"
    ));
    program(text.as_bytes()).interface().exports[0].clone()
}

#[test]
fn a_type_whose_text_is_endless_is_cut_and_one_with_too_many_parts_is_not_called() {
    let cut = doubled(10);
    assert_eq!(cut.unsupported, None);
    assert!(cut.wit.len() > 1000 && cut.wit.len() < 3000, "{}", cut.wit.len());
    let refused = doubled(14);
    assert!(refused.unsupported.expect("it is too large").contains("parts"));
}

#[test]
fn a_guest_takes_a_place_for_each_of_its_memories() {
    let engine =
        Engine::new(&Config { threads: 1, instances: 5, ..Config::default() }).expect("a small pool");
    let wide = r#"(module (memory 1) (memory 1) (memory 1) (memory 1) (func (export "f") (loop (br 0))))"#;
    let program = |text: &str| {
        engine.compile(&Engine::accept(text.as_bytes()).expect("acceptable")).expect("it compiles")
    };
    let (wide, narrow) = (program(wide), program(r#"(module (memory 1) (func (export "f")))"#));
    let start = |program| {
        let run = Run::of(program).limits(|l| l.timeout = Duration::from_millis(100));
        engine.invoke(run.invocation())
    };
    // Four of them have sixteen memories, and there is room for five: they take turns, and none finds it full.
    let loops: Vec<_> = (0..4).map(|_| start(&wide)).collect();
    let small = start(&narrow);
    for running in loops {
        let report = wait(running).expect("the pool has room for all that run");
        assert!(matches!(report.outcome, Outcome::Failed(failure) if failure.code == FailureCode::Timeout));
    }
    assert!(matches!(wait(small).expect("the host works").outcome, Outcome::Returned(None)));
}

#[test]
fn a_backtrace_is_short_whatever_its_functions_are_called() {
    let name = "n".repeat(90_000);
    let text = format!(r#"(module (func ${name} (export "f") (call ${name})))"#);
    let failure = Run::of(&program(text.as_bytes())).failure();
    assert_eq!(failure.code, FailureCode::StackOverflow);
    let backtrace = failure.backtrace.expect("it has a place");
    assert!(backtrace.contains("nnnn") && backtrace.len() < 10_000, "{} bytes", backtrace.len());
}
