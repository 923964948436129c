//! What the host asks for.

use std::fmt;

use expr::Value;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Templates, each to be evaluated once in each round.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    /// What expressions know in all rounds.
    pub(crate) context: Names,
    /// What they know in each.
    pub(crate) rounds: Vec<Names>,
    pub(crate) style: Style,
    pub(crate) templates: Vec<Template>,
}

/// How values are written into texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Style {
    /// Texts as they are, nothing for null, all else as JSON.
    Json,
    /// As `%v` of Go's fmt does it.
    Go,
}

/// Something to be evaluated.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Template {
    /// A text: values are written into it.
    Text(String),
    /// JSON: values are put into it, and written into the texts in it.
    Json(serde_json::Value),
    /// One expression.
    Value(String),
    /// One expression that must come to a list.
    List(String),
}

/// Values by name, as the library has them.
#[derive(Debug)]
pub(crate) struct Names(Value);

impl Names {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_map()?.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.as_map().into_iter().flatten()
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Known(names) = Known::deserialize(deserializer)?;
        if names.as_map().is_none() {
            return Err(D::Error::custom("names are an object"));
        }
        Ok(Self(names))
    }
}

/// A value of JSON. The library's own way tries all kinds of values in turn, and takes bytes for lists.
struct Known(Value);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Json).map(Known)
    }
}

struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        // What is no integer of the language is the float next to it.
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Known(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, Known(value))) = object.next_entry::<String, _>()? {
            entries.push((key, value));
        }
        Ok(Value::from_iter(entries))
    }
}
