//! `read` and `mapfile`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{unsupported, wrong};
use crate::shell::paths::reason;
use crate::shell::{Shell, Stop, Value};
use crate::stream::Stream;
use crate::syntax::is_name;

/// What the options of `read` say.
struct Reading<'a> {
    raw: bool,
    array: Option<&'a str>,
    delimiter: u8,
    characters_max: Option<usize>,
    descriptor: u32,
    names: Vec<&'a str>,
}

fn parse(arguments: &[String]) -> Result<Reading<'_>, String> {
    let mut reading = Reading {
        raw: false,
        array: None,
        delimiter: b'\n',
        characters_max: None,
        descriptor: 0,
        names: Vec::new(),
    };
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            reading.names.push(argument);
            reading.names.extend(rest);
            break;
        };
        if letters == "-" {
            reading.names.extend(rest);
            break;
        }
        for (at, letter) in letters.char_indices() {
            let attached = &letters[at + letter.len_utf8()..];
            let mut value = || if attached.is_empty() { rest.next().unwrap_or("") } else { attached };
            match letter {
                'r' => reading.raw = true,
                's' | 'e' => {}
                'a' => reading.array = Some(value()),
                'd' => reading.delimiter = value().bytes().next().unwrap_or(0),
                'n' | 'N' => reading.characters_max = value().parse().ok(),
                'u' => {
                    reading.descriptor = value().parse().map_err(|_| "read: -u needs a number".to_owned())?
                }
                'p' => {
                    value();
                }
                letter => return Err(unsupported("read", &format!("-{letter}"))),
            }
            if "adnNup".contains(letter) {
                break;
            }
        }
    }
    Ok(reading)
}

pub(super) async fn read(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let mut reading = match parse(arguments) {
        Ok(reading) => reading,
        Err(message) => return wrong(shell, &message, 2).await,
    };
    if let Some(name) = reading.names.iter().chain(&reading.array).find(|name| !is_name(name)) {
        return wrong(shell, &format!("read: {name:?}: not a name"), 2).await;
    }
    if reading.names.is_empty() {
        reading.names.push("REPLY");
    }
    let Some(stream) = shell.descriptors.get(reading.descriptor) else {
        return wrong(shell, "read: bad file descriptor", 1).await;
    };
    let (line, complete) = match read_line(&stream, &reading).await {
        Ok(line) => line,
        Err(error) => return wrong(shell, &format!("read: {}", reason(&error)), 1).await,
    };
    let separators = shell.variables.get("IFS").map_or_else(|| " \t\n".to_owned(), |text| text.to_string());
    let set = match reading.array {
        Some(name) => {
            let values = split(&line, &separators, usize::MAX).into_iter().enumerate();
            let values = values.filter_map(|(index, value)| Some((i64::try_from(index).ok()?, value)));
            shell.variables.set_value(name, Value::Array(Rc::new(values.collect())))
        }
        None => assign(shell, &line, &separators, &reading.names),
    };
    match set {
        Ok(()) => Ok(u8::from(!complete)),
        Err(message) => wrong(shell, &message, 2).await,
    }
}

fn assign(shell: &mut Shell, line: &[(char, bool)], separators: &str, names: &[&str]) -> Result<(), String> {
    if names == ["REPLY"] {
        return shell.variables.set("REPLY", line.iter().map(|marked| marked.0).collect::<String>());
    }
    let mut values = split(line, separators, names.len()).into_iter();
    for name in names {
        shell.variables.set(name, values.next().unwrap_or_default())?;
    }
    Ok(())
}

/// A line as characters, each with whether it was escaped, and whether the delimiter ended it.
async fn read_line(stream: &Stream, reading: &Reading<'_>) -> std::io::Result<(Vec<(char, bool)>, bool)> {
    let mut line: Vec<(char, bool)> = Vec::new();
    if let Some(count) = reading.characters_max {
        // Byte by byte, since what follows is for who reads next; there is no smaller step.
        let bytes = stream.read_until(reading.delimiter).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        line.extend(text.chars().take(count).map(|character| (character, false)));
        return Ok((line, !bytes.is_empty()));
    }
    loop {
        let mut bytes = stream.read_until(reading.delimiter).await?;
        let complete = bytes.last() == Some(&reading.delimiter);
        if complete {
            bytes.pop();
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut characters = text.chars();
        let mut continues = false;
        while let Some(character) = characters.next() {
            if character == '\\' && !reading.raw {
                match characters.next() {
                    Some(escaped) => line.push((escaped, true)),
                    None => continues = complete,
                }
            } else {
                line.push((character, false));
            }
        }
        if !continues {
            return Ok((line, complete));
        }
    }
}

/// Splits a line into so many fields at most; the last has all the rest.
fn split(line: &[(char, bool)], separators: &str, count: usize) -> Vec<String> {
    let is_separator = |marked: &(char, bool)| !marked.1 && separators.contains(marked.0);
    let is_blank = |marked: &(char, bool)| is_separator(marked) && matches!(marked.0, ' ' | '\t' | '\n');
    let mut fields = Vec::new();
    let mut at = 0;
    let skip_blanks = |at: &mut usize| {
        while line.get(*at).is_some_and(is_blank) {
            *at += 1;
        }
    };
    skip_blanks(&mut at);
    while at < line.len() {
        let end = line[at..].iter().position(is_separator).map_or(line.len(), |length| at + length);
        if fields.len() + 1 == count {
            fields.push(last_field(&line[at..], is_separator, is_blank));
            return fields;
        }
        fields.push(line[at..end].iter().map(|marked| marked.0).collect());
        at = end;
        skip_blanks(&mut at);
        if line.get(at).is_some_and(|marked| is_separator(marked) && !is_blank(marked)) {
            at += 1;
            skip_blanks(&mut at);
        }
    }
    fields
}

/// The rest without the blanks at its end, and without a separator that only ends it.
fn last_field(
    rest: &[(char, bool)],
    is_separator: impl Fn(&(char, bool)) -> bool,
    is_blank: impl Fn(&(char, bool)) -> bool,
) -> String {
    let mut end = rest.len();
    while end > 0 && is_blank(&rest[end - 1]) {
        end -= 1;
    }
    let separators = rest[..end].iter().filter(|marked| is_separator(marked) && !is_blank(marked)).count();
    if end > 0 && separators == 1 && is_separator(&rest[end - 1]) {
        end -= 1;
        while end > 0 && is_blank(&rest[end - 1]) {
            end -= 1;
        }
    }
    rest[..end].iter().map(|marked| marked.0).collect()
}

pub(super) async fn mapfile(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let mut strips = false;
    let mut name = "MAPFILE";
    for argument in arguments {
        match argument.as_str() {
            "-t" => strips = true,
            option if option.starts_with('-') => {
                return wrong(shell, &unsupported("mapfile", option), 2).await;
            }
            found if is_name(found) => name = found,
            found => return wrong(shell, &format!("mapfile: {found:?}: not a name"), 2).await,
        }
    }
    let bytes = match shell.descriptors.get(0).unwrap_or(Stream::Null).read_all().await {
        Ok(bytes) => bytes,
        Err(error) => return wrong(shell, &format!("mapfile: {}", reason(&error)), 1).await,
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines =
        text.split_inclusive('\n').map(|line| if strips { line.trim_end_matches('\n') } else { line });
    let values: BTreeMap<i64, String> = (0..).zip(lines.map(str::to_owned)).collect();
    match shell.variables.set_value(name, Value::Array(Rc::new(values))) {
        Ok(()) => Ok(0),
        Err(message) => wrong(shell, &message, 1).await,
    }
}
