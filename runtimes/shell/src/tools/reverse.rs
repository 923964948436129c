//! `rev` and `tac`: the characters of each line, or the lines, from the last to the first.

use super::{Outcome, Spec, Tool, or_input};
use crate::stream::LineReader;

pub(super) async fn characters(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec::default())?;
    for path in or_input(&parsed.operands) {
        let Some(stream) = tool.open_or_warn(&path).await else { continue };
        let mut reader = LineReader::new(stream, b'\n');
        while let Some((line, newline)) = reader.line().await? {
            let reversed: String = String::from_utf8_lossy(&line).chars().rev().collect();
            tool.output.write(reversed.as_bytes()).await?;
            if newline {
                tool.output.write(b"\n").await?;
            }
        }
    }
    Ok(tool.status)
}

pub(super) async fn lines(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec::default())?;
    for path in or_input(&parsed.operands) {
        let lines = tool.read_lines(&[path], b'\n').await?;
        for line in lines.iter().rev() {
            tool.output.line(line).await?;
        }
    }
    Ok(tool.status)
}
