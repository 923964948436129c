//! `expr`: arithmetic and comparison of arguments, and basic regular expressions with `:`.

use super::{Failure, Outcome, Tool};
use crate::regular;

/// Parentheses in each other.
const DEPTH_MAX: u32 = 100;

/// Operators, by how strongly they bind.
const LEVELS: [&[&str]; 6] =
    [&["|"], &["&"], &["=", "==", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"], &[":"]];

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let arguments = std::mem::take(&mut tool.arguments);
    let mut evaluation = Evaluation { rest: &arguments, depth: 0 };
    let value = evaluation.level(0)?;
    if !evaluation.rest.is_empty() {
        return Err(Failure::usage("syntax error"));
    }
    tool.output.line(value.as_bytes()).await?;
    Ok(u8::from(is_null(&value)))
}

fn is_null(value: &str) -> bool {
    value.is_empty() || value.parse() == Ok(0_i64)
}

struct Evaluation<'a> {
    rest: &'a [String],
    depth: u32,
}

impl Evaluation<'_> {
    fn level(&mut self, level: usize) -> Result<String, Failure> {
        let Some(operators) = LEVELS.get(level) else { return self.operand() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.rest.first().filter(|word| operators.contains(&word.as_str())) {
            self.rest = &self.rest[1..];
            let right = self.level(level + 1)?;
            left = apply(&left, operator, &right)?;
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<String, Failure> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Err(Failure::usage("argument expected"));
        };
        self.rest = rest;
        match (first.as_str(), rest) {
            ("(", [_, ..]) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(Failure::usage(format!("nested deeper than {DEPTH_MAX} levels")));
                }
                let value = self.level(0)?;
                self.depth -= 1;
                match self.rest.split_first() {
                    Some((end, rest)) if end == ")" => {
                        self.rest = rest;
                        Ok(value)
                    }
                    _ => Err(Failure::usage(") expected")),
                }
            }
            ("length", [text, rest @ ..]) => {
                self.rest = rest;
                Ok(text.chars().count().to_string())
            }
            ("substr", [text, from, count, rest @ ..]) => {
                self.rest = rest;
                let (from, count) = (number(from)?, number(count)?);
                let take = usize::try_from(count).unwrap_or(0);
                let skip = usize::try_from(from - 1).ok();
                Ok(skip.map_or_else(String::new, |skip| text.chars().skip(skip).take(take).collect()))
            }
            ("index", [text, characters, rest @ ..]) => {
                self.rest = rest;
                let at = text.chars().position(|character| characters.contains(character));
                Ok(at.map_or(0, |at| at + 1).to_string())
            }
            ("match", [text, expression, rest @ ..]) => {
                self.rest = rest;
                matches(text, expression)
            }
            _ => Ok(first.clone()),
        }
    }
}

fn number(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::usage("non-integer argument"))
}

fn apply(left: &str, operator: &str, right: &str) -> Result<String, Failure> {
    let flag = |is_true: bool| u8::from(is_true).to_string();
    Ok(match operator {
        "|" => if is_null(left) { if is_null(right) { "0" } else { right } } else { left }.to_owned(),
        "&" => if is_null(left) || is_null(right) { "0" } else { left }.to_owned(),
        ":" => return matches(left, right),
        "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" => {
            let ordering = match (left.parse::<i64>(), right.parse::<i64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => left.cmp(right),
            };
            flag(match operator {
                "=" | "==" => ordering.is_eq(),
                "!=" => ordering.is_ne(),
                "<" => ordering.is_lt(),
                "<=" => ordering.is_le(),
                ">" => ordering.is_gt(),
                _ => ordering.is_ge(),
            })
        }
        operator => {
            let (left, right) = (number(left)?, number(right)?);
            let value = match operator {
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "*" => left.checked_mul(right),
                _ if right == 0 => return Err(Failure::usage("division by zero")),
                "/" => left.checked_div(right),
                _ => left.checked_rem(right),
            };
            value.ok_or_else(|| Failure::usage("number too large"))?.to_string()
        }
    })
}

/// How many characters match from the start, or what the first group matched.
fn matches(text: &str, expression: &str) -> Result<String, Failure> {
    let translated = regular::basic(expression).map_err(Failure::usage)?;
    let regex = regular::compile_text(&format!("^(?:{translated})")).map_err(Failure::usage)?;
    let has_group = regex.captures_len() > 1;
    Ok(match regex.captures(text) {
        Some(captures) if has_group => captures.get(1).map_or("", |group| group.as_str()).to_owned(),
        Some(captures) => captures[0].chars().count().to_string(),
        None if has_group => String::new(),
        None => "0".to_owned(),
    })
}
