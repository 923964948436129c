//! Expressions and their programs: each is compiled once, when it is first run.

use std::cell::OnceCell;
use std::collections::HashMap;

use expr::{ContextProvider, Environment, Error, Program, Value};
use pest::error::InputLocation;

use crate::spelling::{Spelling, unspelled};

/// Characters of the library's messages that are told. They may have values in them, of any size.
const MESSAGE_CHARACTERS_MAX: usize = 400;

/// An expression in [`Programs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expression(usize);

/// All expressions of a request.
#[derive(Default)]
pub(crate) struct Programs {
    programs: Vec<(String, OnceCell<Result<Program, String>>)>,
    by_text: HashMap<String, Expression>,
}

impl Programs {
    /// The expression with a text.
    pub(crate) fn expression(&mut self, text: &str) -> Expression {
        if let Some(expression) = self.by_text.get(text) {
            return *expression;
        }
        let expression = Expression(self.programs.len());
        self.programs.push((text.to_owned(), OnceCell::new()));
        self.by_text.insert(text.to_owned(), expression);
        expression
    }

    /// The value of an expression, or why it has none.
    pub(crate) fn run(
        &self,
        Expression(number): Expression,
        environment: &Environment<'_>,
        scope: &dyn ContextProvider,
    ) -> Result<Value, String> {
        let (text, program) = &self.programs[number];
        let program = program.get_or_init(|| compile(text));
        let program =
            program.as_ref().map_err(|message| format!("error compiling expression: {text}: {message}"))?;
        environment.run(program, scope).map_err(|error| self.failure(Expression(number), &told(&error)))
    }

    /// That an expression was compiled but has no value.
    pub(crate) fn failure(&self, Expression(number): Expression, message: &str) -> String {
        format!("error evaluating expression: {}: {message}", self.programs[number].0)
    }
}

/// The program of an expression, or what is wrong with it.
pub(crate) fn compile(text: &str) -> Result<Program, String> {
    let spelling = Spelling::new(text).map_err(|problem| problem.of(text))?;
    expr::compile(&spelling.text).map_err(|error| match error {
        Error::PestError(error) => {
            let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
            spelling.unexpected(text, at).of(text)
        }
        error => told(&error),
    })
}

/// A message of the library, in one line and not too long.
fn told(error: &Error) -> String {
    let message = unspelled(&error.to_string());
    let line: Vec<&str> = message.lines().map(str::trim).collect();
    let mut line = line.join(" ");
    if let Some((end, _)) = line.char_indices().nth(MESSAGE_CHARACTERS_MAX) {
        line.truncate(end);
        line.push('…');
    }
    line
}
