//! `nl`: numbers lines; only those that are not empty, or with `-ba` all.

use super::{Failure, Outcome, Spec, Tool, or_input};
use crate::stream::LineReader;

const WIDTH: u64 = 6;

/// Columns of a number.
const WIDTH_MAX: u64 = 1000;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { values: "bwsvi", ..Spec::default() })?;
    let style = parsed.value('b').unwrap_or("t");
    if !["a", "t", "n"].contains(&style) {
        return Err(Failure::usage(format!("-b {style} is not supported")));
    }
    let width = usize::try_from(parsed.number('w')?.unwrap_or(WIDTH).min(WIDTH_MAX)).unwrap_or(0);
    let separator = parsed.value('s').unwrap_or("\t").to_owned();
    let step = parsed.number('i')?.unwrap_or(1);
    let mut number = parsed.number('v')?.unwrap_or(1);
    for path in or_input(&parsed.operands) {
        let Some(stream) = tool.open_or_warn(&path).await else { continue };
        let mut reader = LineReader::new(stream, b'\n');
        while let Some((line, _)) = reader.line().await? {
            if style == "a" || (style == "t" && !line.is_empty()) {
                tool.output.write(format!("{number:width$}{separator}").as_bytes()).await?;
                number = number.wrapping_add(step);
            } else {
                tool.output.write(" ".repeat(width + separator.len()).as_bytes()).await?;
            }
            tool.output.line(&line).await?;
        }
    }
    Ok(tool.status)
}
