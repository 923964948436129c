//! `fold`: breaks lines.

use super::{Outcome, Spec, Tool, or_input};
use crate::stream::LineReader;

const COLUMNS: u64 = 80;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "sb",
        values: "w",
        long: &[("width", 'w'), ("spaces", 's'), ("bytes", 'b')],
        number: Some('w'),
        ..Spec::default()
    })?;
    let columns = usize::try_from(parsed.number('w')?.unwrap_or(COLUMNS)).unwrap_or(usize::MAX).max(1);
    for path in or_input(&parsed.operands) {
        let Some(stream) = tool.open_or_warn(&path).await else { continue };
        let mut reader = LineReader::new(stream, b'\n');
        while let Some((line, newline)) = reader.line().await? {
            let text = String::from_utf8_lossy(&line).into_owned();
            let characters: Vec<char> = text.chars().collect();
            let mut rest = characters.as_slice();
            while rest.len() > columns {
                let blank = rest[..columns]
                    .iter()
                    .rposition(|character| *character == ' ')
                    .filter(|_| parsed.has('s'));
                let (first, after) = rest.split_at(blank.map_or(columns, |at| at + 1));
                tool.output.line(first.iter().collect::<String>().as_bytes()).await?;
                rest = after;
            }
            tool.output.write(rest.iter().collect::<String>().as_bytes()).await?;
            if newline {
                tool.output.write(b"\n").await?;
            }
        }
    }
    Ok(tool.status)
}
