//! Reads the script of `sed`.

use std::collections::HashMap;

use super::{Address, Command, Kind, Part, Pattern, Script, Substitution};
use crate::regular;

/// Commands of a script.
const COMMANDS_MAX: usize = 10_000;

struct Parser<'a> {
    rest: &'a str,
    is_extended: bool,
    script: Script,
    /// Blocks that are open.
    open: Vec<usize>,
    labels: HashMap<String, usize>,
    /// Branches whose label was not come to yet.
    branches: Vec<(usize, String)>,
}

pub(super) fn script(text: &str, is_extended: bool) -> Result<Script, String> {
    let mut parser = Parser {
        rest: text,
        is_extended,
        script: Script::default(),
        open: Vec::new(),
        labels: HashMap::new(),
        branches: Vec::new(),
    };
    loop {
        parser.rest = parser.rest.trim_start_matches([' ', '\t', '\n', ';']);
        if parser.rest.is_empty() {
            break;
        }
        if parser.rest.starts_with('#') {
            parser.take_line();
            continue;
        }
        if parser.script.commands.len() >= COMMANDS_MAX {
            return Err(format!("a script has at most {COMMANDS_MAX} commands"));
        }
        parser.command()?;
    }
    if !parser.open.is_empty() {
        return Err("unmatched {".to_owned());
    }
    let end = parser.script.commands.len();
    for (at, label) in parser.branches {
        let target = if label.is_empty() { Some(end) } else { parser.labels.get(&label).copied() };
        let target = target.ok_or_else(|| format!("no label {label}"))?;
        if let Kind::Branch(_, goes_to) = &mut parser.script.commands[at].kind {
            *goes_to = target;
        }
    }
    Ok(parser.script)
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn take_line(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        line
    }

    fn number(&mut self) -> Option<u64> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest[..digits].parse().ok()?;
        self.rest = &self.rest[digits..];
        Some(number)
    }

    fn command(&mut self) -> Result<(), String> {
        let first = self.address(false)?;
        self.skip_blanks();
        let mut second = None;
        if first.is_some() && self.rest.starts_with(',') {
            self.next();
            self.skip_blanks();
            second = Some(self.address(true)?.ok_or("an address is missing after ,")?);
            self.skip_blanks();
        }
        let mut negated = false;
        while self.rest.starts_with(['!', ' ']) {
            negated |= self.next() == Some('!');
        }
        let letter = self.next().ok_or("a command is missing")?;
        let kind = self.kind(letter)?;
        if !matches!(letter, '{' | 'a' | 'i' | 'c') {
            self.skip_blanks();
            if !self.rest.is_empty() && !self.rest.starts_with([';', '\n', '}', '#']) {
                return Err(format!("extra characters after {letter:?}"));
            }
        }
        self.script.commands.push(Command { first, second, negated, kind });
        Ok(())
    }

    fn address(&mut self, is_second: bool) -> Result<Option<Address>, String> {
        if let Some(line) = self.number() {
            if !is_second && self.rest.starts_with('~') {
                self.next();
                return Ok(Some(Address::Step(line, self.number().unwrap_or(0))));
            }
            return Ok(Some(Address::Line(line)));
        }
        match self.rest.chars().next() {
            Some('$') => {
                self.next();
                Ok(Some(Address::Last))
            }
            Some('+') if is_second => {
                self.next();
                let count = self.number().ok_or("a number is missing after +")?;
                Ok(Some(Address::Count(count)))
            }
            Some('/') => {
                self.next();
                Ok(Some(Address::Matches(self.address_pattern('/')?)))
            }
            Some('\\') => {
                self.next();
                let delimiter = self.next().ok_or("a delimiter is missing after \\")?;
                Ok(Some(Address::Matches(self.address_pattern(delimiter)?)))
            }
            _ => Ok(None),
        }
    }

    fn address_pattern(&mut self, delimiter: char) -> Result<Pattern, String> {
        let text = self.delimited(delimiter, true)?;
        let mut ignore_case = false;
        while self.rest.starts_with('I') {
            self.next();
            ignore_case = true;
        }
        self.pattern(&text, ignore_case, false)
    }

    fn pattern(&self, text: &str, ignore_case: bool, multi_line: bool) -> Result<Pattern, String> {
        if text.is_empty() {
            return Ok(Pattern(None));
        }
        let translated = if self.is_extended { regular::extended(text)? } else { regular::basic(text)? };
        let translated = if multi_line { format!("(?m){translated}") } else { translated };
        regular::compile(&translated, ignore_case).map(|regex| Pattern(Some(regex)))
    }

    /// The text up to the delimiter, which a backslash makes a character like others.
    fn delimited(&mut self, delimiter: char, is_pattern: bool) -> Result<String, String> {
        let mut text = String::new();
        let mut in_set = false;
        loop {
            let character = self.next().ok_or_else(|| format!("{delimiter:?} is missing"))?;
            match character {
                '\\' => match self.next().ok_or("a backslash at the end")? {
                    escaped if escaped == delimiter && is_pattern => text.push(escaped),
                    'n' if is_pattern && in_set => text.push('\n'),
                    escaped => text.extend(['\\', escaped]),
                },
                '[' if is_pattern && !in_set => {
                    in_set = true;
                    text.push('[');
                    // A bracket directly at its start belongs to the set.
                    if self.rest.starts_with('^') {
                        text.extend(self.next());
                    }
                    if self.rest.starts_with(']') {
                        text.extend(self.next());
                    }
                }
                '[' if in_set && self.rest.starts_with(':') => {
                    let end = self.rest.find(":]").ok_or("unmatched [:")? + 2;
                    text.push('[');
                    text.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                }
                ']' if in_set => {
                    in_set = false;
                    text.push(']');
                }
                character if character == delimiter && !in_set => return Ok(text),
                character => text.push(character),
            }
        }
    }

    fn kind(&mut self, letter: char) -> Result<Kind, String> {
        Ok(match letter {
            '{' => {
                self.open.push(self.script.commands.len());
                Kind::Begin(0)
            }
            '}' => {
                let begin = self.open.pop().ok_or("unmatched }")?;
                self.script.commands[begin].kind = Kind::Begin(self.script.commands.len());
                Kind::End
            }
            ':' => {
                let label = self.label();
                self.labels.insert(label, self.script.commands.len());
                Kind::Label
            }
            'b' | 't' | 'T' => {
                let label = self.label();
                self.branches.push((self.script.commands.len(), label));
                Kind::Branch(letter, 0)
            }
            's' => self.substitution()?,
            'y' => self.translation()?,
            'a' | 'i' | 'c' => Kind::Text(letter, self.text()),
            'r' => Kind::Read(self.file_name()?),
            'w' => Kind::Write(self.file()?),
            'q' | 'Q' => {
                self.skip_blanks();
                let code = self.number().unwrap_or(0);
                Kind::Quit(letter, (code % 256) as u8)
            }
            'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'l' | 'n' | 'N' | 'p' | 'P' | 'x' | '=' => {
                Kind::Plain(letter)
            }
            letter => return Err(format!("unknown command {letter:?}")),
        })
    }

    fn label(&mut self) -> String {
        self.skip_blanks();
        let end = self.rest.find([';', '\n', '}', ' ']).unwrap_or(self.rest.len());
        let label = self.rest[..end].to_owned();
        self.rest = &self.rest[end..];
        label
    }

    fn file_name(&mut self) -> Result<String, String> {
        self.skip_blanks();
        let name = self.take_line();
        if name.is_empty() { Err("a file name is missing".to_owned()) } else { Ok(name.to_owned()) }
    }

    fn file(&mut self) -> Result<usize, String> {
        let name = self.file_name()?;
        if let Some(place) = self.script.files.iter().position(|file| *file == name) {
            return Ok(place);
        }
        self.script.files.push(name);
        Ok(self.script.files.len() - 1)
    }

    /// The text of `a`, `i`, `c`: the rest of the line, or the lines after a backslash.
    fn text(&mut self) -> Vec<u8> {
        self.skip_blanks();
        if let Some(rest) = self.rest.strip_prefix('\\') {
            self.rest = rest.trim_start_matches([' ', '\t']);
            self.rest = self.rest.strip_prefix('\n').unwrap_or(self.rest);
        }
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                '\n' => break,
                '\\' => text.extend(self.next()),
                character => text.push(character),
            }
        }
        text.push('\n');
        text.into_bytes()
    }

    fn translation(&mut self) -> Result<Kind, String> {
        let delimiter = self.next().ok_or("y needs a delimiter")?;
        let mut side = || -> Result<Vec<char>, String> {
            let text = self.delimited(delimiter, false)?;
            let mut characters = Vec::new();
            let mut rest = text.chars();
            while let Some(character) = rest.next() {
                characters.push(match character {
                    '\\' => match rest.next() {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some(escaped) => escaped,
                        None => '\\',
                    },
                    character => character,
                });
            }
            Ok(characters)
        };
        let (from, to) = (side()?, side()?);
        if from.len() != to.len() {
            return Err("the two sides of y differ in length".to_owned());
        }
        Ok(Kind::Translate(from.into_iter().zip(to).collect()))
    }

    fn substitution(&mut self) -> Result<Kind, String> {
        let delimiter =
            self.next().filter(|delimiter| !"\\\n".contains(*delimiter)).ok_or("s needs a delimiter")?;
        let pattern = self.delimited(delimiter, true)?;
        let replacement = self.delimited(delimiter, false)?;
        let replacement = parts(&replacement, delimiter);
        let (mut global, mut prints, mut ignore_case, mut multi_line) = (false, false, false, false);
        let mut number = 1;
        let mut writes = None;
        loop {
            match self.rest.chars().next() {
                Some('g') => global = true,
                Some('p') => prints = true,
                Some('i' | 'I') => ignore_case = true,
                Some('m' | 'M') => multi_line = true,
                Some('1'..='9') => {
                    number =
                        self.number().and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX);
                    continue;
                }
                Some('w') => {
                    self.next();
                    writes = Some(self.file()?);
                    break;
                }
                Some(letter) if letter.is_ascii_alphanumeric() => {
                    return Err(format!("unknown option {letter:?} to s"));
                }
                _ => break,
            }
            self.next();
        }
        let pattern = self.pattern(&pattern, ignore_case, multi_line)?;
        let groups = pattern.0.as_ref().map_or(usize::MAX, |regex| regex.captures_len());
        for part in &replacement {
            if matches!(part, Part::Group(group) if *group >= groups) {
                return Err("invalid reference in the right side of s".to_owned());
            }
        }
        Ok(Kind::Substitute(Box::new(Substitution { pattern, replacement, global, number, prints, writes })))
    }
}

/// The parts of a replacement.
fn parts(text: &str, delimiter: char) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let part = match character {
            '&' => Part::Group(0),
            '\\' => match rest.next() {
                Some(digit @ '0'..='9') => Part::Group(digit as usize - '0' as usize),
                Some(letter @ ('U' | 'L' | 'u' | 'l' | 'E')) => Part::Case(letter),
                Some('n') if delimiter != 'n' => Part::Text(vec![b'\n']),
                Some('t') if delimiter != 't' => Part::Text(vec![b'\t']),
                Some('r') if delimiter != 'r' => Part::Text(vec![b'\r']),
                Some(escaped) => Part::Text(escaped.to_string().into_bytes()),
                None => Part::Text(vec![b'\\']),
            },
            character => Part::Text(character.to_string().into_bytes()),
        };
        match part {
            Part::Text(bytes) => plain.extend(bytes),
            part => {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(part);
            }
        }
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}
