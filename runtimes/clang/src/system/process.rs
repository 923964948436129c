//! Arguments, environment, time, chance, and the end.

use std::cell::RefCell;

use super::{NOT_SUPPORTED, OK, put32, put64, with};
use crate::llvm;

/// Its environment: with this, wasm-ld returns from its work instead of ending the process in the middle of it.
const ENVIRONMENT: [&str; 1] = ["LLD_IN_TEST=1"];

fn put_texts<T: AsRef<str>>(texts: &[T], list: u32, buffer: u32) {
    let mut at = buffer;
    for (index, text) in texts.iter().enumerate() {
        put32(list + 4 * index as u32, at);
        llvm::write(at, text.as_ref().as_bytes());
        llvm::write(at + text.as_ref().len() as u32, &[0]);
        at += text.as_ref().len() as u32 + 1;
    }
}

fn put_sizes<T: AsRef<str>>(texts: &[T], count: u32, bytes: u32) {
    put32(count, texts.len() as u32);
    put32(bytes, texts.iter().map(|text| text.as_ref().len() as u32 + 1).sum());
}

#[unsafe(no_mangle)]
extern "C" fn system_args_sizes_get(count: u32, bytes: u32) -> i32 {
    with(|system| put_sizes(&system.arguments, count, bytes));
    OK
}

#[unsafe(no_mangle)]
extern "C" fn system_args_get(list: u32, buffer: u32) -> i32 {
    with(|system| put_texts(&system.arguments, list, buffer));
    OK
}

#[unsafe(no_mangle)]
extern "C" fn system_environ_sizes_get(count: u32, bytes: u32) -> i32 {
    put_sizes(&ENVIRONMENT, count, bytes);
    OK
}

#[unsafe(no_mangle)]
extern "C" fn system_environ_get(list: u32, buffer: u32) -> i32 {
    put_texts(&ENVIRONMENT, list, buffer);
    OK
}

/// It stands still: the same source makes the same component.
#[unsafe(no_mangle)]
extern "C" fn system_clock_time_get(_clock: u32, _precision: u64, at: u32) -> i32 {
    put64(at, 0);
    OK
}

/// The same bytes each time, for the same reason. It is names of files that it makes of them.
#[unsafe(no_mangle)]
extern "C" fn system_random_get(at: u32, length: u32) -> i32 {
    thread_local! { static LAST: RefCell<u8> = const { RefCell::new(0) }; }
    let next = |last: &mut u8| {
        *last = last.wrapping_mul(5).wrapping_add(7);
        *last
    };
    let bytes: Vec<u8> = LAST.with_borrow_mut(|last| (0..length).map(|_| next(last)).collect());
    llvm::write(at, &bytes);
    OK
}

/// Called in the middle of its work, where nothing leads back from: this ends the build.
#[unsafe(no_mangle)]
extern "C" fn system_proc_exit(_code: u32) {
    std::process::exit(1);
}

#[unsafe(no_mangle)]
extern "C" fn system_poll_oneoff(_: u32, _: u32, _: u32, _: u32) -> i32 {
    NOT_SUPPORTED
}
