//! `tr`: bytes into others.

use super::{Failure, Outcome, Spec, Tool};
use crate::escapes::{Dialect, decode_one};
use crate::expand::pattern::class_matches;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "cCdst",
        long: &[("complement", 'c'), ("delete", 'd'), ("squeeze-repeats", 's')],
        ..Spec::default()
    })?;
    let (from, to) = match parsed.operands.as_slice() {
        [from] if parsed.has('d') || parsed.has('s') => (from, None),
        [from, to] => (from, Some(to)),
        _ => return Err(Failure::usage("one set is needed with -d or -s, two without")),
    };
    let mut from = set(from, usize::MAX)?;
    if parsed.has('c') || parsed.has('C') {
        from = (0..=255).filter(|byte| !from.contains(byte)).collect();
    }
    let to = to.map(|to| set(to, from.len())).transpose()?;
    let deletes = parsed.has('d');
    let table = table(&from, if deletes { None } else { to.as_deref() });
    let mut squeezed = [false; 256];
    if parsed.has('s') {
        for byte in to.as_deref().unwrap_or(&from) {
            squeezed[usize::from(*byte)] = true;
        }
    }
    let mut deleted = [false; 256];
    if deletes {
        for byte in &from {
            deleted[usize::from(*byte)] = true;
        }
    }
    let input = tool.input();
    let mut last = None;
    loop {
        let block = input.read().await?;
        if block.is_empty() {
            return Ok(0);
        }
        let mut changed = Vec::with_capacity(block.len());
        for byte in block {
            if deleted[usize::from(byte)] {
                continue;
            }
            let byte = table[usize::from(byte)];
            if squeezed[usize::from(byte)] && last == Some(byte) {
                continue;
            }
            last = Some(byte);
            changed.push(byte);
        }
        tool.output.write(&changed).await?;
        tool.output.flush().await?;
    }
}

/// What each byte becomes. The last of the second set stands for all that it lacks.
fn table(from: &[u8], to: Option<&[u8]>) -> [u8; 256] {
    let mut table: [u8; 256] = std::array::from_fn(|index| u8::try_from(index).unwrap_or(0));
    if let Some((to, last)) = to.and_then(|to| Some((to, to.last()?))) {
        for (index, byte) in from.iter().enumerate() {
            table[usize::from(*byte)] = *to.get(index).unwrap_or(last);
        }
    }
    table
}

/// The bytes of a set: escapes, ranges, classes, and `[c*]`, which fills up to `length`.
fn set(text: &str, length: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((name, after)) = rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
            let class: Vec<u8> = (0..=127).filter(|byte| class_matches(name, char::from(*byte))).collect();
            if class.is_empty() {
                return Err(Failure::usage(format!("no class {name:?}")));
            }
            bytes.extend(class);
            rest = after;
            continue;
        }
        if let Some((inner, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("*]"))
            && inner.len() == 1
            && length != usize::MAX
        {
            let missing = length.saturating_sub(bytes.len());
            bytes.extend(inner.repeat(missing).bytes());
            rest = after;
            continue;
        }
        rest = take_byte(rest, &mut bytes);
        if let Some(after) = rest.strip_prefix('-').filter(|after| !after.is_empty()) {
            let mut end = Vec::new();
            rest = take_byte(after, &mut end);
            match (bytes.pop(), end.as_slice()) {
                (Some(first), [last]) if first <= *last => bytes.extend(first..=*last),
                _ => return Err(Failure::usage(format!("{text:?} has a range that ends before it begins"))),
            }
        }
    }
    Ok(bytes)
}

/// Takes a character, or what an escape stands for.
fn take_byte<'a>(rest: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    if let Some(escaped) = rest.strip_prefix('\\') {
        return decode_one(escaped, Dialect::Format, bytes);
    }
    let length = rest.chars().next().map_or(0, char::len_utf8);
    bytes.extend_from_slice(&rest.as_bytes()[..length]);
    &rest[length..]
}
