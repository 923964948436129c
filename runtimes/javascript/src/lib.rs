//! JavaScript as a runtime of Skep: QuickJS, with what the web has for servers.
//!
//! `build` compiles each module that the main file reaches to QuickJS's bytecode and runs the main module
//! once, to see what it exports. `load` makes a fresh context of the bytecode; nothing is parsed any more. A
//! file that exports nothing is a command: it runs as a whole, and only when it is called.

mod build;
mod calls;
mod event_loop;
mod failure;
mod globals;
mod http;
mod machine;
mod modules;
mod script;
#[cfg(feature = "types")]
mod types;
#[cfg(not(feature = "types"))]
#[path = "no_types.rs"]
mod types;

use crate::exports::skep::runtime::guest::{Built, Failure, Guest, Source};

wit_bindgen::generate!({ path: "../wit/runtime.wit", world: "runtime" });

struct JavaScript;

export!(JavaScript);
wasip2::http::proxy::export!(JavaScript);

impl Guest for JavaScript {
    fn build(source: Source) -> Result<Built, Failure> {
        build::build(source).map(Built::Script)
    }

    fn load(content: Vec<u8>) -> Result<(), Failure> {
        machine::load(&content)
    }

    fn call(function: String, arguments: String) -> Result<String, Failure> {
        machine::with_loaded(|main| calls::call(main, &function, &arguments))
    }

    fn run() -> Result<u8, Failure> {
        machine::run_main()
    }
}
