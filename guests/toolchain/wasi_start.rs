//! `_start` of a program, in place of the one (crt1-command.o) in Debian bookworm's 2022 wasi-libc.
//! That one does not call the constructors itself, so the linker wraps every export to run them. A
//! program that imports WASI directly exports `cabi_realloc`; the adapter calls it while it hands out
//! the opened directories, the wrapper runs libc's constructors, they ask the adapter for the opened
//! directories, and the program traps. Later releases of wasi-libc call the constructors as here.
#![no_std]
use core::ffi::c_int;

unsafe extern "C" {
    fn __wasm_call_ctors();
    fn __wasm_call_dtors();
    fn __main_void() -> c_int;
    fn exit(code: c_int) -> !;
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn _start() {
    unsafe {
        __wasm_call_ctors();
        let code = __main_void();
        if code != 0 {
            exit(code);
        }
        __wasm_call_dtors();
    }
}
