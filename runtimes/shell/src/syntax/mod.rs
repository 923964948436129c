//! The grammar of the shell: what a script is made of, and how its text is read.
//!
//! It is a recursive descent of our own. The crate `brush-parser` was tried first: `99999999999>file` and
//! `~99999999999999999999` make it panic, `case` in `case` takes it a time that grows eightfold with every two
//! levels, `$(case a in a) …` is an error to it, and a needless `fi` it reports at the end of the file. A
//! runtime of code that nobody trusts can have none of these. What is here reads a word once, not at every
//! evaluation, knows lines, and refuses what is nested deeper than [`NESTING_MAX`].

mod brace;
mod command;
mod compound;
mod condition;
mod cursor;
mod here_document;
mod parameter;
mod token;
mod tree;
mod word;

pub(crate) use brace::expand_braces;
pub(crate) use cursor::SyntaxError;
pub(crate) use tree::*;
pub(crate) use word::is_name;

use cursor::Cursor;
use here_document::Pending;
use token::Located;

/// Commands, words and expressions in each other. A native stack of 512 KiB must hold as many of the largest
/// frames here and in the evaluator.
pub(crate) const NESTING_MAX: u32 = 60;

/// Bytes of a script. Line numbers and positions are far below what their types hold.
pub(crate) const SCRIPT_BYTES_MAX: usize = 16 << 20;

/// Reads a whole script. `line` is the number of its first line.
pub(crate) fn parse(text: &str, line: u32) -> Result<List, SyntaxError> {
    if text.len() > SCRIPT_BYTES_MAX {
        let message = format!("a script has at most {SCRIPT_BYTES_MAX} bytes");
        return Err(SyntaxError { line, message });
    }
    Parser::new(text, line, 0).program()
}

pub(crate) struct Parser<'a> {
    cursor: Cursor<'a>,
    /// The token after the current position, if it was looked at.
    peeked: Option<Located>,
    /// Here-documents whose text begins after the next newline.
    pending: Vec<Pending>,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, line: u32, depth: u32) -> Self {
        Self { cursor: Cursor::new(text, line), peeked: None, pending: Vec::new(), depth }
    }

    /// Runs a part of the grammar one level deeper.
    fn nested<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth >= NESTING_MAX {
            return Err(self.cursor.error(format!("nested deeper than {NESTING_MAX} levels")));
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }
}
