//! `paste`: lines of several files beside each other.

use super::{Failure, Outcome, Spec, Tool, or_input};
use crate::escapes::{Dialect, decode};
use crate::stream::LineReader;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "s",
        values: "d",
        long: &[("serial", 's'), ("delimiters", 'd')],
        ..Spec::default()
    })?;
    let delimiters = parsed.value('d').unwrap_or("\t").replace("\\0", "");
    let (delimiters, _) = decode(&delimiters, Dialect::Format);
    let delimiter = |index: usize| delimiters.get(index % delimiters.len().max(1)).copied();
    let mut readers = Vec::new();
    // Each `-` is the same input: they take its lines in turn.
    let mut columns = Vec::new();
    let mut input = None;
    for path in or_input(&parsed.operands) {
        let place = if path == "-" { input } else { None };
        columns.push(place.unwrap_or(readers.len()));
        if place.is_none() {
            if path == "-" {
                input = Some(readers.len());
            }
            readers.push(LineReader::new(tool.open(&path)?, b'\n'));
        }
    }
    if parsed.has('s') {
        for mut reader in readers {
            let mut index = 0;
            while let Some((line, _)) = reader.line().await? {
                if index > 0 {
                    tool.output.write(delimiter(index - 1).as_slice()).await?;
                }
                tool.output.write(&line).await?;
                index += 1;
            }
            tool.output.write(b"\n").await?;
        }
        return Ok(0);
    }
    while let Some(row) = row(&mut readers, &columns).await? {
        for (index, line) in row.iter().enumerate() {
            if index > 0 {
                tool.output.write(delimiter(index - 1).as_slice()).await?;
            }
            tool.output.write(line).await?;
        }
        tool.output.write(b"\n").await?;
    }
    Ok(0)
}

/// The next line of each. Nothing if none has one.
async fn row(readers: &mut [LineReader], columns: &[usize]) -> Result<Option<Vec<Vec<u8>>>, Failure> {
    let mut row = Vec::with_capacity(columns.len());
    let mut is_any = false;
    for column in columns {
        let line = readers[*column].line().await?;
        is_any |= line.is_some();
        row.push(line.map(|(line, _)| line).unwrap_or_default());
    }
    Ok(is_any.then_some(row))
}
