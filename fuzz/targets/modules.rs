//! Valid modules, as odd as can be: each becomes a component, is compiled with its bulk operations in pieces, and
//! runs under its limits.

#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::{Corpus, fuzz_target};
use skep_engine::Engine;
use skep_fuzz::{call_all, engine};
use wasm_smith::{Config, Module};

/// Whether the module does not even begin: what is not to be a module in our own limits is refused.
fn run(bytes: &[u8]) -> Result<()> {
    let config = Config {
        max_imports: 0,
        export_everything: true,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        simd_enabled: true,
        tail_call_enabled: true,
        memory64_enabled: true,
        max_memories: 3,
        max_tables: 3,
        // What the engine has switched off.
        gc_enabled: false,
        exceptions_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        relaxed_simd_enabled: false,
        ..Config::default()
    };
    let module = Module::new(config, &mut Unstructured::new(bytes))?.to_bytes();
    let Ok(component) = Engine::accept(&module) else { return Ok(()) };
    match engine().compile(&component) {
        Ok(program) => call_all(&program),
        // It was valid: if it no longer is, we have broken it.
        Err(refused) => assert!(!refused.0.contains("failed to parse"), "{}", refused.0),
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| -> Corpus { if run(bytes).is_ok() { Corpus::Keep } else { Corpus::Reject } });
