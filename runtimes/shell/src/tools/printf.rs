//! `printf`.

use super::{Failure, Outcome, Tool};
use crate::escapes::{Dialect, decode, decode_one};
use crate::expand::arithmetic;

/// Columns that one value can be padded to, and digits of it. The formatter of Rust panics above 65,535.
const WIDTH_MAX: usize = 50_000;

/// How a value is written: what stands between `%` and the letter.
#[derive(Debug, Default)]
struct Directive {
    flags: String,
    width: usize,
    precision: Option<usize>,
}

struct Printing<'a> {
    arguments: std::slice::Iter<'a, String>,
    bytes: Vec<u8>,
    warnings: Vec<String>,
    /// Whether `\c` ended it.
    stopped: bool,
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let mut arguments = tool.arguments.as_slice();
    if let [option, name, rest @ ..] = arguments
        && option == "-v"
    {
        return Err(Failure::usage(format!("-v {name} is not supported: use $(printf … {})", rest.len())));
    }
    if arguments.first().is_some_and(|first| first == "--") {
        arguments = &arguments[1..];
    }
    let Some((format, arguments)) = arguments.split_first() else {
        return Err(Failure::usage("a format is needed"));
    };
    let format = format.clone();
    let arguments = arguments.to_vec();
    let mut printing =
        Printing { arguments: arguments.iter(), bytes: Vec::new(), warnings: Vec::new(), stopped: false };
    loop {
        let before = printing.arguments.len();
        printing.format(&format)?;
        tool.output.write(&std::mem::take(&mut printing.bytes)).await?;
        let after = printing.arguments.len();
        if printing.stopped || after == 0 || after == before {
            break;
        }
    }
    for warning in std::mem::take(&mut printing.warnings) {
        tool.warn(&warning).await;
    }
    Ok(tool.status)
}

impl Printing<'_> {
    fn format(&mut self, format: &str) -> Result<(), Failure> {
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            self.bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let is_escape = rest.as_bytes()[at] == b'\\';
            rest = &rest[at + 1..];
            if is_escape && rest.starts_with('c') {
                self.stopped = true;
            } else if is_escape {
                rest = decode_one(rest, Dialect::Format, &mut self.bytes);
            } else {
                rest = self.directive(rest)?;
            }
            if self.stopped {
                return Ok(());
            }
        }
        self.bytes.extend_from_slice(rest.as_bytes());
        Ok(())
    }

    fn directive<'f>(&mut self, text: &'f str) -> Result<&'f str, Failure> {
        if let Some(rest) = text.strip_prefix('%') {
            self.bytes.push(b'%');
            return Ok(rest);
        }
        let mut directive = Directive::default();
        let end = text.find(|character| !"-+ #0".contains(character)).unwrap_or(text.len());
        text[..end].clone_into(&mut directive.flags);
        let (width, rest) = self.number(&text[end..])?;
        match width.unwrap_or(0) {
            negative if negative < 0 => {
                directive.flags.push('-');
                directive.width = size(-negative)?;
            }
            width => directive.width = size(width)?,
        }
        let mut rest = rest;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = self.number(after)?;
            directive.precision = Some(size(precision.unwrap_or(0).max(0))?);
            rest = after;
        }
        let rest = rest.trim_start_matches(['l', 'h', 'j', 'z', 't']);
        let letter = rest.chars().next().ok_or_else(|| Failure::new(format!("%{text}: incomplete")))?;
        self.value(letter, &directive)?;
        Ok(&rest[letter.len_utf8()..])
    }

    /// A number in the format, or `*`, which takes it from the arguments.
    fn number<'f>(&mut self, text: &'f str) -> Result<(Option<i64>, &'f str), Failure> {
        if let Some(rest) = text.strip_prefix('*') {
            let argument = self.arguments.next().map_or("0", String::as_str);
            return Ok((Some(self.integer(argument)), rest));
        }
        let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        if end == 0 {
            return Ok((None, text));
        }
        let number = text[..end].parse().map_err(|_| Failure::new(format!("{}: too wide", &text[..end])))?;
        Ok((Some(number), &text[end..]))
    }

    fn value(&mut self, letter: char, directive: &Directive) -> Result<(), Failure> {
        let argument = self.arguments.next().map(String::as_str);
        let text = match letter {
            's' => argument.unwrap_or("").to_owned(),
            'c' => argument.unwrap_or("").chars().take(1).collect(),
            'q' => crate::expand::quote_if_needed(argument.unwrap_or("")),
            'b' => {
                let (bytes, stopped) = decode(argument.unwrap_or(""), Dialect::Echo);
                self.stopped = stopped;
                if directive.width == 0 {
                    self.bytes.extend_from_slice(&bytes);
                    return Ok(());
                }
                String::from_utf8_lossy(&bytes).into_owned()
            }
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                let value = self.integer(argument.unwrap_or("0"));
                self.pad(&integer(value, letter, directive), directive, directive.precision.is_none());
                return Ok(());
            }
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                let value = self.float(argument.unwrap_or("0"));
                self.pad(&float(value, letter, directive), directive, value.is_finite());
                return Ok(());
            }
            letter => return Err(Failure::new(format!("%{letter}: unknown directive"))),
        };
        let text = match directive.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        };
        self.pad(&text, directive, false);
        Ok(())
    }

    fn pad(&mut self, text: &str, directive: &Directive, may_be_zeros: bool) {
        let missing = directive.width.saturating_sub(text.chars().count());
        if directive.flags.contains('-') {
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.resize(self.bytes.len() + missing, b' ');
        } else if directive.flags.contains('0') && may_be_zeros {
            let digits = text.trim_start_matches(['-', '+', ' ']);
            self.bytes.extend_from_slice(&text.as_bytes()[..text.len() - digits.len()]);
            self.bytes.resize(self.bytes.len() + missing, b'0');
            self.bytes.extend_from_slice(digits.as_bytes());
        } else {
            self.bytes.resize(self.bytes.len() + missing, b' ');
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// An argument as a number. A quote before a character stands for its code.
    fn integer(&mut self, text: &str) -> i64 {
        if let Some(code) = character_code(text) {
            return code;
        }
        let trimmed = text.trim_start();
        if let Some(value) = arithmetic::number(trimmed).filter(|_| !trimmed.contains('#')) {
            return value;
        }
        if !text.is_empty() {
            self.warnings.push(format!("{text}: not a number"));
        }
        let sign = usize::from(trimmed.starts_with(['-', '+']));
        let digits = trimmed[sign..].bytes().take_while(u8::is_ascii_digit).count();
        trimmed[..sign + digits].parse().unwrap_or(0)
    }

    fn float(&mut self, text: &str) -> f64 {
        if let Some(code) = character_code(text) {
            return code as f64;
        }
        match text.trim_start().parse() {
            Ok(value) => value,
            Err(_) if text.is_empty() => 0.0,
            Err(_) => {
                self.warnings.push(format!("{text}: not a number"));
                0.0
            }
        }
    }
}

fn character_code(text: &str) -> Option<i64> {
    let character = text.strip_prefix(['\'', '"'])?.chars().next()?;
    Some(i64::from(u32::from(character)))
}

fn size(number: i64) -> Result<usize, Failure> {
    let size = usize::try_from(number).ok().filter(|size| *size <= WIDTH_MAX);
    size.ok_or_else(|| Failure::new(format!("{number}: too wide")))
}

fn sign(is_negative: bool, directive: &Directive) -> &'static str {
    match is_negative {
        true => "-",
        false if directive.flags.contains('+') => "+",
        false if directive.flags.contains(' ') => " ",
        false => "",
    }
}

fn integer(value: i64, letter: char, directive: &Directive) -> String {
    let alternate = directive.flags.contains('#');
    let (before, digits) = match letter {
        'd' | 'i' => (sign(value < 0, directive), value.unsigned_abs().to_string()),
        'u' => ("", value.cast_unsigned().to_string()),
        'x' => (if alternate { "0x" } else { "" }, format!("{value:x}")),
        'X' => (if alternate { "0X" } else { "" }, format!("{value:X}")),
        _ => (if alternate { "0" } else { "" }, format!("{value:o}")),
    };
    let width = directive.precision.unwrap_or(0);
    format!("{before}{digits:0>width$}")
}

fn float(value: f64, letter: char, directive: &Directive) -> String {
    let precision = directive.precision.unwrap_or(6);
    let before = sign(value.is_sign_negative(), directive);
    let size = value.abs();
    let text = match letter {
        _ if !size.is_finite() => if size.is_nan() { "nan" } else { "inf" }.to_owned(),
        'f' | 'F' => format!("{size:.precision$}"),
        'e' | 'E' => exponent(size, precision),
        _ => general(size, precision.max(1), directive.flags.contains('#')),
    };
    let text = if letter.is_ascii_uppercase() { text.to_uppercase() } else { text };
    format!("{before}{text}")
}

/// `1.5e+00`
fn exponent(size: f64, precision: usize) -> String {
    let text = format!("{size:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}

/// The shorter way of writing, without zeros at its end.
fn general(size: f64, precision: usize, keeps_zeros: bool) -> String {
    let shown = exponent(size, precision - 1);
    let power: i64 = shown.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') && !keeps_zeros {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let precision = i64::try_from(precision).unwrap_or(i64::MAX);
    if power < -4 || power >= precision {
        let (digits, power) = shown.split_once('e').unwrap_or((&shown, "+00"));
        return format!("{}e{power}", trim(digits));
    }
    let digits = usize::try_from(precision - 1 - power).unwrap_or(0);
    trim(&format!("{size:.digits$}"))
}
