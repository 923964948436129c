//! Values, written out.

use expr::{Context, Environment, Value};
use serde_json::{Map, Number, Value as Json};

use crate::request::Style;

/// Lists and objects in each other. The host does not read JSON that is deeper than 127, and the answer is two lists.
const DEPTH_MAX: usize = 120;
/// Floats below this are whole as JSON has whole numbers: all integers up to it are floats too.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A value that is too deep to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooDeep;

/// Writes values.
pub(crate) struct Writer<'a> {
    /// Has the functions that write what we have no own way for.
    pub(crate) environment: &'a Environment<'a>,
    pub(crate) style: Style,
}

impl Writer<'_> {
    /// A value as it stands in a text.
    pub(crate) fn text(&self, value: Value) -> Result<String, TooDeep> {
        match (self.style, value) {
            (Style::Go | Style::Json, Value::String(text)) => Ok(text),
            (Style::Json, Value::Nil) => Ok(String::new()),
            (Style::Json, value) => Ok(self.json(value, 0)?.to_string()),
            (Style::Go, value) if is_deeper(&value, DEPTH_MAX) => Err(TooDeep),
            (Style::Go, value) => Ok(self.by_library("string", value)),
        }
    }

    /// A value as JSON, so deep in lists and objects.
    pub(crate) fn json(&self, value: Value, depth: usize) -> Result<Json, TooDeep> {
        if depth >= DEPTH_MAX && is_deeper(&value, 0) {
            return Err(TooDeep);
        }
        Ok(match value {
            Value::Nil => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Integer(value) => Json::Number(value.into()),
            Value::Float(value) => number(value),
            Value::String(text) => Json::String(text),
            Value::Array(values) => {
                let values = values.into_iter().map(|value| self.json(value, depth + 1));
                Json::Array(values.collect::<Result<_, _>>()?)
            }
            Value::Map(entries) => {
                let entries = entries.into_iter().map(|(key, value)| Ok((key, self.json(value, depth + 1)?)));
                Json::Object(entries.collect::<Result<_, _>>()?)
            }
            // Keys of any kind, which JSON has not.
            Value::KeyedMap(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    object.insert(self.by_library("string", key), self.json(value, depth + 1)?);
                }
                Json::Object(object)
            }
            Value::Bytes(_)
            | Value::DateTime(_)
            | Value::Duration(_)
            | Value::Timezone(_)
            | Value::Month(_)
            | Value::Weekday(_) => {
                serde_json::from_str(&self.by_library("toJSON", value)).unwrap_or_default()
            }
        })
    }

    /// What a function of the library makes of a value. Nothing, should it fail.
    fn by_library(&self, function: &str, value: Value) -> String {
        match self.environment.eval_func(&Context::default(), function, vec![value], None) {
            Ok(Value::String(text)) => text,
            Ok(_) | Err(_) => String::new(),
        }
    }
}

/// A float as Go writes it: whole ones without a point. Infinity and the like, which JSON has not, are null.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < WHOLE_MAX {
        return Json::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}

/// Whether there are more lists and objects in each other than that.
fn is_deeper(value: &Value, depth: usize) -> bool {
    let is_deeper = |value: &Value| depth == 0 || is_deeper(value, depth - 1);
    match value {
        Value::Array(values) => depth == 0 || values.iter().any(is_deeper),
        Value::Map(entries) => depth == 0 || entries.values().any(is_deeper),
        Value::KeyedMap(entries) => depth == 0 || entries.iter().any(|(_, value)| is_deeper(value)),
        _ => false,
    }
}
