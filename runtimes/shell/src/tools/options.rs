//! Reads the options of a tool. One that it does not have is an error, never ignored.

use super::Failure;

/// The options that a tool has.
#[derive(Default)]
pub(crate) struct Spec {
    /// Letters without a value.
    pub(crate) flags: &'static str,
    /// Letters with a value.
    pub(crate) values: &'static str,
    /// Long names and their letters.
    pub(crate) long: &'static [(&'static str, char)],
    /// Whether the first operand ends the options: what follows is another command.
    pub(crate) ends_at_operand: bool,
    /// Whether `-5` is an operand or the value of this letter.
    pub(crate) number: Option<char>,
}

#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// In the order given, with the values of those that have one.
    pub(crate) options: Vec<(char, String)>,
    pub(crate) operands: Vec<String>,
}

impl Parsed {
    pub(crate) fn has(&self, letter: char) -> bool {
        self.options.iter().any(|(found, _)| *found == letter)
    }

    /// The value that was given last.
    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        self.options.iter().rev().find(|(found, _)| *found == letter).map(|(_, value)| value.as_str())
    }

    pub(crate) fn values(&self, letter: char) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(found, _)| *found == letter).map(|(_, value)| value.as_str())
    }

    /// A value that is a number. `k`, `M` and `G` multiply it.
    pub(crate) fn number(&self, letter: char) -> Result<Option<u64>, Failure> {
        self.value(letter).map(number).transpose()
    }
}

pub(crate) fn number(text: &str) -> Result<u64, Failure> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| Failure::usage(format!("{text:?} is not a number")))
}

pub(crate) fn parse(arguments: &[String], spec: &Spec) -> Result<Parsed, Failure> {
    let mut parsed = Parsed::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            parsed.operands.extend(rest.cloned());
            break;
        }
        if let Some(long) = argument.strip_prefix("--") {
            parse_long(long, spec, &mut parsed, &mut rest)?;
        } else if argument.len() > 1 && argument.starts_with('-') {
            parse_short(&argument[1..], spec, &mut parsed, &mut rest)?;
        } else {
            parsed.operands.push(argument.clone());
            if spec.ends_at_operand {
                parsed.operands.extend(rest.cloned());
                break;
            }
        }
    }
    Ok(parsed)
}

fn parse_long<'a>(
    long: &str,
    spec: &Spec,
    parsed: &mut Parsed,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(), Failure> {
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (long, None),
    };
    let Some((_, letter)) = spec.long.iter().find(|(found, _)| *found == name) else {
        return Err(Failure::usage(format!("unsupported option --{name}")));
    };
    let value = match (spec.values.contains(*letter), value) {
        (true, Some(value)) => value,
        (true, None) => {
            rest.next().ok_or_else(|| Failure::usage(format!("option --{name} needs a value")))?.clone()
        }
        (false, None) => String::new(),
        (false, Some(_)) => return Err(Failure::usage(format!("option --{name} has no value"))),
    };
    parsed.options.push((*letter, value));
    Ok(())
}

fn parse_short<'a>(
    letters: &str,
    spec: &Spec,
    parsed: &mut Parsed,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(), Failure> {
    if let Some(letter) = spec.number
        && letters.chars().all(|digit| digit.is_ascii_digit())
    {
        parsed.options.push((letter, letters.to_owned()));
        return Ok(());
    }
    for (at, letter) in letters.char_indices() {
        if spec.values.contains(letter) {
            let attached = &letters[at + letter.len_utf8()..];
            let value = if attached.is_empty() {
                rest.next().ok_or_else(|| Failure::usage(format!("option -{letter} needs a value")))?.clone()
            } else {
                attached.to_owned()
            };
            parsed.options.push((letter, value));
            return Ok(());
        }
        if !spec.flags.contains(letter) {
            return Err(Failure::usage(format!("unsupported option -{letter}")));
        }
        parsed.options.push((letter, String::new()));
    }
    Ok(())
}
