//! `cut`: bytes, characters or fields of each line.

use super::{Failure, Outcome, Spec, Tool, or_input};
use crate::stream::LineReader;

/// Ranges of positions, from 1, both ends in them.
type Ranges = Vec<(usize, usize)>;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "snz",
        values: "bcfdO",
        long: &[
            ("bytes", 'b'),
            ("characters", 'c'),
            ("fields", 'f'),
            ("delimiter", 'd'),
            ("only-delimited", 's'),
            ("output-delimiter", 'O'),
            ("complement", 'C'),
        ],
        ..Spec::default()
    })?;
    let (kind, list) = match ['b', 'c', 'f'].map(|kind| (kind, parsed.value(kind))) {
        [(kind, Some(list)), (_, None), (_, None)]
        | [(_, None), (kind, Some(list)), (_, None)]
        | [(_, None), (_, None), (kind, Some(list))] => (kind, list),
        _ => return Err(Failure::usage("one of -b, -c and -f is needed")),
    };
    let ranges = ranges(list)?;
    let delimiter = parsed.value('d').unwrap_or("\t");
    let &[delimiter] = delimiter.as_bytes() else {
        return Err(Failure::usage(format!("-d {delimiter:?}: one byte is needed")));
    };
    let joiner = parsed.value('O').map_or(vec![delimiter], |text| text.as_bytes().to_vec());
    for path in or_input(&parsed.operands) {
        let Some(stream) = tool.open_or_warn(&path).await else { continue };
        let mut reader = LineReader::new(stream, b'\n');
        while let Some((line, _)) = reader.line().await? {
            let shown = match kind {
                'b' => select(line.iter(), &ranges).copied().collect(),
                'c' => {
                    let text = String::from_utf8_lossy(&line);
                    select(text.chars(), &ranges).collect::<String>().into_bytes()
                }
                _ if !line.contains(&delimiter) => {
                    if parsed.has('s') {
                        continue;
                    }
                    line
                }
                _ => select(line.split(|byte| *byte == delimiter), &ranges)
                    .collect::<Vec<_>>()
                    .join(&joiner[..]),
            };
            tool.output.line(&shown).await?;
        }
    }
    Ok(tool.status)
}

fn select<T>(items: impl Iterator<Item = T>, ranges: &Ranges) -> impl Iterator<Item = T> {
    let is_meant = |position: usize| ranges.iter().any(|(first, last)| (*first..=*last).contains(&position));
    items.enumerate().filter(move |(index, _)| is_meant(index + 1)).map(|(_, item)| item)
}

/// `1`, `1-3`, `-3`, `3-`, and several of them.
fn ranges(list: &str) -> Result<Ranges, Failure> {
    let wrong = || Failure::usage(format!("{list:?} is not a list of positions"));
    list.split(',')
        .map(|part| {
            let number = |text: &str| text.parse::<usize>().ok().filter(|number| *number > 0);
            let range = match part.split_once('-') {
                None => number(part).map(|position| (position, position)),
                Some(("", last)) => number(last).map(|last| (1, last)),
                Some((first, "")) => number(first).map(|first| (first, usize::MAX)),
                Some((first, last)) => number(first).zip(number(last)).filter(|(first, last)| first <= last),
            };
            range.ok_or_else(wrong)
        })
        .collect()
}
