//! `head`: the first lines or bytes.

use super::options::number;
use super::{Outcome, Spec, Tool, or_input};
use crate::stream::{LineReader, Stream};

const LINES: u64 = 10;

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
            super::tail::title(tool, path, index).await?;
        }
        if let Some(bytes) = parsed.value('c') {
            let (count, all_but) = count(bytes)?;
            if all_but {
                let bytes = stream.read_all().await?;
                let keep = bytes.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
                tool.output.write(&bytes[..keep]).await?;
            } else {
                first_bytes(tool, &stream, count).await?;
            }
            continue;
        }
        let (count, all_but) = parsed.value('n').map_or(Ok((LINES, false)), count)?;
        if all_but {
            all_but_last(tool, stream, usize::try_from(count).unwrap_or(usize::MAX)).await?;
        } else {
            first_lines(tool, &stream, count).await?;
        }
    }
    Ok(tool.status)
}

/// How many, and whether all but so many are meant.
fn count(text: &str) -> Result<(u64, bool), super::Failure> {
    match text.strip_prefix('-') {
        Some(count) => Ok((number(count)?, true)),
        None => Ok((number(text)?, false)),
    }
}

async fn first_bytes(tool: &mut Tool, stream: &Stream, mut left: u64) -> Result<(), super::Failure> {
    while left > 0 {
        let block = stream.read().await?;
        if block.is_empty() {
            break;
        }
        let count = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        tool.output.write(&block[..count]).await?;
        left -= count as u64;
    }
    Ok(())
}

/// Takes no more than it shows, so that who reads next goes on there.
async fn first_lines(tool: &mut Tool, stream: &Stream, count: u64) -> Result<(), super::Failure> {
    for _ in 0..count {
        let line = stream.read_until(b'\n').await?;
        if line.is_empty() {
            break;
        }
        tool.output.write(&line).await?;
    }
    Ok(())
}

async fn all_but_last(tool: &mut Tool, stream: Stream, count: usize) -> Result<(), super::Failure> {
    let mut held = std::collections::VecDeque::new();
    let mut reader = LineReader::new(stream, b'\n');
    while let Some((line, _)) = reader.line().await? {
        held.push_back(line);
        if held.len() > count
            && let Some(line) = held.pop_front()
        {
            tool.output.line(&line).await?;
        }
    }
    Ok(())
}
