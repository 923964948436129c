//! Spells tokens one after the other.

use super::frame::{Frame, Opened};
use super::{MARK, Spelling, quoted};
use crate::problem::Problem;
use crate::token::{Kind, Token};

/// Words after which an operand comes.
const OPERATORS: [&str; 11] =
    ["and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else"];
/// Words that the library finds at the beginning of names too.
const GREEDY: [&str; 4] = ["true", "false", "nil", "not"];
/// Levels that the tree of an expression may have. What runs it is recursive, and a stack is not long.
const LEVELS_MAX: usize = 512;

/// Where the spelling of an expression has come to.
pub(super) struct Speller<'a> {
    pub(super) tokens: &'a [Token<'a>],
    /// The token that is being spelled.
    pub(super) at: usize,
    pub(super) frames: Vec<Frame>,
    /// Whether what comes next can only be an operator, or go with the operand before it.
    pub(super) after_operand: bool,
    /// Those of all frames.
    pub(super) levels: usize,
    spelling: Spelling,
}

impl<'a> Speller<'a> {
    pub(super) fn new(tokens: &'a [Token<'a>]) -> Self {
        let frames = vec![Frame::new(Opened::Whole)];
        let spelling = Spelling { text: String::new(), origins: Vec::new() };
        Self { tokens, at: 0, frames, after_operand: false, levels: 0, spelling }
    }

    pub(super) fn spell(mut self) -> Result<Spelling, Problem> {
        while let Some(token) = self.tokens.get(self.at) {
            if self.after_operand && !self.continues(token) {
                self.close_default();
            }
            if token.apart {
                self.write(" ");
            }
            self.begin_argument(token);
            match &token.kind {
                Kind::Name => self.name(token)?,
                Kind::Number | Kind::Bytes => self.operand(token, token.text),
                Kind::Text(text) => self.operand(token, &quoted(text)),
                Kind::Symbol => self.symbol(token)?,
            }
            self.at += 1;
        }
        self.close_default();
        Ok(self.spelling)
    }

    fn name(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        let name = token.text;
        if self.is_member() {
            self.push(token, name);
            return Ok(());
        }
        if OPERATORS.contains(&name) {
            return self.operator(token);
        }
        if self.after_operand || (name.starts_with('#') && !self.is_in_predicate()) {
            return Err(unexpected(token));
        }
        if GREEDY.iter().any(|word| name != *word && name.starts_with(word)) {
            self.operand(token, &format!("{MARK}{name}"));
        } else {
            self.operand(token, name);
        }
        Ok(())
    }

    fn symbol(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        match token.text {
            "(" | "[" | "{" => self.open(token),
            ")" | "]" | "}" => self.close(token),
            "," | ";" => self.separate(token),
            "." if !self.after_operand => {
                if !self.is_in_predicate() {
                    return Err(unexpected(token));
                }
                self.operand(token, "#.");
                self.level(token)
            }
            "." | "?." => {
                self.push(token, token.text);
                self.level(token)
            }
            "??" => {
                if !self.after_operand {
                    return Err(unexpected(token));
                }
                let operand = self.frame().operand;
                self.spelling.insert(operand, '(');
                self.frame().default = Some(operand);
                self.operator(token)
            }
            _ => self.operator(token),
        }
    }

    fn operator(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        self.push(token, token.text);
        self.after_operand = false;
        self.level(token)
    }

    fn operand(&mut self, token: &Token<'_>, text: &str) {
        self.begin_operand();
        self.push(token, text);
        self.after_operand = true;
    }

    /// Operands begin here, if none has begun.
    pub(super) fn begin_operand(&mut self) {
        if !self.after_operand {
            self.frame().operand = self.spelling.text.len();
        }
    }

    fn close_default(&mut self) {
        if let Some(start) = self.frame().default.take() {
            self.write(")");
            self.frame().operand = start;
        }
    }

    /// Counts what may be a level of the tree.
    pub(super) fn level(&mut self, token: &Token<'_>) -> Result<(), Problem> {
        self.frame().levels += 1;
        self.levels += 1;
        if self.levels > LEVELS_MAX { Err(too_deep(token)) } else { Ok(()) }
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the outermost frame is never closed")
    }

    pub(super) fn push(&mut self, token: &Token<'_>, text: &str) {
        self.spelling.origins.push((self.spelling.text.len(), token.at));
        self.write(text);
    }

    pub(super) fn write(&mut self, text: &str) {
        self.spelling.text.push_str(text);
    }

    /// Whether a token goes with the operand before it.
    fn continues(&self, token: &Token<'_>) -> bool {
        self.is_member() || ["(", "[", ".", "?."].iter().any(|symbol| token.is(symbol))
    }

    /// Whether the token is what a point asks for.
    fn is_member(&self) -> bool {
        self.is_after(1, ".") || self.is_after(1, "?.")
    }

    /// Whether a symbol stands so many tokens before this one.
    pub(super) fn is_after(&self, tokens: usize, symbol: &str) -> bool {
        self.at.checked_sub(tokens).is_some_and(|at| self.tokens[at].is(symbol))
    }

    fn is_in_predicate(&self) -> bool {
        self.frames.iter().any(Frame::is_in_predicate)
    }
}

pub(super) fn unexpected(token: &Token<'_>) -> Problem {
    Problem::new(token.at, format!("unexpected {:?}", token.text))
}

pub(super) fn too_deep(token: &Token<'_>) -> Problem {
    Problem::new(token.at, "nested too deeply")
}
