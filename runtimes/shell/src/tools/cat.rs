//! `cat`: files one after another.

use super::{Outcome, Spec, Tool, or_input};
use crate::stream::LineReader;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "unbsAETv",
        long: &[("number", 'n'), ("number-nonblank", 'b'), ("squeeze-blank", 's'), ("show-all", 'A')],
        ..Spec::default()
    })?;
    let is_plain = parsed.options.iter().all(|(letter, _)| *letter == 'u');
    let mut number = 0_u64;
    let mut after_blank = false;
    for path in or_input(&parsed.operands) {
        let Some(stream) = tool.open_or_warn(&path).await else { continue };
        if is_plain {
            loop {
                let block = stream.read().await?;
                if block.is_empty() {
                    break;
                }
                tool.output.write(&block).await?;
                tool.output.flush().await?;
            }
            continue;
        }
        let mut reader = LineReader::new(stream, b'\n');
        while let Some((line, newline)) = reader.line().await? {
            let is_blank = line.is_empty();
            if parsed.has('s') && is_blank && after_blank {
                continue;
            }
            after_blank = is_blank;
            if (parsed.has('n') && !parsed.has('b')) || (parsed.has('b') && !is_blank) {
                number += 1;
                tool.output.write(format!("{number:6}\t").as_bytes()).await?;
            }
            let shown = show(&line, &parsed);
            tool.output.write(&shown).await?;
            if newline {
                tool.output.write(if parsed.has('E') || parsed.has('A') { b"$\n" } else { b"\n" }).await?;
            }
        }
    }
    Ok(tool.status)
}

/// The line with what cannot be seen made visible.
fn show(line: &[u8], parsed: &super::Parsed) -> Vec<u8> {
    let tabs = parsed.has('T') || parsed.has('A');
    let controls = parsed.has('v') || parsed.has('A');
    let mut shown = Vec::with_capacity(line.len());
    for byte in line {
        match byte {
            b'\t' if tabs => shown.extend_from_slice(b"^I"),
            b'\t' => shown.push(b'\t'),
            0..32 if controls => shown.extend_from_slice(&[b'^', byte + 64]),
            127 if controls => shown.extend_from_slice(b"^?"),
            byte => shown.push(*byte),
        }
    }
    shown
}
