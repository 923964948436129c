//! Templates, with their expressions found.

use std::ops::Range;

use crate::program::{Expression, Programs};
use crate::request;

/// What may stand between an expression and its braces: the blanks of Go's regular expressions.
const BLANKS: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

/// What is to be evaluated.
pub(crate) enum Template {
    Text(Text),
    Json(Json),
    Value(Expression),
    List(Expression),
}

/// A text with values in it.
pub(crate) struct Text(pub(crate) Vec<Part>);

/// A piece of a text.
pub(crate) enum Part {
    Plain(String),
    Expression(Expression),
}

/// JSON with values in it.
pub(crate) enum Json {
    /// What has no text in it.
    Plain(serde_json::Value),
    Text(Text),
    Expression(Expression),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Template {
    pub(crate) fn new(template: request::Template, programs: &mut Programs) -> Self {
        match template {
            request::Template::Text(text) => Self::Text(Text::new(&text, programs)),
            request::Template::Json(json) => Self::Json(Json::new(json, programs)),
            request::Template::Value(text) => Self::Value(programs.expression(inside(&text))),
            request::Template::List(text) => Self::List(programs.expression(inside(&text))),
        }
    }
}

impl Text {
    fn new(text: &str, programs: &mut Programs) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(Found { whole, expression }) = Found::first(rest) {
            parts.push(Part::Plain(rest[..whole.start].to_owned()));
            parts.push(Part::Expression(programs.expression(&rest[expression])));
            rest = &rest[whole.end..];
        }
        parts.push(Part::Plain(rest.to_owned()));
        Self(parts)
    }
}

impl Json {
    fn new(json: serde_json::Value, programs: &mut Programs) -> Self {
        match json {
            serde_json::Value::String(text) => match only(&text) {
                Some(expression) => Self::Expression(programs.expression(expression)),
                None => Self::Text(Text::new(&text, programs)),
            },
            serde_json::Value::Array(items) => {
                Self::List(items.into_iter().map(|item| Self::new(item, programs)).collect())
            }
            serde_json::Value::Object(entries) => {
                let entries = entries.into_iter();
                Self::Object(entries.map(|(key, value)| (key, Self::new(value, programs))).collect())
            }
            plain => Self::Plain(plain),
        }
    }
}

/// An expression in a text: `{{`, blanks, as little as can be of one line but something, blanks, `}}`.
struct Found {
    /// Its bytes, with its braces.
    whole: Range<usize>,
    /// Those of the expression itself.
    expression: Range<usize>,
}

impl Found {
    /// The first of a text.
    fn first(text: &str) -> Option<Self> {
        let opens = text.char_indices().map(|(at, _)| at).filter(|at| text[*at..].starts_with("{{"));
        opens.take_while(|at| text[*at..].contains("}}")).find_map(|open| Self::at(text, open))
    }

    /// The one whose braces are there.
    fn at(text: &str, open: usize) -> Option<Self> {
        let begin = open + "{{".len();
        let blanks = text[begin..].len() - text[begin..].trim_start_matches(BLANKS).len();
        // Blanks alone are an expression too, of the last of them.
        (begin..=begin + blanks).rev().find_map(|begin| {
            let (end, close) = end(text, begin)?;
            Some(Self { whole: open..close, expression: begin..end })
        })
    }
}

/// Where an expression that begins there ends, and where its braces do.
fn end(text: &str, begin: usize) -> Option<(usize, usize)> {
    let line = text[begin..].find('\n').map_or(text.len(), |at| begin + at);
    let ends = text[begin..line].char_indices().skip(1).map(|(at, _)| begin + at);
    let last = (line > begin).then_some(line);
    ends.chain(last).find_map(|end| {
        let rest = text[end..].trim_start_matches(BLANKS);
        rest.starts_with("}}").then(|| (end, text.len() - rest.len() + "}}".len()))
    })
}

/// The expression of a text that is one, with or without `{{ }}` around it.
pub(crate) fn inside(text: &str) -> &str {
    Found::first(text).map_or(text, |found| &text[found.expression])
}

/// The expression of a text that is one `{{ }}` and nothing else.
fn only(text: &str) -> Option<&str> {
    let text = text.trim();
    let Found { whole, expression } = Found::first(text)?;
    (whole.len() == text.len()).then(|| &text[expression])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_braces_of_a_text_are_around_its_expression() {
        let cases = [
            ("a", "a"),
            ("{{a}}", "a"),
            ("{{ a }}", "a"),
            ("x {{\n a + b\t}} {{ c }}", "a + b"),
            ("{a}}", "{a}}"),
            ("{{ }}", " "),
            ("{{a\nb}}", "{{a\nb}}"),
            ("", ""),
        ];
        for (text, expression) in cases {
            assert_eq!(inside(text), expression, "{text}");
        }
    }

    #[test]
    fn only_a_text_with_nothing_beside_its_expression_is_one() {
        assert_eq!(only(" {{ a }}\n"), Some("a"));
        for text in ["a", "{{ a }}b", "{{ a }} {{ b }}", "a {{ b }}", ""] {
            assert_eq!(only(text), None, "{text}");
        }
    }
}
