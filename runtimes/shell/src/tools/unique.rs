//! `uniq`: lines that are equal to the one before.

use super::{Outcome, Spec, Tool};
use crate::stream::LineReader;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "cdui",
        values: "fsw",
        long: &[
            ("count", 'c'),
            ("repeated", 'd'),
            ("unique", 'u'),
            ("ignore-case", 'i'),
            ("skip-fields", 'f'),
        ],
        ..Spec::default()
    })?;
    let mut numbers = [0, 0, usize::MAX];
    for (number, letter) in numbers.iter_mut().zip(['f', 's', 'w']) {
        if let Some(value) = parsed.number(letter)? {
            *number = usize::try_from(value).unwrap_or(usize::MAX);
        }
    }
    let [fields, characters, length] = numbers;
    let compared = |line: &[u8]| -> Vec<u8> {
        let mut rest = line;
        for _ in 0..fields.min(line.len()) {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            rest = &rest[end..];
        }
        let rest = &rest[characters.min(rest.len())..];
        let rest = &rest[..length.min(rest.len())];
        if parsed.has('i') { rest.to_ascii_lowercase() } else { rest.to_vec() }
    };
    let input = tool.open(parsed.operands.first().map_or("-", String::as_str))?;
    if let Some(path) = parsed.operands.get(1) {
        let stream =
            tool.shell.open(path, std::fs::File::options().write(true).create(true).truncate(true))?;
        tool.output = crate::stream::Output::new(Some(stream));
    }
    let mut reader = LineReader::new(input, b'\n');
    let mut current: Option<(Vec<u8>, Vec<u8>, u64)> = None;
    loop {
        let next = reader.line().await?.map(|(line, _)| line);
        if let (Some(line), Some((_, key, count))) = (&next, &mut current)
            && compared(line) == *key
        {
            *count += 1;
            continue;
        }
        if let Some((line, _, count)) = current.take() {
            let is_shown = match (parsed.has('d'), parsed.has('u')) {
                (true, false) => count > 1,
                (false, true) => count == 1,
                (both, _) => !both,
            };
            if is_shown && parsed.has('c') {
                tool.output.write(format!("{count:7} ").as_bytes()).await?;
            }
            if is_shown {
                tool.output.line(&line).await?;
            }
        }
        match next {
            Some(line) => {
                let key = compared(&line);
                current = Some((line, key, 1));
            }
            None => return Ok(tool.status),
        }
    }
}
