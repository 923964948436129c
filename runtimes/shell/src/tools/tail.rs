//! `tail`: the last lines or bytes. It does not follow a file (`-f`): nothing else writes in the sandbox.

use std::collections::VecDeque;

use super::options::number;
use super::{Failure, Outcome, Spec, Tool, or_input};
use crate::stream::{LineReader, Stream};

const LINES: usize = 10;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "qv",
        values: "nc",
        long: &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("verbose", 'v')],
        number: Some('n'),
        ..Spec::default()
    })?;
    let paths = or_input(&parsed.operands);
    for (index, path) in paths.iter().enumerate() {
        let Some(stream) = tool.open_or_warn(path).await else { continue };
        if (paths.len() > 1 || parsed.has('v')) && !parsed.has('q') {
            title(tool, path, index).await?;
        }
        if let Some(text) = parsed.value('c') {
            let bytes = stream.read_all().await?;
            let (count, from_start) = count(text)?;
            let start = if from_start { count.saturating_sub(1) } else { bytes.len().saturating_sub(count) };
            tool.output.write(&bytes[start.min(bytes.len())..]).await?;
            continue;
        }
        let (count, from_start) = parsed.value('n').map_or(Ok((LINES, false)), count)?;
        if from_start {
            skip(tool, stream, count.saturating_sub(1)).await?;
        } else {
            last(tool, stream, count).await?;
        }
    }
    Ok(tool.status)
}

/// The line above a file, where there are several.
pub(super) async fn title(tool: &mut Tool, path: &str, index: usize) -> Result<(), Failure> {
    let name = if path == "-" { "standard input" } else { path };
    let before = if index > 0 { "\n" } else { "" };
    tool.output.write(format!("{before}==> {name} <==\n").as_bytes()).await?;
    Ok(())
}

/// How many, and whether it is counted from the start.
fn count(text: &str) -> Result<(usize, bool), Failure> {
    let (digits, from_start) = match text.strip_prefix('+') {
        Some(digits) => (digits, true),
        None => (text.strip_prefix('-').unwrap_or(text), false),
    };
    Ok((usize::try_from(number(digits)?).unwrap_or(usize::MAX), from_start))
}

async fn skip(tool: &mut Tool, stream: Stream, count: usize) -> Result<(), Failure> {
    let mut reader = LineReader::new(stream, b'\n');
    let mut skipped = 0;
    while let Some((line, newline)) = reader.line().await? {
        if skipped < count {
            skipped += 1;
            continue;
        }
        tool.output.write(&line).await?;
        if newline {
            tool.output.write(b"\n").await?;
        }
    }
    Ok(())
}

async fn last(tool: &mut Tool, stream: Stream, count: usize) -> Result<(), Failure> {
    let mut held = VecDeque::new();
    let mut reader = LineReader::new(stream, b'\n');
    while let Some(line) = reader.line().await? {
        held.push_back(line);
        if held.len() > count {
            held.pop_front();
        }
    }
    for (line, newline) in held {
        tool.output.write(&line).await?;
        if newline {
            tool.output.write(b"\n").await?;
        }
    }
    Ok(())
}
