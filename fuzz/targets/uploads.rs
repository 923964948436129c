//! Anything at all as an upload: it is refused with a reason, or becomes a program that runs under its limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use skep_engine::Engine;
use skep_fuzz::{call_all, engine};

fuzz_target!(|upload: &[u8]| {
    match Engine::accept(upload) {
        Err(refused) => assert!(!refused.0.is_empty() && refused.0.len() < 2000, "{}", refused.0),
        Ok(component) => {
            // Text of it is for people: it may fail, but it must not panic.
            let _ = Engine::wit(&component);
            if let Ok(program) = engine().compile(&component) {
                call_all(&program);
            }
        }
    }
});
