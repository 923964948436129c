//! YAML into a tree: its first document, with the words of Go's yaml.v3 for what is wrong. `saphyr-parser` tells what comes;
//! what of that is kept, and how much, is decided here.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::tree::{DEPTH_MAX, Entry, NODES_MAX, Node, Tag, Value};

/// Reads the first document.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "yaml: invalid Unicode character".to_owned())?;
    let mut tree = Tree { anchors: HashMap::new(), nodes: 0 };
    let mut events = Parser::new_from_str(text);
    loop {
        match tree.event(&mut events)? {
            None | Some((Event::StreamEnd, _)) => return Err("EOF".to_owned()),
            Some((Event::DocumentStart(_), _)) => break,
            Some(_) => {}
        }
    }
    let Some((event, span)) = tree.event(&mut events)? else { return Err("EOF".to_owned()) };
    tree.node(event, span, &mut events, 0)
}

struct Tree {
    anchors: HashMap<usize, Node>,
    /// Values so far, with those that stand for others.
    nodes: usize,
}

impl Tree {
    fn event<'a>(
        &self,
        events: &mut Parser<'a, saphyr_parser::StrInput<'a>>,
    ) -> Result<Option<(Event<'a>, Span)>, String> {
        let event = events.next().transpose();
        event.map_err(|error| format!("yaml: line {}: {}", error.marker().line(), error.info()))
    }

    fn node<'a>(
        &mut self,
        event: Event<'a>,
        span: Span,
        events: &mut Parser<'a, saphyr_parser::StrInput<'a>>,
        depth: usize,
    ) -> Result<Node, String> {
        self.count(1)?;
        if depth > DEPTH_MAX {
            return Err(format!("yaml: exceeded max depth of {DEPTH_MAX}"));
        }
        let line = span.start.line();
        let end = || "yaml: unexpected end".to_owned();
        let (anchor, value) = match event {
            Event::Alias(id) => {
                let size = self.anchors.get(&id).map_or(0, Node::size);
                self.count(size)?;
                let node = self.anchors.get(&id).cloned();
                return node.ok_or_else(|| "yaml: anchor contains itself".to_owned());
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                (anchor, scalar(text.into_owned(), is_text))
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.event(events)?.ok_or_else(end)? {
                        (Event::SequenceEnd, _) => break (anchor, Value::List(items)),
                        (event, span) => items.push(self.node(event, span, events, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(anchor, _) => {
                let (mut entries, mut merged) = (Vec::new(), Vec::new());
                loop {
                    let (event, span) = match self.event(events)?.ok_or_else(end)? {
                        (Event::MappingEnd, _) => break (anchor, Value::Map(merge(entries, merged)?)),
                        next => next,
                    };
                    let is_merge =
                        matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
                    let key = self.node(event, span, events, depth + 1)?;
                    let (event, span) = self.event(events)?.ok_or_else(end)?;
                    let value = self.node(event, span, events, depth + 1)?;
                    match key.value {
                        Value::Scalar(..) if is_merge => merged.push(value),
                        Value::Scalar(_, name) => entries.push((name, key.line, value)),
                        Value::Null => entries.push(("null".to_owned(), key.line, value)),
                        Value::List(_) | Value::Map(_) => {
                            return Err(format!("yaml: line {}: invalid map key", key.line));
                        }
                    }
                }
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(end()),
        };
        let node = Node { line, value };
        if anchor > 0 {
            self.count(node.size())?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, more: usize) -> Result<(), String> {
        self.nodes += more;
        if self.nodes > NODES_MAX {
            Err("yaml: document contains excessive aliasing".to_owned())
        } else {
            Ok(())
        }
    }
}

/// A map with what `<<` names: what it says itself goes before that, and earlier ones before later ones.
fn merge(mut entries: Vec<Entry>, merged: Vec<Node>) -> Result<Vec<Entry>, String> {
    if merged.is_empty() {
        return Ok(entries);
    }
    let names = |entries: &[Entry]| entries.iter().map(|(name, ..)| name.clone()).collect::<HashSet<_>>();
    let mut there = names(&entries);
    for node in merged {
        let maps = match node.value {
            Value::List(maps) => maps,
            Value::Map(_) | Value::Scalar(..) | Value::Null => vec![node],
        };
        for map in maps {
            let Value::Map(more) = map.value else {
                return Err("yaml: map merge requires map or sequence of maps as the value".to_owned());
            };
            let more: Vec<Entry> = more.into_iter().filter(|(name, ..)| !there.contains(name)).collect();
            there.extend(names(&more));
            entries.extend(more);
        }
    }
    Ok(entries)
}

/// What a text that stands alone is.
fn scalar(text: String, is_text: bool) -> Value {
    let tag = match text.as_str() {
        _ if is_text => Tag::Text,
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Tag::Flag,
        plain if is_integer(plain) => Tag::Integer,
        plain if is_float(plain) => Tag::Float,
        _ => Tag::Text,
    };
    Value::Scalar(tag, text)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

fn is_float(text: &str) -> bool {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_special = [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&number);
    is_special
        || (number.starts_with(|c: char| c.is_ascii_digit() || c == '.') && number.parse::<f64>().is_ok())
}
