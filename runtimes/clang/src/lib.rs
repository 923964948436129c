//! The runtime for C and C++: makes a component of source, with clang and wasm-ld as WebAssembly, all of it in one
//! sandbox.
//!
//! This crate is one half of the component. The other is LLVM, a program for WASI with a memory of its own. Here
//! is the system that it sees ([`system`]): files in memory ([`files`]), arguments, standard error. Each run of it
//! ([`llvm`]) begins with its memory as it was, as a process does.
//!
//! What is built needs no runtime: `program.c` goes into it, and exports what a runtime does.

mod component;
mod files;
mod llvm;
mod objects;
mod program;
mod system;

use bindings::exports::skep::runtime::guest;

mod bindings {
    wit_bindgen::generate!({ path: "../wit/runtime.wit", world: "runtime" });
}

struct Clang;

/// What this runtime has no use for: what it builds runs by itself.
fn no_script() -> guest::Failure {
    guest::Failure { message: "this runtime builds components, and runs no scripts".into(), trace: None }
}

impl guest::Guest for Clang {
    fn build(source: guest::Source) -> Result<guest::Built, guest::Failure> {
        let (component, script) = program::build(source)?;
        Ok(guest::Built::Program(guest::Program { component, script }))
    }

    fn load(_: Vec<u8>) -> Result<(), guest::Failure> {
        Err(no_script())
    }

    fn call(_: String, _: String) -> Result<String, guest::Failure> {
        Err(no_script())
    }

    fn run() -> Result<u8, guest::Failure> {
        Err(no_script())
    }
}

bindings::export!(Clang with_types_in bindings);
