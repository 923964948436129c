//! `wc`.

use super::{Failure, Outcome, Spec, Tool, or_input};
use crate::stream::Stream;

#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
    characters: u64,
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "lwcm",
        long: &[("lines", 'l'), ("words", 'w'), ("bytes", 'c'), ("chars", 'm')],
        ..Spec::default()
    })?;
    let letters = if parsed.options.is_empty() { "lwc" } else { "lwmc" };
    let wanted: String =
        letters.chars().filter(|letter| parsed.options.is_empty() || parsed.has(*letter)).collect();
    let paths = or_input(&parsed.operands);
    // Wide columns only where there is something to line up.
    let is_single = wanted.len() == 1 && paths.len() == 1;
    let mut rows = Vec::new();
    let mut total = Counts::default();
    // How long the input is nobody knows before, so its columns are wide.
    let mut is_file = true;
    for path in &paths {
        let Some(stream) = tool.open_or_warn(path).await else { continue };
        is_file &= matches!(stream, Stream::File(_));
        let counts = count(&stream).await?;
        total.lines += counts.lines;
        total.words += counts.words;
        total.bytes += counts.bytes;
        total.characters += counts.characters;
        rows.push((counts, if parsed.operands.is_empty() { String::new() } else { format!(" {path}") }));
    }
    let width = if is_single {
        0
    } else if !is_file {
        7
    } else {
        total.bytes.to_string().len()
    };
    if paths.len() > 1 {
        rows.push((total, " total".to_owned()));
    }
    for (counts, name) in rows {
        let line = row(&counts, &wanted, width) + &name;
        tool.output.line(line.as_bytes()).await?;
    }
    Ok(tool.status)
}

fn row(counts: &Counts, wanted: &str, width: usize) -> String {
    let numbers = wanted.chars().map(|letter| match letter {
        'l' => counts.lines,
        'w' => counts.words,
        'm' => counts.characters,
        _ => counts.bytes,
    });
    numbers.map(|number| format!("{number:width$}")).collect::<Vec<_>>().join(" ")
}

async fn count(stream: &Stream) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut in_word = false;
    loop {
        let block = stream.read().await?;
        if block.is_empty() {
            return Ok(counts);
        }
        for byte in &block {
            counts.lines += u64::from(*byte == b'\n');
            // A byte that does not continue a character of UTF-8 begins one.
            counts.characters += u64::from(byte & 0xc0 != 0x80);
            let is_space = byte.is_ascii_whitespace() || *byte == 11;
            counts.words += u64::from(!is_space && !in_word);
            in_word = !is_space;
        }
        counts.bytes += block.len() as u64;
    }
}
