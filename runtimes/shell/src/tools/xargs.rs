//! `xargs`: runs a command with arguments from its input.

use super::{Failure, Outcome, Spec, Tool};
use crate::stream::Stream;

/// Bytes of the arguments of one command.
const COMMAND_BYTES_MAX: usize = 128 << 10;

/// What it ends with when a command failed.
const COMMAND_FAILED: u8 = 123;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "0rtx",
        values: "nILdPs",
        long: &[
            ("null", '0'),
            ("no-run-if-empty", 'r'),
            ("max-args", 'n'),
            ("delimiter", 'd'),
            ("replace", 'I'),
        ],
        ends_at_operand: true,
        ..Spec::default()
    })?;
    if parsed.has('s') || parsed.has('x') {
        return Err(Failure::usage("unsupported option -s or -x"));
    }
    let bytes = tool.input().read_all().await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let delimiter =
        if parsed.has('0') { Some('\0') } else { parsed.value('d').map(one_character).transpose()? };
    let items = match delimiter {
        Some(delimiter) => text.split_terminator(delimiter).map(str::to_owned).collect(),
        None if parsed.has('I') || parsed.has('L') => {
            text.lines().map(|line| line.trim_start().to_owned()).filter(|line| !line.is_empty()).collect()
        }
        None => words(&text)?,
    };
    let command = if parsed.operands.is_empty() { vec!["echo".to_owned()] } else { parsed.operands.clone() };
    // The input was read to its end; a command that reads gets nothing, as in other systems.
    let _ = tool.shell.descriptors.set(0, Some(Stream::Null));
    let commands: Vec<Vec<String>> = match parsed.value('I') {
        Some(placeholder) => items
            .iter()
            .map(|item| command.iter().map(|word| word.replace(placeholder, item)).collect())
            .collect(),
        None => {
            let count = parsed.number('n')?.or(parsed.number('L')?);
            let count = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX).max(1));
            batches(&items, count).into_iter().map(|batch| [command.clone(), batch].concat()).collect()
        }
    };
    let commands =
        if items.is_empty() && !parsed.has('r') && !parsed.has('I') { vec![command] } else { commands };
    for words in commands {
        if parsed.has('t') {
            tool.warn(&words.join(" ")).await;
        }
        match tool.run_command(words).await? {
            0 => {}
            status @ (126 | 127) => return Ok(status),
            255 => return Ok(124),
            _ => tool.status = COMMAND_FAILED,
        }
    }
    Ok(tool.status)
}

fn one_character(text: &str) -> Result<char, Failure> {
    let (bytes, _) = crate::escapes::decode(text, crate::escapes::Dialect::Format);
    match bytes.as_slice() {
        [byte] => Ok(char::from(*byte)),
        _ => Err(Failure::usage(format!("-d {text:?}: one byte is needed"))),
    }
}

fn batches(items: &[String], count: usize) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut size = 0;
    for item in items {
        size += item.len() + 1;
        match batches.last_mut() {
            Some(batch) if batch.len() < count && size <= COMMAND_BYTES_MAX => batch.push(item.clone()),
            _ => {
                size = item.len() + 1;
                batches.push(vec![item.clone()]);
            }
        }
    }
    batches
}

/// Words between blanks. Quotes and backslashes keep blanks in them.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(ended), character) if ended == character => quote = None,
            (Some(_), '\n') => return Err(Failure::new("unmatched quote")),
            (Some(_), character) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, character) => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err(Failure::new("unmatched quote"));
    }
    words.extend(word);
    Ok(words)
}
