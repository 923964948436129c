//! What YAML and JSON have in common: values in each other, and where they stand.

/// Values in each other at most.
pub(super) const DEPTH_MAX: usize = 64;
/// Values of a document at most, with those that stand for others.
pub(super) const NODES_MAX: usize = 100_000;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Its line, from 1; of JSON nobody asks.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Scalar(Tag, String),
    List(Vec<Node>),
    /// In their order.
    Map(Vec<Entry>),
}

/// A name with its line, and its value.
pub(super) type Entry = (String, usize, Node);

/// What a text that stands alone is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Text,
    Integer,
    Float,
    Flag,
}

impl Node {
    /// How many values it is.
    pub(super) fn size(&self) -> usize {
        1 + match &self.value {
            Value::Null | Value::Scalar(..) => 0,
            Value::List(items) => items.iter().map(Self::size).sum(),
            Value::Map(entries) => entries.iter().map(|(_, _, value)| 1 + value.size()).sum(),
        }
    }
}
