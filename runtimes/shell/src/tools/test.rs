//! `test` and `[`.

use super::{Failure, Outcome, Tool};
use crate::evaluate::file_test::{binary, unary};

/// `!` and parentheses in each other.
const DEPTH_MAX: u32 = 100;

const BINARY: [&str; 15] =
    ["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "-a"];

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let mut arguments = std::mem::take(&mut tool.arguments);
    if tool.name == "[" && arguments.pop().as_deref() != Some("]") {
        return Err(Failure::usage("missing ]"));
    }
    let mut evaluation = Evaluation { tool, rest: &arguments, depth: 0 };
    let is_true = match arguments.as_slice() {
        [] => false,
        [one] => !one.is_empty(),
        // With three an operator in the middle is one, whatever stands around it.
        [left, operator, right] if BINARY[..14].contains(&operator.as_str()) => {
            binary(&evaluation.tool.shell, left, operator, right).map_err(Failure::usage)?
        }
        _ => {
            let is_true = evaluation.any()?;
            if let Some(extra) = evaluation.rest.first() {
                return Err(Failure::usage(format!("{extra}: unexpected argument")));
            }
            is_true
        }
    };
    Ok(u8::from(!is_true))
}

struct Evaluation<'a> {
    tool: &'a mut Tool,
    rest: &'a [String],
    depth: u32,
}

impl<'a> Evaluation<'a> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.rest.first().is_some_and(|first| first == word);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn next(&mut self) -> Result<&'a str, Failure> {
        let (first, rest) = self.rest.split_first().ok_or_else(|| Failure::usage("argument expected"))?;
        self.rest = rest;
        Ok(first)
    }

    fn any(&mut self) -> Result<bool, Failure> {
        let mut is_true = self.all()?;
        while self.take("-o") {
            is_true |= self.all()?;
        }
        Ok(is_true)
    }

    fn all(&mut self) -> Result<bool, Failure> {
        let mut is_true = self.one()?;
        while self.take("-a") {
            is_true &= self.one()?;
        }
        Ok(is_true)
    }

    fn one(&mut self) -> Result<bool, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Failure::usage(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        let is_true = self.one_inside();
        self.depth -= 1;
        is_true
    }

    fn one_inside(&mut self) -> Result<bool, Failure> {
        let is_binary =
            |words: &[String]| words.get(1).is_some_and(|word| BINARY[..14].contains(&word.as_str()));
        if is_binary(self.rest) && self.rest.len() >= 3 {
            let (left, operator, right) = (self.next()?, self.next()?, self.next()?);
            return binary(&self.tool.shell, left, operator, right).map_err(Failure::usage);
        }
        if self.rest.len() > 1 && self.take("!") {
            return Ok(!self.one()?);
        }
        if self.rest.len() > 1 && self.take("(") {
            let is_true = self.any()?;
            return if self.take(")") { Ok(is_true) } else { Err(Failure::usage(") expected")) };
        }
        let first = self.next()?;
        let is_unary = first.len() == 2 && first.starts_with('-') && !matches!(first, "-a" | "-o");
        let ends = self
            .rest
            .first()
            .is_none_or(|next| matches!(next.as_str(), "-a" | "-o" | ")") && self.rest.len() > 1);
        if is_unary && !ends {
            let operand = self.next()?;
            return unary(&mut self.tool.shell, first, operand).map_err(Failure::usage);
        }
        Ok(!first.is_empty())
    }
}
