//! `shuf`: lines, words or numbers in an order that nobody knows.

use std::collections::HashMap;

use super::{Failure, Outcome, Spec, Tool};

/// Numbers that are written at most where none is named.
const COUNT_MAX: u64 = 10_000_000;

/// What is shuffled.
enum Items {
    Lines(Vec<Vec<u8>>),
    /// So many numbers from one on.
    Numbers(u64),
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "e",
        values: "in",
        long: &[("echo", 'e'), ("input-range", 'i'), ("head-count", 'n')],
        ..Spec::default()
    })?;
    let (items, size) = match parsed.value('i') {
        Some(range) => {
            let bounds =
                range.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
            let (low, high): (u64, u64) =
                bounds.ok_or_else(|| Failure::new(format!("{range:?} is no range")))?;
            (Items::Numbers(low), high.saturating_add(1).saturating_sub(low))
        }
        None => {
            let lines = match parsed.has('e') {
                true => parsed.operands.iter().map(|word| word.clone().into_bytes()).collect(),
                false => tool.read_lines(&parsed.operands, b'\n').await?,
            };
            let size = lines.len() as u64;
            (Items::Lines(lines), size)
        }
    };
    let count = parsed.number('n')?.unwrap_or(u64::MAX).min(size);
    if count > COUNT_MAX {
        return Err(Failure::new(format!("{COUNT_MAX} are the most; name fewer with -n")));
    }
    // What was drawn gives its place to one that was not: so many are kept as are drawn.
    let mut moved: HashMap<u64, u64> = HashMap::new();
    for place in 0..count {
        let drawn = place + random(tool) % (size - place);
        let item = moved.get(&drawn).copied().unwrap_or(drawn);
        let first = moved.get(&place).copied().unwrap_or(place);
        moved.insert(drawn, first);
        match &items {
            Items::Lines(lines) => tool.output.line(&lines[item as usize]).await?,
            Items::Numbers(low) => tool.output.line((low + item).to_string().as_bytes()).await?,
        }
    }
    Ok(0)
}

/// 60 random bits, of the shell's own.
fn random(tool: &mut Tool) -> u64 {
    let mut draw =
        || tool.shell.variable("RANDOM").and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
    (0..4).fold(0, |bits, _| bits << 15 | (draw() & 0x7fff))
}
