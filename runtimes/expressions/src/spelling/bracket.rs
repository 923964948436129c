//! Brackets, and what they make of what is between them.

use super::MAP;
use super::frame::{Call, Frame, Opened};
use super::quoted;
use super::speller::{Speller, too_deep, unexpected};
use crate::problem::Problem;
use crate::token::{Kind, Token};

/// Functions with a predicate: after the list, or first where the list comes by a pipe.
const PREDICATES: [&str; 15] = [
    "all",
    "any",
    "count",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "groupBy",
    "map",
    "none",
    "one",
    "reduce",
    "sortBy",
    "sum",
];
/// Brackets in each other. The library's parser is recursive, and a stack is not long.
const BRACKETS_MAX: usize = 64;

impl Speller<'_> {
    pub(super) fn open(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        if self.frames.len() > BRACKETS_MAX {
            return Err(too_deep(token));
        }
        let opened = match token.text {
            "(" if self.after_operand => Opened::Call(Call::new(self.predicate())),
            "(" => Opened::Group,
            "[" => Opened::List,
            _ if self.is_key() => Opened::Map,
            _ => Opened::Block,
        };
        self.begin_operand();
        self.level(token)?;
        self.frames.push(Frame::new(opened));
        self.after_operand = false;
        if opened == Opened::Map {
            self.push(token, &format!("{MAP}("));
            self.key();
        } else {
            self.push(token, token.text);
        }
        Ok(())
    }

    pub(super) fn close(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        if !self.frame().is_closed_by(token.text) {
            return Err(unexpected(token));
        }
        self.end_argument();
        let frame = self.frames.pop().expect("it is the one that is closed");
        self.levels -= frame.levels;
        self.push(token, if frame.opened == Opened::Map { ")" } else { token.text });
        self.after_operand = true;
        Ok(())
    }

    /// A comma, or the semicolon behind a `let`.
    pub(super) fn separate(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        if token.is(",") {
            self.end_argument();
        }
        self.levels -= std::mem::take(&mut self.frame().levels);
        self.after_operand = false;
        if self.frame().opened != Opened::Map {
            self.push(token, token.text);
            return Ok(());
        }
        match self.tokens.get(self.at + 1) {
            // A comma behind the last entry is none of a call.
            Some(next) if next.is("}") => {}
            Some(next) if !self.is_key() => return Err(unexpected(next)),
            Some(_) | None => {
                self.push(token, ",");
                self.key();
            }
        }
        Ok(())
    }

    /// Whether the next two tokens are a key and its colon.
    fn is_key(&self) -> bool {
        let key = self.tokens.get(self.at + 1).map(|token| &token.kind);
        matches!(key, Some(Kind::Name | Kind::Number | Kind::Text(_)))
            && self.tokens.get(self.at + 2).is_some_and(|colon| colon.is(":"))
    }

    /// Writes the key that comes next, as a text.
    fn key(&mut self) {
        let Some(token) = self.tokens.get(self.at + 1) else { return };
        if token.apart {
            self.write(" ");
        }
        let text = if let Kind::Text(text) = &token.kind { text } else { token.text };
        self.push(token, &format!("{},", quoted(text)));
        self.at += 2;
    }

    /// Which argument of the function before this bracket is a predicate.
    fn predicate(&self) -> Option<usize> {
        let name =
            self.at.checked_sub(1).map(|at| &self.tokens[at]).filter(|name| name.kind == Kind::Name)?;
        let is_method = self.is_after(2, ".") || self.is_after(2, "?.");
        let behind_list = usize::from(!self.is_after(2, "|"));
        (!is_method && PREDICATES.contains(&name.text)).then_some(behind_list)
    }

    /// Opens the brace of a predicate that has none.
    pub(super) fn begin_argument(&mut self, token: &Token<'_>) {
        let is_block = token.is("{") && !self.is_key();
        let is_empty = token.is(")") || token.is(",");
        let frame = self.frame();
        let is_predicate = frame.is_in_predicate();
        if let Opened::Call(call) = &mut frame.opened
            && !std::mem::replace(&mut call.begun, true)
            && is_predicate
            && !is_block
            && !is_empty
        {
            call.braced = true;
            self.write("{");
        }
    }

    fn end_argument(&mut self) {
        if let Opened::Call(call) = &mut self.frame().opened {
            let braced = call.braced;
            *call =
                Call { predicate: call.predicate, argument: call.argument + 1, begun: false, braced: false };
            if braced {
                self.write("}");
            }
        }
    }
}
