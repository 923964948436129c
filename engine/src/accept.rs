//! Uploaded bytes to a component: WAT, a core module, a preview1 module, or a component.
//!
//! The bytes decide, not what the uploader calls them. Nothing here compiles.

pub(crate) mod composition;

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Encoding, ExternalKind, Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

use crate::error::Rejected;
use crate::lift;

const MAGIC: &[u8] = b"\0asm";
/// Modules that a core module imports from, as far as it matters: with more it is refused anyway.
const IMPORT_MODULES_MAX: usize = 10;
/// Bytes of a message about an upload, which may quote the upload.
const MESSAGE_BYTES_MAX: usize = 1000;

/// What a component may have: what the runtime is built with and switched to (`runtime.rs`).
const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::CM_ASYNC)
    .difference(WasmFeatures::GC)
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::FUNCTION_REFERENCES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS);

/// Makes a component of the bytes, or says what they are and what to do.
pub(crate) fn accept(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Rejected> {
    checked(bytes).map_err(|mut rejected| {
        let end = rejected.0.floor_char_boundary(MESSAGE_BYTES_MAX);
        if end < rejected.0.len() {
            rejected.0.truncate(end);
            rejected.0.push('…');
        }
        rejected
    })
}

/// The module, if the bytes are a command of preview1 and nothing else.
pub(crate) fn preview1_command(bytes: &[u8]) -> Result<Option<Cow<'_, [u8]>>, Rejected> {
    let wasm = binary(bytes)?;
    let outline = Outline::read(&wasm)?;
    let is_command = outline.encoding == Encoding::Module
        && outline.has_start
        && !outline.has_component_type
        && outline.import_modules.iter().all(|name| name == PREVIEW1)
        && !outline.import_modules.is_empty();
    if is_command {
        validate(&wasm)?;
    }
    Ok(is_command.then_some(wasm))
}

fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Rejected> {
    Ok(if bytes.starts_with(MAGIC) { Cow::Borrowed(bytes) } else { Cow::Owned(assemble(bytes)?) })
}

fn checked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Rejected> {
    let wasm = binary(bytes)?;
    let outline = Outline::read(&wasm)?;
    match outline.encoding {
        Encoding::Component => {
            validate(&wasm)?;
            composition::check(&wasm)?;
            Ok(wasm)
        }
        Encoding::Module => {
            validate(&wasm)?;
            let component = outline.componentize(&wasm)?;
            validate(&component)?;
            Ok(Cow::Owned(component))
        }
    }
}

/// Text to bytes. The text format is the only one that is neither binary nor refused at once.
fn assemble(bytes: &[u8]) -> Result<Vec<u8>, Rejected> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| looks_like_wat(text));
    let text = text.ok_or_else(|| Rejected(guess(bytes)))?;
    wat::parse_str(text).map_err(|error| Rejected(format!("this looks like WebAssembly text, but: {error}")))
}

fn looks_like_wat(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('(') || text.starts_with(";;")
}

/// Names what was sent instead of WebAssembly, as far as its first bytes tell.
fn guess(bytes: &[u8]) -> String {
    const ADVICE: &str = "send a WebAssembly component, a core module or WebAssembly text";
    let what = match bytes {
        [] => "the body is empty",
        [0x1f, 0x8b, ..] => "this is gzip: unpack it first",
        [b'P', b'K', 3, 4, ..] => "this is a zip archive: unpack it first",
        [0x7f, b'E', b'L', b'F', ..] => "this is a native program (ELF): compile for wasm32-wasip2 instead",
        [b'#', b'!', ..] => "this is a script, and scripts need a runtime that is not installed",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "this is zstd: unpack it first",
        _ if std::str::from_utf8(bytes).is_ok() => "this is text, but not WebAssembly text",
        _ => "this is not WebAssembly (it does not begin with \\0asm)",
    };
    format!("{what}; {ADVICE}")
}

fn validate(wasm: &[u8]) -> Result<(), Rejected> {
    Validator::new_with_features(FEATURES)
        .validate_all(wasm)
        .map(drop)
        .map_err(|error| Rejected(format!("this is WebAssembly, but not valid here: {error}")))
}

/// What kind of binary it is, as its headers and its import and export sections say.
struct Outline {
    encoding: Encoding,
    /// Modules that a core module imports from, each once.
    import_modules: Vec<String>,
    has_start: bool,
    has_component_type: bool,
}

impl Outline {
    fn read(wasm: &[u8]) -> Result<Self, Rejected> {
        let broken = |error| Rejected(format!("this is WebAssembly, but cannot be read: {error}"));
        let mut outline = None;
        for payload in Parser::new(0).parse_all(wasm) {
            match (payload.map_err(broken)?, &mut outline) {
                (Payload::Version { encoding, .. }, None) => {
                    outline = Some(Self {
                        encoding,
                        import_modules: Vec::new(),
                        has_start: false,
                        has_component_type: false,
                    });
                    // A component is taken as it is, nested modules and all.
                    if encoding == Encoding::Component {
                        break;
                    }
                }
                (Payload::ImportSection(imports), Some(outline)) => {
                    for import in imports.into_imports() {
                        let import = import.map_err(broken)?;
                        let known = outline.import_modules.iter().any(|known| known == import.module);
                        if !known && outline.import_modules.len() < IMPORT_MODULES_MAX {
                            outline.import_modules.push(import.module.to_owned());
                        }
                    }
                }
                (Payload::ExportSection(exports), Some(outline)) => {
                    for export in exports {
                        let export = export.map_err(broken)?;
                        outline.has_start |= export.name == "_start" && export.kind == ExternalKind::Func;
                    }
                }
                (Payload::CustomSection(section), Some(outline)) => {
                    outline.has_component_type |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        outline.ok_or_else(|| Rejected("this is WebAssembly, but it has no header".into()))
    }

    fn componentize(&self, module: &[u8]) -> Result<Vec<u8>, Rejected> {
        let preview1 = self.import_modules.iter().any(|name| name == PREVIEW1);
        let foreign: Vec<&str> =
            self.import_modules.iter().map(String::as_str).filter(|name| *name != PREVIEW1).collect();
        if self.has_component_type || preview1 && foreign.is_empty() {
            return self.encode(module);
        }
        match foreign.as_slice() {
            [] => lift::lift(module),
            ["wasi_unstable"] => Err(Rejected(
                "this module is for WASI preview0, which nothing serves any more; compile for wasm32-wasip1 or wasm32-wasip2".into(),
            )),
            names => Err(Rejected(format!(
                "this core module imports from {}, which nothing here provides; build a component that imports WASI, \
                 or a module without imports",
                names.join(", "),
            ))),
        }
    }

    fn encode(&self, module: &[u8]) -> Result<Vec<u8>, Rejected> {
        let adapter = if self.has_start {
            WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
        } else {
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
        };
        ComponentEncoder::default()
            .module(module)
            .and_then(|encoder| encoder.adapter(PREVIEW1, adapter))
            .and_then(|mut encoder| encoder.encode())
            .map_err(|error| Rejected(format!("this core module cannot be made a component: {error:#}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        accept(bytes).expect_err("it is refused").0
    }

    #[test]
    fn what_is_no_wasm_is_named() {
        assert!(refusal(b"").starts_with("the body is empty"));
        assert!(refusal(&[0x1f, 0x8b, 8, 0]).starts_with("this is gzip"));
        assert!(refusal(b"\x7fELF\x02").starts_with("this is a native program"));
        assert!(refusal(b"def handler(event): pass").starts_with("this is text, but not WebAssembly text"));
        assert!(refusal(b"#!/bin/sh\n").starts_with("this is a script"));
        assert!(refusal(&[0xff, 0xfe, 0]).starts_with("this is not WebAssembly"));
        assert!(refusal(b"(module (func").starts_with("this looks like WebAssembly text, but:"));
        assert!(refusal(b"\0asm\x01\0\0\0\xff\xff").starts_with("this is WebAssembly, but cannot be read"));
    }

    #[test]
    fn a_module_that_imports_what_is_not_there_is_refused_by_name() {
        let refusal = refusal(br#"(module (import "env" "f" (func)))"#);
        assert!(refusal.contains("imports from env"), "{refusal}");
    }

    #[test]
    fn a_component_is_taken_as_it_is() {
        let component = wat::parse_str("(component)").expect("text");
        assert_eq!(accept(&component).expect("accepted"), component);
    }
}
