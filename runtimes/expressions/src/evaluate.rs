//! Evaluates the templates of a request.

use expr::{Environment, Value};
use serde_json::Value as Json;

use crate::functions;
use crate::program::{Expression, Programs, compile};
use crate::request::{Names, Request};
use crate::scope::Scope;
use crate::template::{self, Part, Template, Text, inside};
use crate::write::{TooDeep, Writer};

/// The answer to a request, or why there is none. Both are described in `wit/expressions.wit`.
///
/// # Errors
/// If an expression is none or has no value, or the request is none.
pub fn evaluate(request: &str) -> Result<String, String> {
    let request: Request =
        serde_json::from_str(request).map_err(|error| format!("invalid request: {error}"))?;
    let mut programs = Programs::default();
    let templates = request.templates.into_iter();
    let templates: Vec<Template> = templates.map(|template| Template::new(template, &mut programs)).collect();
    let environment = &functions::environment();
    let writer = Writer { environment, style: request.style };
    let evaluate = |round: &Names| {
        let scope = Scope { round, context: &request.context };
        let round = Round { programs: &programs, environment, scope, writer: &writer };
        templates.iter().map(|template| round.template(template)).collect::<Result<Vec<Json>, String>>()
    };
    let answer = request.rounds.iter().map(evaluate).collect::<Result<Vec<Vec<Json>>, String>>()?;
    serde_json::to_string(&answer).map_err(|error| format!("invalid answer: {error}"))
}

/// Whether a text is an expression, with or without `{{ }}` around it.
pub fn check(text: &str) -> bool {
    compile(inside(text)).is_ok()
}

/// One round, with what it knows.
struct Round<'a> {
    programs: &'a Programs,
    environment: &'a Environment<'a>,
    scope: Scope<'a>,
    writer: &'a Writer<'a>,
}

impl Round<'_> {
    fn template(&self, template: &Template) -> Result<Json, String> {
        match template {
            Template::Text(text) => self.text(text).map(Json::String),
            Template::Json(json) => self.json(json, 0),
            Template::Value(expression) => self.value(*expression, 0),
            Template::List(expression) => match self.run(*expression)? {
                list @ Value::Array(_) => self.written(*expression, self.writer.json(list, 0)),
                _ => Err("each.list does not evaluate to a list".to_owned()),
            },
        }
    }

    fn text(&self, Text(parts): &Text) -> Result<String, String> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Expression(expression) => {
                    let value = self.writer.text(self.run(*expression)?);
                    text.push_str(&self.written(*expression, value)?);
                }
            }
        }
        Ok(text)
    }

    fn json(&self, json: &template::Json, depth: usize) -> Result<Json, String> {
        Ok(match json {
            template::Json::Plain(plain) => plain.clone(),
            template::Json::Text(text) => Json::String(self.text(text)?),
            template::Json::Expression(expression) => self.value(*expression, depth)?,
            template::Json::List(items) => {
                let items = items.iter().map(|item| self.json(item, depth + 1));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            template::Json::Object(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, value)| Ok((key.clone(), self.json(value, depth + 1)?)));
                Json::Object(entries.collect::<Result<_, String>>()?)
            }
        })
    }

    fn value(&self, expression: Expression, depth: usize) -> Result<Json, String> {
        let value = self.run(expression)?;
        self.written(expression, self.writer.json(value, depth))
    }

    fn run(&self, expression: Expression) -> Result<Value, String> {
        self.programs.run(expression, self.environment, &self.scope)
    }

    fn written<T>(&self, expression: Expression, written: Result<T, TooDeep>) -> Result<T, String> {
        written.map_err(|TooDeep| self.programs.failure(expression, "the value is nested too deeply"))
    }
}
