//! Expressions and templates, as plans have them.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::model::account::Caller;
use crate::model::plan::Style;

/// Something to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A text: the values of its expressions are written into it.
    Text(String),
    /// JSON: a text in it that is one expression becomes its value, other texts are as above.
    Json(Value),
    /// One expression: its value.
    Value(String),
    /// One expression that must come to a list.
    List(String),
}

impl Template {
    /// Whether it comes to itself.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Text(text) => !text.contains("{{"),
            Self::Json(value) => !value.to_string().contains("{{"),
            Self::Value(_) | Self::List(_) => false,
        }
    }
}

/// Templates, each evaluated once in each round.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// What the expressions know in all rounds.
    pub context: Map<String, Value>,
    /// What they know in each.
    pub rounds: Vec<Map<String, Value>>,
    /// The templates.
    pub templates: Vec<Template>,
    /// How values are written.
    pub style: Style,
}

/// Where expressions are evaluated: what a stranger wrote, so under limits of memory and time.
#[async_trait]
pub trait Expressions: Send + Sync {
    /// Of each round the values of the templates.
    ///
    /// # Errors
    /// Invalid, with what is wrong with which expression, or the limit that it reached.
    async fn evaluate(&self, caller: &Caller, evaluation: Evaluation) -> Result<Vec<Vec<Value>>>;

    /// Whether each text is an expression.
    ///
    /// # Errors
    /// If the host fails.
    async fn check(&self, caller: &Caller, texts: Vec<String>) -> Result<Vec<bool>>;
}
