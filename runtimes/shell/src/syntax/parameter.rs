//! Reads `$name` and `${…}`.

use super::Parser;
use super::cursor::SyntaxError;
use super::tree::{ElementIndex, Operation, Parameter, ParameterName, Piece, Place};
use super::word::is_name_character;

/// Parameters of one character that is no name.
const SPECIAL: &str = "@*#?-$!0";

impl Parser<'_> {
    /// What follows a `$` without braces. Nothing if it is a `$` like other characters.
    pub(crate) fn plain_parameter(&mut self) -> Option<Piece> {
        let character = self.cursor.peek()?;
        let name = if SPECIAL.contains(character) {
            self.cursor.next();
            ParameterName::Special(character)
        } else if let Some(digit) = character.to_digit(10) {
            self.cursor.next();
            ParameterName::Positional(digit as usize)
        } else if is_name_character(character) {
            ParameterName::Variable(self.cursor.take_while(is_name_character).to_owned())
        } else {
            return None;
        };
        let parameter = Parameter { name, indirect: false, operation: Operation::Value };
        Some(Piece::Parameter(Box::new(parameter)))
    }

    /// What follows a `$` with braces.
    pub(crate) fn braced_parameter(&mut self, in_double: bool) -> Result<Piece, SyntaxError> {
        self.cursor.next();
        let start = self.cursor.position();
        let rest = self.cursor.rest();
        let is_length = rest.starts_with('#')
            && !rest.starts_with("#}")
            && !["##", "#%", "#:", "#-", "#=", "#?", "#+", "#/"]
                .iter()
                .any(|begin| rest.starts_with(begin) && !rest[2..].starts_with('}'));
        let mut parameter = if is_length {
            self.cursor.next();
            let name = self.parameter_name()?;
            Parameter { name, indirect: false, operation: Operation::Length }
        } else {
            let indirect = rest.starts_with('!') && rest[1..].starts_with(is_name_character);
            if indirect {
                self.cursor.next();
            }
            let name = self.parameter_name()?;
            let operation = self.operation(in_double)?;
            Parameter { name, indirect, operation }
        };
        if parameter.indirect {
            self.names_and_keys(&mut parameter);
        }
        if !self.cursor.take("}") {
            let shown: String = self.cursor.since(start).chars().take(20).collect();
            return Err(self.cursor.error(match self.cursor.peek() {
                None => format!("unterminated ${{{shown}"),
                Some(found) => format!("bad substitution: ${{{shown}{found}"),
            }));
        }
        Ok(Piece::Parameter(Box::new(parameter)))
    }

    /// `${!name[@]}` and `${!prefix*}`, which look like an indirect parameter.
    fn names_and_keys(&mut self, parameter: &mut Parameter) {
        if !matches!(parameter.operation, Operation::Value) {
            return;
        }
        match &parameter.name {
            ParameterName::Element(_, ElementIndex::All { .. }) => parameter.operation = Operation::Keys,
            ParameterName::Variable(_) if self.cursor.take("*") || self.cursor.take("@") => {
                parameter.operation = Operation::Names;
            }
            _ => return,
        }
        parameter.indirect = false;
    }

    fn parameter_name(&mut self) -> Result<ParameterName, SyntaxError> {
        match self.cursor.peek() {
            Some(digit) if digit.is_ascii_digit() && !self.cursor.rest().starts_with("0}") => {
                let digits = self.cursor.take_while(|character| character.is_ascii_digit());
                let number =
                    digits.parse().map_err(|_| self.cursor.error(format!("no parameter {digits}")))?;
                Ok(if number == 0 { ParameterName::Special('0') } else { ParameterName::Positional(number) })
            }
            Some(character) if SPECIAL.contains(character) => {
                self.cursor.next();
                Ok(ParameterName::Special(character))
            }
            Some(character) if is_name_character(character) => {
                let name = self.cursor.take_while(is_name_character).to_owned();
                if self.cursor.peek() == Some('[') {
                    self.element(name)
                } else {
                    Ok(ParameterName::Variable(name))
                }
            }
            Some(found) => Err(self.cursor.error(format!("bad substitution: ${{{found}"))),
            None => Err(self.cursor.error("unterminated ${")),
        }
    }

    fn element(&mut self, name: String) -> Result<ParameterName, SyntaxError> {
        for (text, joined) in [("[@]", false), ("[*]", true)] {
            if self.cursor.take(text) {
                return Ok(ParameterName::Element(name, ElementIndex::All { joined }));
            }
        }
        self.cursor.next();
        let index = self.arithmetic_pieces(Some(']'))?;
        if !self.cursor.take("]") {
            return Err(self.cursor.error(format!("unterminated ${{{name}[")));
        }
        Ok(ParameterName::Element(name, ElementIndex::At(index)))
    }

    fn operation(&mut self, in_double: bool) -> Result<Operation, SyntaxError> {
        let Some(first) = self.cursor.peek() else { return Ok(Operation::Value) };
        let second = self.cursor.peek_second();
        match (first, second) {
            ('-' | '=' | '?' | '+', _) => self.test(first, false, in_double),
            (':', Some(kind @ ('-' | '=' | '?' | '+'))) => {
                self.cursor.next();
                self.test(kind, true, in_double)
            }
            (':', _) => self.substring(),
            ('#' | '%', _) => {
                let longest = self.cursor.take("##") || self.cursor.take("%%");
                if !longest {
                    self.cursor.next();
                }
                let pattern = self.parameter_word(&['}'], false)?;
                Ok(if first == '#' {
                    Operation::RemovePrefix { longest, pattern }
                } else {
                    Operation::RemoveSuffix { longest, pattern }
                })
            }
            ('/', _) => self.replacement(in_double),
            ('^' | ',', _) => {
                let all = self.cursor.take("^^") || self.cursor.take(",,");
                if !all {
                    self.cursor.next();
                }
                let pattern = self.parameter_word(&['}'], false)?;
                Ok(Operation::Case { upper: first == '^', all, pattern })
            }
            ('@', Some('Q')) => {
                self.cursor.take("@Q");
                Ok(Operation::Quote)
            }
            _ => Ok(Operation::Value),
        }
    }

    fn test(&mut self, kind: char, colon: bool, in_double: bool) -> Result<Operation, SyntaxError> {
        self.cursor.next();
        let word = self.parameter_word(&['}'], in_double)?;
        Ok(Operation::Test { kind, colon, word })
    }

    fn substring(&mut self) -> Result<Operation, SyntaxError> {
        self.cursor.next();
        let offset = self.expression_until(&[':', '}'])?;
        let length = if self.cursor.take(":") { Some(self.expression_until(&['}'])?) } else { None };
        Ok(Operation::Substring { offset, length })
    }

    fn replacement(&mut self, in_double: bool) -> Result<Operation, SyntaxError> {
        self.cursor.next();
        let place = match self.cursor.peek() {
            Some('/') => Place::All,
            Some('#') => Place::Start,
            Some('%') => Place::End,
            _ => Place::First,
        };
        if place != Place::First {
            self.cursor.next();
        }
        let pattern = self.parameter_word(&['/', '}'], false)?;
        let with = if self.cursor.take("/") { self.parameter_word(&['}'], in_double)? } else { Vec::new() };
        Ok(Operation::Replace { place, pattern, with })
    }

    fn expression_until(&mut self, ends: &[char]) -> Result<Vec<Piece>, SyntaxError> {
        let mut pieces = Vec::new();
        while let Some(character) = self.cursor.peek() {
            if ends.contains(&character) {
                break;
            }
            self.double_quoted_piece(&mut pieces, true)?;
        }
        Ok(pieces)
    }

    /// The word in the braces. In double quotes a `'` is a character like others, but not in a pattern.
    fn parameter_word(&mut self, ends: &[char], in_double: bool) -> Result<Vec<Piece>, SyntaxError> {
        let mut pieces = Vec::new();
        while let Some(character) = self.cursor.peek() {
            if ends.contains(&character) {
                break;
            }
            match character {
                '\\' if in_double && self.cursor.peek_second() == Some('}') => {
                    self.cursor.next();
                    self.cursor.next();
                    pieces.push(Piece::Quoted("}".to_owned()));
                }
                // A quoted word in a quoted word: its quotes go away.
                '"' => self.unquoted_piece(&mut pieces)?,
                _ if in_double => self.double_quoted_piece(&mut pieces, true)?,
                _ => self.unquoted_piece(&mut pieces)?,
            }
        }
        Ok(pieces)
    }
}
