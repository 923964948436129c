//! Templates, with their expressions found.

use std::sync::LazyLock;

use regex::Regex;

use crate::program::{Expression, Programs};
use crate::request;

/// An expression in a text. The blanks are Go's.
static EXPRESSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\}\}").expect("it is an expression"));

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
        let mut end = 0;
        for captures in EXPRESSION.captures_iter(text) {
            let (whole, [expression]) = captures.extract();
            let start = captures.get_match().start();
            parts.push(Part::Plain(text[end..start].to_owned()));
            parts.push(Part::Expression(programs.expression(expression)));
            end = start + whole.len();
        }
        parts.push(Part::Plain(text[end..].to_owned()));
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

/// The expression of a text that is one, with or without `{{ }}` around it.
pub(crate) fn inside(text: &str) -> &str {
    EXPRESSION.captures(text).map_or(text, |captures| captures.extract::<1>().1[0])
}

/// The expression of a text that is one `{{ }}` and nothing else.
fn only(text: &str) -> Option<&str> {
    let text = text.trim();
    let (whole, [expression]) = EXPRESSION.captures(text)?.extract();
    (whole.len() == text.len()).then_some(expression)
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
