//! `sort`: by bytes, as in the locale C.

use std::cmp::Ordering;

use super::{Failure, Outcome, Spec, Tool};

/// A key: from which field and character to which, and how it is compared.
#[derive(Debug, Clone, Default)]
struct Key {
    first_field: usize,
    first_character: usize,
    /// A field, and a character in it or 0 for its end.
    last: Option<(usize, usize)>,
    order: Order,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Order {
    numeric: bool,
    human: bool,
    version: bool,
    fold: bool,
    skips_blanks: bool,
    reverse: bool,
    dictionary: bool,
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "nrufbdhgVsczC",
        values: "kto",
        long: &[
            ("numeric-sort", 'n'),
            ("reverse", 'r'),
            ("unique", 'u'),
            ("ignore-case", 'f'),
            ("key", 'k'),
            ("field-separator", 't'),
            ("output", 'o'),
            ("human-numeric-sort", 'h'),
            ("version-sort", 'V'),
            ("stable", 's'),
            ("check", 'c'),
            ("zero-terminated", 'z'),
        ],
        ..Spec::default()
    })?;
    let mut order = Order::default();
    for (letter, _) in &parsed.options {
        set(&mut order, *letter);
    }
    let separator = match parsed.value('t') {
        None => None,
        Some("\\0") => Some(0),
        Some(text) if text.len() == 1 => text.bytes().next(),
        Some(text) => return Err(Failure::usage(format!("-t {text:?}: one byte is needed"))),
    };
    let mut keys = parsed.values('k').map(|text| key(text, order)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        keys.push(Key { order, first_field: 1, first_character: 1, last: None });
    }
    let delimiter = if parsed.has('z') { 0 } else { b'\n' };
    let mut lines = tool.read_lines(&parsed.operands, delimiter).await?;
    let is_stable = parsed.has('s') || parsed.has('u');
    let compare = |left: &Vec<u8>, right: &Vec<u8>| {
        let by_keys = compare_keys(left, right, &keys, separator);
        if by_keys != Ordering::Equal || is_stable {
            return by_keys;
        }
        // Where the keys are equal, the whole lines.
        if order.reverse { right.cmp(left) } else { left.cmp(right) }
    };
    if parsed.has('c') || parsed.has('C') {
        return Ok(u8::from(lines.windows(2).any(|pair| compare(&pair[0], &pair[1]) == Ordering::Greater)));
    }
    lines.sort_by(compare);
    if parsed.has('u') {
        lines.dedup_by(|right, left| compare_keys(left, right, &keys, separator) == Ordering::Equal);
    }
    if let Some(path) = parsed.value('o') {
        let stream =
            tool.shell.open(path, std::fs::File::options().write(true).create(true).truncate(true))?;
        tool.output = crate::stream::Output::new(Some(stream));
    }
    for line in lines {
        tool.output.write(&line).await?;
        tool.output.write(&[delimiter]).await?;
    }
    Ok(tool.status)
}

fn set(order: &mut Order, letter: char) -> bool {
    match letter {
        'n' | 'g' => order.numeric = true,
        'h' => order.human = true,
        'V' => order.version = true,
        'f' => order.fold = true,
        'b' => order.skips_blanks = true,
        'd' => order.dictionary = true,
        'r' => order.reverse = true,
        _ => return false,
    }
    true
}

/// `2`, `2,3`, `2.1,2.4n` …
fn key(text: &str, order: Order) -> Result<Key, Failure> {
    let wrong = || Failure::usage(format!("-k {text:?} is not a key"));
    let mut own = Order::default();
    let mut position = |text: &str| {
        let end = text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
        let known = text[end..].chars().all(|letter| set(&mut own, letter));
        let (field, character) = text[..end].split_once('.').unwrap_or((&text[..end], ""));
        let field: usize = field.parse().ok()?;
        let character = if character.is_empty() { None } else { Some(character.parse::<usize>().ok()?) };
        known.then_some((field, character))
    };
    let (first, last) = match text.split_once(',') {
        Some((first, last)) => (position(first), Some(position(last).ok_or_else(wrong)?)),
        None => (position(text), None),
    };
    let (first_field, first_character) = first.filter(|(field, _)| *field > 0).ok_or_else(wrong)?;
    Ok(Key {
        first_field,
        first_character: first_character.unwrap_or(1).max(1),
        last: last.map(|(field, character)| (field, character.unwrap_or(0))),
        order: if own == Order::default() { order } else { own },
    })
}

fn compare_keys(left: &[u8], right: &[u8], keys: &[Key], separator: Option<u8>) -> Ordering {
    for key in keys {
        let ordering = compare(extract(left, key, separator), extract(right, key, separator), key.order);
        if ordering != Ordering::Equal {
            return if key.order.reverse { ordering.reverse() } else { ordering };
        }
    }
    Ordering::Equal
}

/// Where a field begins and ends. Without a separator the blanks before a field belong to it.
fn field(line: &[u8], number: usize, separator: Option<u8>) -> (usize, usize) {
    let mut start = 0;
    for current in 1..=number {
        let end = match separator {
            Some(separator) => line[start..].iter().position(|byte| *byte == separator),
            None => {
                let blanks = line[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                line[start + blanks..].iter().position(u8::is_ascii_whitespace).map(|length| blanks + length)
            }
        };
        let end = end.map_or(line.len(), |length| start + length);
        if current == number {
            return (start, end);
        }
        start = if separator.is_some() { (end + 1).min(line.len()) } else { end };
        if end == line.len() {
            return (line.len(), line.len());
        }
    }
    (start, line.len())
}

fn extract<'a>(line: &'a [u8], key: &Key, separator: Option<u8>) -> &'a [u8] {
    let skip = |start: usize| {
        let blanks = line[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if key.order.skips_blanks { start + blanks } else { start }
    };
    let (start, _) = field(line, key.first_field, separator);
    let start = (skip(start) + key.first_character - 1).min(line.len());
    let end = match key.last {
        None => line.len(),
        Some((number, 0)) => field(line, number, separator).1,
        Some((number, character)) => (skip(field(line, number, separator).0) + character).min(line.len()),
    };
    &line[start..end.max(start)]
}

fn compare(left: &[u8], right: &[u8], order: Order) -> Ordering {
    if order.numeric {
        return number(left).0.total_cmp(&number(right).0);
    }
    if order.human {
        return human(left).total_cmp(&human(right));
    }
    if order.version {
        return version(left, right);
    }
    if !order.fold && !order.dictionary && !order.skips_blanks {
        return left.cmp(right);
    }
    let prepare = |text: &[u8]| -> Vec<u8> {
        let text = if order.skips_blanks { text.trim_ascii_start() } else { text };
        let kept =
            text.iter().filter(|byte| !order.dictionary || byte.is_ascii_alphanumeric() || **byte == b' ');
        kept.map(|byte| if order.fold { byte.to_ascii_uppercase() } else { *byte }).collect()
    };
    prepare(left).cmp(&prepare(right))
}

/// The number that a text begins with, and what follows it.
fn number(text: &[u8]) -> (f64, Option<u8>) {
    let text = text.trim_ascii_start();
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text[sign..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let number = std::str::from_utf8(&text[..sign + digits]).ok().and_then(|text| text.parse().ok());
    // There is but one zero.
    (number.unwrap_or(0.0) + 0.0, text.get(sign + digits).copied())
}

fn human(text: &[u8]) -> f64 {
    let (number, unit) = number(text);
    let power = unit.and_then(|unit| b"KMGTPE".iter().position(|found| *found == unit.to_ascii_uppercase()));
    number * 1024_f64.powi(power.map_or(0, |power| i32::try_from(power).unwrap_or(0) + 1))
}

/// Numbers in the texts by their value, everything else by bytes.
fn version(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    while !left_rest.is_empty() && !right_rest.is_empty() {
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (left_digits, right_digits) = (digits(left_rest), digits(right_rest));
        let ordering = if left_digits > 0 && right_digits > 0 {
            let (left_number, right_number) = (&left_rest[..left_digits], &right_rest[..right_digits]);
            let trim =
                |text: &[u8]| text.iter().copied().skip_while(|byte| *byte == b'0').collect::<Vec<_>>();
            let (left_number, right_number) = (trim(left_number), trim(right_number));
            (left_rest, right_rest) = (&left_rest[left_digits..], &right_rest[right_digits..]);
            left_number.len().cmp(&right_number.len()).then(left_number.cmp(&right_number))
        } else {
            let ordering = left_rest[0].cmp(&right_rest[0]);
            (left_rest, right_rest) = (&left_rest[1..], &right_rest[1..]);
            ordering
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    left_rest.len().cmp(&right_rest.len())
}
