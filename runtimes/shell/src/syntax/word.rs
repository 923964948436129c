//! Reads words: quotes, and what `$` and backquotes begin.

use std::rc::Rc;

use super::Parser;
use super::cursor::SyntaxError;
use super::token::Token;
use super::tree::{Piece, Word};

/// Whether a character ends a word where it is not quoted.
pub(crate) fn ends_word(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '|' | '&' | ';' | '<' | '>' | '(' | ')')
}

/// Whether it can be the name of a variable or function.
pub(crate) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_ascii_alphabetic())
        && characters.all(is_name_character)
}

pub(crate) fn is_name_character(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// Adds text to the pieces, joined to what is before it where that is the same kind.
fn push_text(pieces: &mut Vec<Piece>, character: char) {
    if let Some(Piece::Text(text)) = pieces.last_mut() {
        text.push(character);
    } else {
        pieces.push(Piece::Text(character.to_string()));
    }
}

impl Parser<'_> {
    /// A word up to an unquoted character that ends it.
    pub(crate) fn word(&mut self, ends: impl Fn(char) -> bool) -> Result<Word, SyntaxError> {
        let mut pieces = Vec::new();
        while let Some(character) = self.cursor.peek() {
            if ends(character) || self.cursor.rest().starts_with("\r\n") {
                break;
            }
            self.unquoted_piece(&mut pieces)?;
        }
        mark_tildes(&mut pieces);
        let braces = pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('{')));
        Ok(Word { pieces, braces })
    }

    /// The next piece outside of quotes.
    pub(crate) fn unquoted_piece(&mut self, pieces: &mut Vec<Piece>) -> Result<(), SyntaxError> {
        match self.cursor.peek() {
            Some('\\') => {
                self.cursor.next();
                match self.cursor.next() {
                    Some('\n') => {}
                    Some(character) => pieces.push(Piece::Quoted(character.to_string())),
                    None => push_text(pieces, '\\'),
                }
            }
            Some('\'') => {
                self.cursor.next();
                pieces.push(Piece::Quoted(self.single_quoted()?));
            }
            Some('"') => {
                let piece = self.nested(Self::double_quoted)?;
                pieces.push(piece);
            }
            Some('$') => self.dollar(pieces, false)?,
            Some('`') => {
                let piece = self.nested(|parser| parser.backquoted(false))?;
                pieces.push(piece);
            }
            Some(character) => {
                self.cursor.next();
                push_text(pieces, character);
            }
            None => {}
        }
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<String, SyntaxError> {
        let opened = self.cursor.error("unterminated '");
        let text = self.cursor.take_while(|character| character != '\'').to_owned();
        self.cursor.next().map(|_| text).ok_or(opened)
    }

    fn double_quoted(&mut self) -> Result<Piece, SyntaxError> {
        let opened = self.cursor.error("unterminated \"");
        self.cursor.next();
        let mut pieces = Vec::new();
        loop {
            match self.cursor.peek() {
                None => return Err(opened),
                Some('"') => {
                    self.cursor.next();
                    return Ok(Piece::Double(pieces));
                }
                Some(_) => self.double_quoted_piece(&mut pieces, true)?,
            }
        }
    }

    /// The next piece inside of `"…"`, or in a here-document, where `"` is a character like others.
    pub(crate) fn double_quoted_piece(
        &mut self,
        pieces: &mut Vec<Piece>,
        escapes_quote: bool,
    ) -> Result<(), SyntaxError> {
        match self.cursor.peek() {
            Some('\\') => {
                self.cursor.next();
                match self.cursor.peek() {
                    Some('\n') => {
                        self.cursor.next();
                    }
                    Some(character @ ('$' | '`' | '\\')) => {
                        self.cursor.next();
                        push_text(pieces, character);
                    }
                    Some('"') if escapes_quote => {
                        self.cursor.next();
                        push_text(pieces, '"');
                    }
                    _ => push_text(pieces, '\\'),
                }
            }
            Some('$') => self.dollar(pieces, true)?,
            Some('`') => {
                let piece = self.nested(|parser| parser.backquoted(escapes_quote))?;
                pieces.push(piece);
            }
            Some(character) => {
                self.cursor.next();
                push_text(pieces, character);
            }
            None => {}
        }
        Ok(())
    }

    /// What begins with `$`.
    fn dollar(&mut self, pieces: &mut Vec<Piece>, in_double: bool) -> Result<(), SyntaxError> {
        self.cursor.next();
        let piece = match self.cursor.peek() {
            Some('(') if self.cursor.peek_second() == Some('(') => {
                self.nested(Self::arithmetic_or_command)?
            }
            Some('(') => self.nested(Self::command_substitution)?,
            Some('{') => self.nested(|parser| parser.braced_parameter(in_double))?,
            Some('\'') if !in_double => {
                self.cursor.next();
                Piece::Quoted(self.escaped_text()?)
            }
            Some('"') if !in_double => self.nested(Self::double_quoted)?,
            _ => match self.plain_parameter() {
                Some(piece) => piece,
                None => {
                    push_text(pieces, '$');
                    return Ok(());
                }
            },
        };
        pieces.push(piece);
        Ok(())
    }

    /// The text of `$'…'` after its first quote.
    fn escaped_text(&mut self) -> Result<String, SyntaxError> {
        let opened = self.cursor.error("unterminated $'");
        let start = self.cursor.position();
        loop {
            match self.cursor.next() {
                None => return Err(opened),
                Some('\\') => {
                    self.cursor.next();
                }
                Some('\'') => break,
                Some(_) => {}
            }
        }
        let text = self.cursor.since(start);
        let (bytes, _) = crate::escapes::decode(&text[..text.len() - 1], crate::escapes::Dialect::Quote);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// `$((…))`, or `$( (…) …)` written without the blank.
    fn arithmetic_or_command(&mut self) -> Result<Piece, SyntaxError> {
        if !self.is_arithmetic(3) {
            return self.command_substitution();
        }
        self.cursor.take("((");
        let pieces = self.arithmetic_pieces(None)?;
        if self.cursor.take("))") {
            Ok(Piece::Arithmetic(pieces))
        } else {
            Err(self.cursor.error("unterminated arithmetic expression"))
        }
    }

    /// Whether the `((` before the given bytes of the rest ends with `))`. Looks at the text alone, because
    /// to try the grammar both ways would take twice the time at every level.
    pub(crate) fn is_arithmetic(&self, begin: usize) -> bool {
        let text = self.cursor.rest().as_bytes();
        let mut open = 0_u32;
        let mut quote = None;
        let mut at = begin - 1;
        while let Some(byte) = text.get(at) {
            match (quote, byte) {
                (None | Some(b'"'), b'\\') => at += 1,
                (Some(ended), byte) if ended == *byte => quote = None,
                (Some(_), _) => {}
                (None, b'\'' | b'"') => quote = Some(*byte),
                (None, b'(') => open += 1,
                (None, b')') if open == 0 => return text.get(at + 1) == Some(&b')'),
                (None, b')') => open -= 1,
                (None, _) => {}
            }
            at += 1;
        }
        true
    }

    /// An arithmetic expression up to `))` or to the given character, where parentheses are balanced.
    pub(crate) fn arithmetic_pieces(&mut self, end: Option<char>) -> Result<Vec<Piece>, SyntaxError> {
        let mut pieces = Vec::new();
        let mut open = 0_u32;
        loop {
            match self.cursor.peek() {
                None => return Err(self.cursor.error("unterminated arithmetic expression")),
                found if open == 0 && end.is_some() && found == end => return Ok(pieces),
                Some(')') if open == 0 => return Ok(pieces),
                Some('(' | '[') => open += 1,
                Some(')' | ']') => open = open.saturating_sub(1),
                Some('"') => {
                    // Quotes mean nothing in an expression.
                    self.cursor.next();
                    continue;
                }
                Some(_) => {}
            }
            self.double_quoted_piece(&mut pieces, true)?;
        }
    }

    fn command_substitution(&mut self) -> Result<Piece, SyntaxError> {
        let opened = self.cursor.line();
        self.cursor.take("(");
        // Here-documents of the line around this one begin after that line, not after the first line here.
        let outer = std::mem::take(&mut self.pending);
        let list = self.list(&[])?;
        let end = self.next()?;
        if !end.token.is(")") {
            let mut error = Self::unexpected(&end);
            if matches!(end.token, Token::End) {
                error.message = format!("{}, \")\" expected for \"$(\" of line {opened}", error.message);
            }
            return Err(error);
        }
        self.pending.splice(0..0, outer);
        Ok(Piece::Command(Rc::new(list)))
    }

    fn backquoted(&mut self, in_double: bool) -> Result<Piece, SyntaxError> {
        let opened = self.cursor.error("unterminated `");
        let line = self.cursor.line();
        self.cursor.next();
        let mut text = String::new();
        loop {
            match self.cursor.next() {
                None => return Err(opened),
                Some('`') => break,
                Some('\\') => match self.cursor.next() {
                    Some(character @ ('$' | '`' | '\\')) => text.push(character),
                    Some('"') if in_double => text.push('"'),
                    Some(character) => text.extend(['\\', character]),
                    None => return Err(opened),
                },
                Some(character) => text.push(character),
            }
        }
        let list = Parser::new(&text, line, self.depth).program()?;
        Ok(Piece::Command(Rc::new(list)))
    }
}

/// Turns `~` and `~name` at the start of a word, and after `=` and `:` of an assignment, into pieces.
fn mark_tildes(pieces: &mut Vec<Piece>) {
    let assigns = matches!(pieces.first(), Some(Piece::Text(text)) if text
        .split_once('=')
        .is_some_and(|(name, _)| is_name(name.strip_suffix('+').unwrap_or(name))));
    let has_tilde = pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('~')));
    if !has_tilde {
        return;
    }
    let mut marked = Vec::new();
    let mut at_start = true;
    let last = pieces.len().saturating_sub(1);
    for (index, piece) in std::mem::take(pieces).into_iter().enumerate() {
        match piece {
            Piece::Text(text) => split_tildes(&mut marked, &text, at_start, assigns, index == last),
            piece => marked.push(piece),
        }
        at_start = false;
    }
    *pieces = marked;
}

fn split_tildes(marked: &mut Vec<Piece>, text: &str, at_start: bool, assigns: bool, is_last: bool) {
    let mut rest = text;
    let mut allowed = at_start;
    let mut assigned = false;
    while !rest.is_empty() {
        if allowed && rest.starts_with('~') {
            let end = rest.find(|end| end == '/' || (assigns && end == ':')).unwrap_or(rest.len());
            // `~"name"` is not a tilde prefix: what follows the text is quoted.
            if end < rest.len() || is_last {
                marked.push(Piece::Tilde(rest[1..end].to_owned()));
                rest = &rest[end..];
                allowed = false;
                continue;
            }
        }
        let stop = if assigns {
            rest.char_indices()
                .find(|(_, character)| *character == ':' || (!assigned && *character == '='))
                .map_or(rest.len(), |(at, _)| at + 1)
        } else {
            rest.len()
        };
        assigned |= assigns;
        for character in rest[..stop].chars() {
            push_text(marked, character);
        }
        rest = &rest[stop..];
        allowed = assigns;
    }
}
