//! From a tree to the types of a definition, strictly: what does not fit is told as Go's decoders tell it.
//!
//! Go's JSON tells the first mistake only, its YAML (version 3) all of them, each with its line. JSON takes texts for texts
//! only, YAML any value that stands alone.

use std::collections::BTreeMap;

use super::tree::{Node, Tag, Value};
use super::{Task, Tasks};

/// Characters of a value that a text about it shows.
const SHOWN_MAX: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Json,
    Yaml,
}

/// A type that is read from a map.
pub(super) trait Read: Default {
    /// What it is called in Go.
    const GO: &'static str;
    /// The names of its fields.
    const NAMES: &'static [&'static str];

    /// Reads a field.
    fn field(&mut self, name: &str, node: Node, reader: &mut Reader);
}

pub(super) struct Reader {
    language: Language,
    problems: Vec<String>,
    /// The names of fields on the way to what is being read.
    path: Vec<&'static str>,
    /// The type whose field it is.
    within: &'static str,
}

impl Reader {
    pub(super) fn new(language: Language) -> Self {
        Self { language, problems: Vec::new(), path: Vec::new(), within: "" }
    }

    /// Reads a job, or a scheduled one.
    pub(super) fn read<T: Read>(mut self, node: Node) -> Result<T, String> {
        let mut read = T::default();
        self.object(node, &mut read);
        match (self.language, self.problems.first()) {
            (_, None) => Ok(read),
            (Language::Json, Some(first)) => Err(first.clone()),
            (Language::Yaml, Some(_)) => {
                Err(format!("yaml: unmarshal errors:\n  {}", self.problems.join("\n  ")))
            }
        }
    }

    fn object<T: Read>(&mut self, node: Node, into: &mut T) {
        let Value::Map(entries) = node.value else { return self.misfit(node, &format!("input.{}", T::GO)) };
        let outer = std::mem::replace(&mut self.within, T::GO);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (name, line, value) in entries {
            if self.language == Language::Yaml {
                if let Some(first) = seen.get(&name) {
                    self.problems
                        .push(format!("line {line}: mapping key {name:?} already defined at line {first}"));
                    continue;
                }
                seen.insert(name.clone(), line);
            }
            let known = T::NAMES.iter().find(|known| **known == name);
            // Go's JSON does not look at the case.
            let is_json = self.language == Language::Json;
            let known =
                known.or_else(|| T::NAMES.iter().find(|known| is_json && known.eq_ignore_ascii_case(&name)));
            match (known, self.language) {
                (Some(known), _) => {
                    self.path.push(known);
                    into.field(known, value, self);
                    self.path.pop();
                }
                (None, Language::Json) => self.problems.push(format!("json: unknown field {name:?}")),
                (None, Language::Yaml) => {
                    self.problems
                        .push(format!("line {line}: field {name} not found in type input.{}", T::GO));
                }
            }
        }
        self.within = outer;
    }

    pub(super) fn text(&mut self, node: Node, into: &mut String) {
        match (node.value, self.language) {
            (Value::Null, _) => {}
            (Value::Scalar(Tag::Text, text), _) | (Value::Scalar(_, text), Language::Yaml) => *into = text,
            (value, _) => self.misfit(Node { value, ..node }, "string"),
        }
    }

    pub(super) fn integer(&mut self, node: Node, into: &mut i64) {
        let number = match &node.value {
            Value::Null => return,
            Value::Scalar(Tag::Integer, text) => text.replace('_', "").parse().ok(),
            // Go's YAML takes what is whole of a float.
            Value::Scalar(Tag::Float, text) if self.language == Language::Yaml => {
                text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number as i64)
            }
            Value::Scalar(..) | Value::List(_) | Value::Map(_) => None,
        };
        match number {
            Some(number) => *into = number,
            None => self.misfit(node, "int"),
        }
    }

    pub(super) fn flag(&mut self, node: Node, into: &mut bool) {
        match &node.value {
            Value::Null => {}
            Value::Scalar(Tag::Flag, text) => *into = text.eq_ignore_ascii_case("true"),
            Value::Scalar(..) | Value::List(_) | Value::Map(_) => self.misfit(node, "bool"),
        }
    }

    pub(super) fn texts(&mut self, node: Node, into: &mut Vec<String>) {
        for item in self.items(node, "[]string").into_iter().flatten() {
            let mut text = String::new();
            self.text(item, &mut text);
            into.push(text);
        }
    }

    pub(super) fn map(&mut self, node: Node, into: &mut BTreeMap<String, String>) {
        match node.value {
            Value::Null => {}
            Value::Map(entries) => {
                for (name, _, value) in entries {
                    let mut text = String::new();
                    self.text(value, &mut text);
                    into.insert(name, text);
                }
            }
            Value::Scalar(..) | Value::List(_) => self.misfit(node, "map[string]string"),
        }
    }

    pub(super) fn some<T: Read>(&mut self, node: Node, into: &mut Option<T>) {
        if node.value != Value::Null {
            self.object(node, into.get_or_insert_default());
        }
    }

    pub(super) fn boxed<T: Read>(&mut self, node: Node, into: &mut Box<T>) {
        if node.value != Value::Null {
            self.object(node, &mut **into);
        }
    }

    pub(super) fn many<T: Read>(&mut self, node: Node, into: &mut Vec<T>) {
        for item in self.items(node, &format!("[]input.{}", T::GO)).into_iter().flatten() {
            let mut one = T::default();
            if item.value != Value::Null {
                self.object(item, &mut one);
            }
            into.push(one);
        }
    }

    pub(super) fn tasks(&mut self, node: Node, into: &mut Tasks) {
        let is_named = matches!(node.value, Value::List(_));
        let mut all: Vec<Task> = Vec::new();
        self.many(node, &mut all);
        *into = Tasks { all, is_named };
    }

    fn items(&mut self, node: Node, go: &str) -> Option<Vec<Node>> {
        match node.value {
            Value::Null => None,
            Value::List(items) => Some(items),
            Value::Scalar(..) | Value::Map(_) => {
                self.misfit(node, go);
                None
            }
        }
    }

    /// That something cannot become a value of a type.
    fn misfit(&mut self, node: Node, go: &str) {
        let problem = match self.language {
            Language::Json => {
                let what = in_json(&node.value, go);
                let place = match self.path.is_empty() {
                    true => "Go value".to_owned(),
                    false => format!("Go struct field {}.{}", self.within, self.path.join(".")),
                };
                format!("json: cannot unmarshal {what} into {place} of type {go}")
            }
            Language::Yaml => {
                format!("line {}: cannot unmarshal {} into {go}", node.line, in_yaml(&node.value))
            }
        };
        self.problems.push(problem);
    }
}

fn in_json(value: &Value, go: &str) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Scalar(Tag::Text, _) => "string".to_owned(),
        Value::Scalar(Tag::Flag, _) => "bool".to_owned(),
        // One that is no number of that type is shown.
        Value::Scalar(Tag::Integer | Tag::Float, text) if go == "int" => format!("number {text}"),
        Value::Scalar(Tag::Integer | Tag::Float, _) => "number".to_owned(),
        Value::List(_) => "array".to_owned(),
        Value::Map(_) => "object".to_owned(),
    }
}

fn in_yaml(value: &Value) -> String {
    let (tag, text) = match value {
        Value::Null => return "!!null".to_owned(),
        Value::List(_) => return "!!seq".to_owned(),
        Value::Map(_) => return "!!map".to_owned(),
        Value::Scalar(Tag::Text, text) => ("!!str", text),
        Value::Scalar(Tag::Integer, text) => ("!!int", text),
        Value::Scalar(Tag::Float, text) => ("!!float", text),
        Value::Scalar(Tag::Flag, text) => ("!!bool", text),
    };
    match text.len() {
        0..=SHOWN_MAX => format!("{tag} `{text}`"),
        _ => format!("{tag} `{}...`", &text[..text.floor_char_boundary(SHOWN_MAX - 3)]),
    }
}
