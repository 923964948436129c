//! Reads `[[ … ]]`, which has tokens of its own.

use super::Parser;
use super::cursor::SyntaxError;
use super::token::Token;
use super::tree::{Command, CommandKind, Condition, Word};

/// Operators between two words, without `=~`, whose right side is read in its own way.
const BINARY: [&str; 14] =
    ["==", "=", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "<", ">"];

impl Parser<'_> {
    pub(crate) fn condition_command(&mut self) -> Result<Command, SyntaxError> {
        self.next()?;
        let condition = self.any_condition()?;
        self.skip_newlines()?;
        if !self.take_reserved("]]")? {
            let found = self.peek()?;
            return Err(Self::unexpected(found));
        }
        Ok(Command { line: 0, kind: CommandKind::Condition(condition), redirects: Vec::new() })
    }

    fn any_condition(&mut self) -> Result<Condition, SyntaxError> {
        let mut left = self.all_conditions()?;
        while self.take_after_newlines("||")? {
            left = Condition::Or(Box::new(left), Box::new(self.all_conditions()?));
        }
        Ok(left)
    }

    fn all_conditions(&mut self) -> Result<Condition, SyntaxError> {
        let mut left = self.one_condition()?;
        while self.take_after_newlines("&&")? {
            left = Condition::And(Box::new(left), Box::new(self.one_condition()?));
        }
        Ok(left)
    }

    fn take_after_newlines(&mut self, operator: &str) -> Result<bool, SyntaxError> {
        self.skip_newlines()?;
        self.take_operator(operator)
    }

    fn one_condition(&mut self) -> Result<Condition, SyntaxError> {
        self.skip_newlines()?;
        if self.take_reserved("!")? {
            return Ok(Condition::Not(Box::new(self.nested(Self::one_condition)?)));
        }
        if self.take_operator("(")? {
            let inner = self.nested(Self::any_condition)?;
            let end = self.next()?;
            return if end.token.is(")") { Ok(inner) } else { Err(Self::unexpected(&end)) };
        }
        let left = self.condition_word()?;
        let unary = Token::Word(left.clone());
        if let Some(operator) = unary.plain().filter(|text| is_unary(text)) {
            let operator = operator.to_owned();
            let found = self.peek()?;
            let has_operand = matches!(&found.token, Token::Word(_)) && found.token.plain() != Some("]]");
            if has_operand {
                return Ok(Condition::Unary(operator, self.condition_word()?));
            }
        }
        self.binary_condition(left)
    }

    fn binary_condition(&mut self, left: Word) -> Result<Condition, SyntaxError> {
        let found = self.peek()?;
        let operator = match &found.token {
            Token::Operator(operator @ ("<" | ">")) => (*operator).to_owned(),
            token => match token.plain() {
                Some(operator) if operator == "=~" || BINARY.contains(&operator) => operator.to_owned(),
                _ => return Ok(Condition::Word(left)),
            },
        };
        self.peeked = None;
        let right = if operator == "=~" { self.regex_word()? } else { self.condition_word()? };
        Ok(Condition::Binary(left, operator, right))
    }

    fn condition_word(&mut self) -> Result<Word, SyntaxError> {
        let found = self.next()?;
        match found.token {
            Token::Word(word) if found.text != "]]" => Ok(word),
            _ => Err(Self::unexpected(&found)),
        }
    }

    /// A regular expression: parentheses and `|` belong to it, blanks only inside of parentheses.
    fn regex_word(&mut self) -> Result<Word, SyntaxError> {
        self.cursor.take_while(|character| matches!(character, ' ' | '\t'));
        let mut open = 0_u32;
        let mut pieces = Vec::new();
        while let Some(character) = self.cursor.peek() {
            match character {
                '(' => open += 1,
                ')' if open == 0 => break,
                ')' => open -= 1,
                '\n' => break,
                ' ' | '\t' if open == 0 => break,
                _ => {}
            }
            self.unquoted_piece(&mut pieces)?;
        }
        if pieces.is_empty() {
            return self.default_word();
        }
        Ok(Word { pieces, braces: false })
    }
}

fn is_unary(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('-')
        && characters.next().is_some_and(|letter| "abcdefghknoprstuvwxzLSGNO".contains(letter))
        && characters.next().is_none()
}
