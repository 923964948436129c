//! Makes bulk operations on memory interruptible: `memory.fill` and `memory.copy` of gigabytes are one
//! instruction, in which no epoch ends.
//!
//! Each is replaced by a call of a function that is added to its module, and that does the same in pieces,
//! in a loop, where epochs do end. All else of the module stays as it is, byte for byte, but for hints on
//! branches, whose offsets would be wrong. What is out of bounds traps before anything is written, as
//! always.

mod helper;

use std::borrow::Cow;
use std::ops::Range;

use wasm_encoder::Encode;
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

use self::helper::{Bulk, Helpers, Memories};
use crate::error::Rejected;

/// Why a component is not rewritten.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("it cannot be read: {0}")]
    Broken(#[from] BinaryReaderError),
    /// What is refused rather than left to run for as long as it takes.
    #[error("it copies between a memory with addresses of 32 bits and one of 64")]
    Mixed,
}

/// Rewrites every core module of a component.
pub(crate) fn interruptible(component: &[u8]) -> Result<Cow<'_, [u8]>, Rejected> {
    // Their first byte; the second may be written in many ways.
    if !component.contains(&0xfc) {
        return Ok(Cow::Borrowed(component));
    }
    match rewrite(component) {
        Ok(rewritten) => Ok(Cow::Owned(rewritten)),
        Err(fault) => Err(Rejected(format!("this component cannot be compiled: {fault}"))),
    }
}

/// A component, or a module: sections, each with its length.
fn rewrite(binary: &[u8]) -> Result<Vec<u8>, Fault> {
    const MODULE: u8 = 1;
    const COMPONENT: u8 = 4;
    let mut out = Vec::with_capacity(binary.len());
    let (mut copied, mut skipped) = (0, 0);
    for payload in Parser::new(0).parse_all(binary) {
        let (range, is_module) = match payload? {
            Payload::Version { encoding: wasmparser::Encoding::Module, range, .. } if range.start == 0 => {
                return module(binary);
            }
            Payload::ModuleSection { unchecked_range, .. } => (unchecked_range, true),
            Payload::ComponentSection { unchecked_range, .. } => (unchecked_range, false),
            _ => continue,
        };
        // What is inside of one that was rewritten comes by too.
        if range.start < skipped {
            continue;
        }
        let inner =
            if is_module { module(&binary[range.clone()])? } else { rewrite(&binary[range.clone()])? };
        out.extend_from_slice(&binary[copied..section_start(binary, &range)]);
        section(&mut out, if is_module { MODULE } else { COMPONENT }, &inner);
        (copied, skipped) = (range.end, range.end);
    }
    out.extend_from_slice(&binary[copied..]);
    Ok(out)
}

/// Where the id of a section is, whose content is there: before its length, which has at most five bytes.
fn section_start(binary: &[u8], content: &Range<usize>) -> usize {
    let mut start = content.start - 1;
    // The last byte of a length has no continuation bit, those before it do.
    while start > 0 && content.start - start < 5 && binary[start - 1] & 0x80 != 0 {
        start -= 1;
    }
    start - 1
}

fn section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    content.len().encode(out);
    out.extend_from_slice(content);
}

fn module(module: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut memories = Memories::default();
    let (mut types, mut functions) = (0, 0);
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    types += group?.types().len() as u32;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_) => functions += 1,
                        wasmparser::TypeRef::Memory(memory) => memories.add(&memory),
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => functions += section.count(),
            Payload::MemorySection(section) => {
                for memory in section {
                    memories.add(&memory?);
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    let mut helpers = Helpers::new(types, functions, memories);
    let mut rewritten = Vec::with_capacity(bodies.len());
    for body in &bodies {
        rewritten.push(function(module, body, &mut helpers)?);
    }
    if helpers.is_empty() {
        return Ok(module.to_vec());
    }
    assemble(module, &helpers, &rewritten)
}

/// A function's body with calls in the place of bulk operations.
fn function<'a>(
    module: &'a [u8],
    body: &FunctionBody<'a>,
    helpers: &mut Helpers,
) -> Result<Cow<'a, [u8]>, Fault> {
    let range = body.range();
    let mut out: Option<Vec<u8>> = None;
    let mut copied = range.start;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, at) = operators.read_with_offset()?;
        let bulk = match operator {
            Operator::MemoryFill { mem } => Bulk::Fill(mem),
            Operator::MemoryCopy { dst_mem, src_mem } => Bulk::Copy(dst_mem, src_mem),
            _ => continue,
        };
        let helper = helpers.index(bulk).ok_or(Fault::Mixed)?;
        let out = out.get_or_insert_default();
        out.extend_from_slice(&module[copied..at]);
        wasm_encoder::Instruction::Call(helper).encode(out);
        copied = operators.original_position();
    }
    Ok(match out {
        None => Cow::Borrowed(&module[range]),
        Some(mut out) => {
            out.extend_from_slice(&module[copied..range.end]);
            Cow::Owned(out)
        }
    })
}

/// The module again, with the functions that were added.
fn assemble(module: &[u8], helpers: &Helpers, bodies: &[Cow<'_, [u8]>]) -> Result<Vec<u8>, Fault> {
    const TYPES: u8 = 1;
    const FUNCTIONS: u8 = 3;
    const CODE: u8 = 10;
    let mut out = module[..8].to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(custom) = &payload
            && custom.name().starts_with("metadata.code")
        {
            continue;
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let content = &module[range];
        match id {
            TYPES => section(&mut out, TYPES, &extended(content, helpers.types())?),
            FUNCTIONS => section(&mut out, FUNCTIONS, &extended(content, helpers.type_indices())?),
            CODE => {
                let mut code = Vec::with_capacity(content.len());
                (bodies.len() as u32 + helpers.len()).encode(&mut code);
                for body in bodies {
                    body.len().encode(&mut code);
                    code.extend_from_slice(body);
                }
                code.extend(helpers.bodies());
                section(&mut out, CODE, &code);
            }
            _ => section(&mut out, id, content),
        }
    }
    Ok(out)
}

/// A section that begins with a count, with more items at its end.
fn extended(content: &[u8], (count, items): (u32, Vec<u8>)) -> Result<Vec<u8>, Fault> {
    let mut reader = wasmparser::BinaryReader::new(content, 0);
    let had = reader.read_var_u32()?;
    let mut out = Vec::with_capacity(content.len() + items.len() + 5);
    (had + count).encode(&mut out);
    out.extend_from_slice(&content[reader.original_position()..]);
    out.extend(items);
    Ok(out)
}
