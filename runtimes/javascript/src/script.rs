//! What a build keeps: modules as bytecode, the main one first.

/// A module as it is kept.
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) bytecode: Vec<u8>,
}

/// How the content begins; another layout gets another.
const MAGIC: &[u8; 4] = b"sjs1";

/// Whether the main module exports something, and so is evaluated as it is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Module,
    Command,
}

pub(crate) fn encode(style: Style, modules: &[Module]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(u8::from(style == Style::Command));
    for module in modules {
        for part in [module.path.as_bytes(), &module.bytecode] {
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
    bytes
}

/// Reads what [`encode`] wrote; nothing, if it did not write it.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Style, Vec<Module>)> {
    let (style, mut rest) = bytes.strip_prefix(MAGIC)?.split_first()?;
    let style = if *style == 0 { Style::Module } else { Style::Command };
    let mut modules = Vec::new();
    while !rest.is_empty() {
        let path = String::from_utf8(part(&mut rest)?.to_vec()).ok()?;
        modules.push(Module { path, bytecode: part(&mut rest)?.to_vec() });
    }
    Some((style, modules))
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let (part, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(part)
}
