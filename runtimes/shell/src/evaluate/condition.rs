//! `[[ … ]]`.

use super::file_test;
use crate::executor::Task;
use crate::expand;
use crate::shell::{Shell, Stop, Value};
use crate::syntax::{Condition, Word};

/// Whether it is true, or what is wrong with it.
type Verdict = Result<bool, String>;

pub(super) fn evaluate<'a>(
    shell: &'a mut Shell,
    condition: &'a Condition,
) -> Task<'a, Result<Verdict, Stop>> {
    Box::pin(async move {
        match condition {
            Condition::And(left, right) => match evaluate(shell, left).await? {
                Ok(true) => evaluate(shell, right).await,
                verdict => Ok(verdict),
            },
            Condition::Or(left, right) => match evaluate(shell, left).await? {
                Ok(false) => evaluate(shell, right).await,
                verdict => Ok(verdict),
            },
            Condition::Not(inner) => Ok(evaluate(shell, inner).await?.map(|is_true| !is_true)),
            Condition::Word(word) => Ok(Ok(!expand::text(shell, &word.pieces).await?.is_empty())),
            Condition::Unary(operator, word) => {
                let operand = expand::text(shell, &word.pieces).await?;
                Ok(file_test::unary(shell, operator, &operand))
            }
            Condition::Binary(left, operator, right) => binary(shell, left, operator, right).await,
        }
    })
}

async fn binary(shell: &mut Shell, left: &Word, operator: &str, right: &Word) -> Result<Verdict, Stop> {
    let left = expand::text(shell, &left.pieces).await?;
    match operator {
        "=" | "==" => Ok(Ok(expand::pattern(shell, &right.pieces).await?.matches(&left))),
        "!=" => Ok(Ok(!expand::pattern(shell, &right.pieces).await?.matches(&left))),
        "=~" => {
            let expression = expand::regex(shell, &right.pieces).await?;
            Ok(matches(shell, &left, &expression))
        }
        "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
            let right = expand::text(shell, &right.pieces).await?;
            let left = expand::arithmetic::evaluate(shell, &left);
            let right = expand::arithmetic::evaluate(shell, &right);
            Ok(left.and_then(|left| Ok(file_test::compare(left, operator, right?))))
        }
        operator => {
            let right = expand::text(shell, &right.pieces).await?;
            Ok(file_test::binary(shell, &left, operator, &right))
        }
    }
}

/// `=~`: what the groups matched is in `BASH_REMATCH`.
fn matches(shell: &mut Shell, text: &str, expression: &str) -> Verdict {
    let translated = crate::regular::extended(expression)?;
    let regex = crate::regular::compile_text(&translated)?;
    let captures = regex.captures(text);
    let groups = captures.iter().flat_map(|captures| captures.iter());
    let groups = groups.enumerate().map(|(index, group)| {
        (i64::try_from(index).unwrap_or(i64::MAX), group.map_or("", |group| group.as_str()).to_owned())
    });
    let groups = groups.collect();
    shell.variables.set_value("BASH_REMATCH", Value::Array(std::rc::Rc::new(groups)))?;
    Ok(captures.is_some())
}
