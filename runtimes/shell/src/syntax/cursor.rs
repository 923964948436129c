//! A position in the text of a script.

use std::fmt;

/// Why a text is not a script, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) line: u32,
    pub(crate) message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "syntax error: {}", self.message)
    }
}

#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    position: usize,
    line: u32,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, line: u32) -> Self {
        Self { text, position: 0, line }
    }

    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.position]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.position) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.rest().chars().next(),
            None => None,
        }
    }

    /// The character after the next one.
    pub(crate) fn peek_second(&self) -> Option<char> {
        let mut rest = self.rest().chars();
        rest.next();
        rest.next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += character.len_utf8();
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }

    /// Steps over the text if it comes next.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            for _ in text.chars() {
                self.next();
            }
        }
        found
    }

    /// Steps over the characters that are wanted, and returns them.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let start = self.position;
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
        self.since(start)
    }

    /// Steps over `\` and a newline, which join two lines, as often as they come.
    pub(crate) fn skip_joined_lines(&mut self) {
        while self.take("\\\n") {}
    }

    /// The next line without its newline, and whether there was a newline. Nothing at the end of the text.
    pub(crate) fn take_line(&mut self) -> Option<(&'a str, bool)> {
        self.peek()?;
        let line = self.take_while(|character| character != '\n');
        Some((line, self.next().is_some()))
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { line: self.line, message: message.into() }
    }
}
