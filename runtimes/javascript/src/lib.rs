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
mod seed;
#[cfg(feature = "types")]
mod types;
#[cfg(not(feature = "types"))]
#[path = "no_types.rs"]
mod types;

use crate::exports::skep::runtime::guest::{self, Built, Failure, Source};

wit_bindgen::generate!({
    path: "../wit/runtime.wit",
    inline: "
        package skep:javascript;

        world javascript {
            include skep:runtime/runtime@0.1.0;

            /// Called once, where the component is made; each instance begins with what it left.
            export start: func();
        }
    ",
    world: "skep:javascript/javascript",
});

struct JavaScript;

export!(JavaScript);
wasip2::http::proxy::export!(JavaScript);

impl self::Guest for JavaScript {
    fn start() {
        machine::start();
    }
}

impl guest::Guest for JavaScript {
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
