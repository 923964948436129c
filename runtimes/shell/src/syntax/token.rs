//! Reads tokens: words, operators, newlines.

use super::cursor::SyntaxError;
use super::tree::{Piece, Word};
use super::{Parser, word};

#[derive(Debug, Clone)]
pub(crate) enum Token {
    Word(Word),
    /// A number directly before `<` or `>`.
    Descriptor(u32),
    Operator(&'static str),
    Newline,
    End,
}

/// A token, where it begins, and its text for messages.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    pub(crate) token: Token,
    pub(crate) line: u32,
    pub(crate) text: String,
}

/// Longest first, because the first that fits is taken.
const OPERATORS: [&str; 26] = [
    "&>>", "<<<", "<<-", ";;&", "&&", "||", ";;", ";&", "&>", "<<", ">>", "<&", ">&", "<>", ">|", "|&", "<(",
    ">(", "|", "&", ";", "<", ">", "(", ")", "\r\n",
];

/// Characters of a token that are shown in a message.
const SHOWN_MAX: usize = 40;

impl Token {
    /// The word if it can be a reserved one: written plainly, without quotes.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self {
            Self::Word(word) => match word.pieces.as_slice() {
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn is(&self, operator: &str) -> bool {
        matches!(self, Self::Operator(found) if *found == operator)
    }
}

impl Parser<'_> {
    pub(crate) fn peek(&mut self) -> Result<&Located, SyntaxError> {
        if self.peeked.is_none() {
            self.peeked = Some(self.read_token()?);
        }
        Ok(self.peeked.as_ref().expect("it was just filled"))
    }

    pub(crate) fn next(&mut self) -> Result<Located, SyntaxError> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.read_token(),
        }
    }

    /// Steps over the operator if it comes next.
    pub(crate) fn take_operator(&mut self, operator: &str) -> Result<bool, SyntaxError> {
        let found = self.peek()?.token.is(operator);
        if found {
            self.peeked = None;
        }
        Ok(found)
    }

    /// Steps over the reserved word if it comes next.
    pub(crate) fn take_reserved(&mut self, word: &str) -> Result<bool, SyntaxError> {
        let found = self.peek()?.token.plain() == Some(word);
        if found {
            self.peeked = None;
        }
        Ok(found)
    }

    pub(crate) fn skip_newlines(&mut self) -> Result<(), SyntaxError> {
        while matches!(self.peek()?.token, Token::Newline) {
            self.peeked = None;
        }
        Ok(())
    }

    /// The error that this token cannot stand here.
    pub(crate) fn unexpected(found: &Located) -> SyntaxError {
        let message = match &found.token {
            Token::End => "unexpected end of file".to_owned(),
            Token::Newline => "unexpected newline".to_owned(),
            Token::Word(_) | Token::Descriptor(_) | Token::Operator(_) => {
                format!("unexpected {:?}", found.text)
            }
        };
        SyntaxError { line: found.line, message }
    }

    fn read_token(&mut self) -> Result<Located, SyntaxError> {
        self.skip_blanks();
        let line = self.cursor.line();
        let start = self.cursor.position();
        let token = self.read_token_here()?;
        let text = self.cursor.since(start).chars().take(SHOWN_MAX).collect();
        if matches!(token, Token::Newline) {
            self.read_pending()?;
        }
        Ok(Located { token, line, text })
    }

    fn read_token_here(&mut self) -> Result<Token, SyntaxError> {
        match self.cursor.peek() {
            None => return Ok(Token::End),
            Some('\n') => {
                self.cursor.next();
                return Ok(Token::Newline);
            }
            Some(_) => {}
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| self.cursor.take(operator)) {
            return match *operator {
                "\r\n" => Ok(Token::Newline),
                "<(" | ">(" => {
                    Err(self.cursor.error(format!("process substitution {operator}…) is not supported")))
                }
                operator => Ok(Token::Operator(operator)),
            };
        }
        if let Some(descriptor) = self.descriptor_number() {
            return Ok(Token::Descriptor(descriptor));
        }
        Ok(Token::Word(self.word(word::ends_word)?))
    }

    /// Blanks, joined lines and a comment.
    fn skip_blanks(&mut self) {
        loop {
            self.cursor.skip_joined_lines();
            match self.cursor.peek() {
                Some(' ' | '\t') => {
                    self.cursor.next();
                }
                Some('#') => {
                    self.cursor.take_while(|character| character != '\n');
                }
                _ => return,
            }
        }
    }

    fn descriptor_number(&mut self) -> Option<u32> {
        let digits = self.cursor.rest().bytes().take_while(u8::is_ascii_digit).count();
        let after = self.cursor.rest().as_bytes().get(digits)?;
        if digits == 0 || !matches!(after, b'<' | b'>') {
            return None;
        }
        // A number that no descriptor can have is still one; the redirection says so.
        Some(self.cursor.take_while(|character| character.is_ascii_digit()).parse().unwrap_or(u32::MAX))
    }
}
