//! The filter language: rules of a field, an operator and a value, joined by AND and OR.
//!
//! `{"condition": "AND", "rules": [{"field": "status", "operator": "equal", "value": "SUCCESS"}, …]}`, where a rule may
//! be such a condition itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_domain::{Error, Result};

/// Bytes of a filter, conditions in each other, and rules and values of it.
const BYTES_MAX: usize = 16 << 10;
const DEPTH_MAX: usize = 8;
const RULES_MAX: usize = 200;
/// Characters of a rule that a refusal repeats.
const SHOWN_MAX: usize = 200;

/// What a filter asks for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Filter {
    Joined(Joined),
    Rule(Rule),
}

/// Rules of which all are to hold, or one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joined {
    #[serde(default)]
    pub(super) condition: Join,
    pub(super) rules: Vec<Filter>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) enum Join {
    #[default]
    #[serde(rename = "AND", alias = "and")]
    And,
    #[serde(rename = "OR", alias = "or")]
    Or,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) field: String,
    pub(super) operator: Operator,
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operator {
    Any,
    Equal,
    NotEqual,
    In,
    NotIn,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    NotBetween,
    BeginsWith,
    NotBeginsWith,
    Contains,
    NotContains,
    EndsWith,
    NotEndsWith,
    IsEmpty,
    IsNotEmpty,
    IsNull,
    IsNotNull,
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Filter> {
    if text.len() > BYTES_MAX {
        return Err(refused(format!("it may have {BYTES_MAX} bytes")));
    }
    let example =
        r#"{"condition": "AND", "rules": [{"field": "status", "operator": "equal", "value": "SUCCESS"}]}"#;
    let value: Value = serde_json::from_str(text)
        .map_err(|error| refused(format!("it is no JSON ({error}); write it as {example}")))?;
    let mut rules = 0;
    measure(&value, 1, &mut rules, example)?;
    Filter::deserialize(&value).map_err(|_| refused(why(&value, example)))
}

/// Whether rules are objects, and neither too many nor too deep. An array would do for a rule, field by field, which
/// nobody means.
fn measure(value: &Value, depth: usize, rules: &mut usize, example: &str) -> Result<()> {
    if !value.is_object() {
        return Err(refused(format!("a rule is an object; write it as {example}")));
    }
    if depth > DEPTH_MAX {
        return Err(refused(format!("conditions may lie in each other {DEPTH_MAX} deep")));
    }
    *rules += value["value"].as_array().map_or(1, Vec::len).max(1);
    let inner = value["rules"].as_array();
    inner.into_iter().flatten().try_for_each(|rule| measure(rule, depth + 1, rules, example))?;
    if *rules > RULES_MAX {
        return Err(refused(format!("it may have {RULES_MAX} rules and values")));
    }
    Ok(())
}

/// What is wrong with a filter that is JSON: of an untagged enum serde says nothing.
fn why(value: &Value, example: &str) -> String {
    let rules = value.get("rules").and_then(Value::as_array);
    let inner = rules.into_iter().flatten().find(|rule| Filter::deserialize(*rule).is_err());
    if let Some(rule) = inner {
        return why(rule, example);
    }
    let error = match value.get("rules") {
        Some(_) => Joined::deserialize(value).err(),
        None => Rule::deserialize(value).err(),
    };
    let error = error.map(|error| error.to_string()).unwrap_or_default();
    let shown: String = value.to_string().chars().take(SHOWN_MAX).collect();
    format!("{error} in {shown}; write it as {example}")
}

fn refused(why: impl AsRef<str>) -> Error {
    Error::invalid(format!("the filter cannot be read: {}", why.as_ref())).field("filter")
}

impl Filter {
    /// What comes of it: of each rule by itself, then of those that are joined. Where none are, all of them hold.
    pub(super) fn fold<T>(
        &self,
        of_rule: &impl Fn(&Rule) -> Result<T>,
        of_joined: &impl Fn(Join, Vec<T>) -> T,
    ) -> Result<T> {
        match self {
            Self::Rule(rule) => of_rule(rule),
            Self::Joined(Joined { condition, rules }) => {
                let rules = rules.iter().map(|rule| rule.fold(of_rule, of_joined));
                let rules = rules.collect::<Result<Vec<_>>>()?;
                let join = if rules.is_empty() { Join::And } else { *condition };
                Ok(of_joined(join, rules))
            }
        }
    }
}

impl Rule {
    /// What it compares with, as texts: so many as the operator takes.
    pub(super) fn values(&self) -> Result<Vec<String>> {
        let values = match &self.value {
            Value::Null => Vec::new(),
            Value::Array(values) => values.iter().map(text).collect::<Option<_>>().unwrap_or_default(),
            value => text(value).into_iter().collect(),
        };
        let (fits, wants) = match self.operator {
            Operator::IsEmpty | Operator::IsNotEmpty | Operator::IsNull | Operator::IsNotNull => (true, ""),
            Operator::Any | Operator::In | Operator::NotIn => {
                (!values.is_empty(), "a list of at least one value")
            }
            Operator::Between | Operator::NotBetween => (values.len() == 2, "a list of two values"),
            _ => (values.len() == 1, "one value"),
        };
        if fits { Ok(values) } else { Err(self.wrong(&format!("it takes {wants}"))) }
    }

    /// That a rule makes no sense.
    pub(super) fn wrong(&self, why: &str) -> Error {
        let operator = serde_json::to_value(self.operator).unwrap_or_default();
        let operator = operator.as_str().unwrap_or_default();
        Error::invalid(format!("the rule {} {operator} makes no sense: {why}", self.field)).field("filter")
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_filter_is_said() {
        for (text, says) in [
            ("status = SUCCESS", "it is no JSON"),
            ("[]", "a rule is an object"),
            (r#"{"rules": [["name", "equal", "a"]]}"#, "a rule is an object"),
            (r#"{"field": "status", "operator": "like", "value": 1}"#, "unknown variant `like`"),
            (r#"{"rules": [{"field": "status"}]}"#, "missing field `operator`"),
            (r#"{"condition": "XOR", "rules": []}"#, "unknown variant `XOR`"),
            (r#"{"rules": [], "more": 1}"#, "unknown field `more`"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.message().contains(says), "{text}: {}", error.message());
        }
        let deep = format!("{}{}", r#"{"rules": ["#.repeat(9), "]}".repeat(9));
        assert!(parse(&deep).expect_err("too deep").message().contains("8 deep"));
        let many = format!(r#"{{"rules": [{}]}}"#, vec![r#"{"rules": []}"#; 200].join(","));
        assert!(parse(&many).expect_err("too many").message().contains("200 rules"));
    }

    #[test]
    fn an_operator_takes_so_many_values() {
        for (operator, value, fits) in [
            ("between", "[1, 2]", true),
            ("between", "[1]", false),
            ("equal", "\"a\"", true),
            ("equal", "[]", false),
            ("in", "[]", false),
            ("any", "[\"a\", {}]", false),
            ("is_null", "null", true),
        ] {
            let text = format!(r#"{{"field": "name", "operator": "{operator}", "value": {value}}}"#);
            let Filter::Rule(rule) = parse(&text).expect("a filter") else { panic!("it is a rule") };
            assert_eq!(rule.values().is_ok(), fits, "{text}");
        }
        let text = r#"{"field": "name", "operator": "not_begins_with"}"#;
        let Filter::Rule(rule) = parse(text).expect("a filter") else { panic!("it is a rule") };
        let says = rule.values().expect_err("it takes one").message().to_owned();
        assert_eq!(says, "the rule name not_begins_with makes no sense: it takes one value");
    }
}
