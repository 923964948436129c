//! Simple commands: assignments, and a word that names a function, a builtin or a tool.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{function, launch, redirect};
use crate::builtins;
use crate::executor::Task;
use crate::expand;
use crate::shell::{Flow, Shell, Stop, Value};
use crate::syntax::{Assigned, Assignment, Element, Piece, Redirect, Word};

pub(super) async fn run(
    shell: &mut Shell,
    assignments: &[Assignment],
    words: &[Word],
    redirects: &[Redirect],
) -> Flow {
    shell.substituted = None;
    let words = expand_command(shell, words).await?;
    if words.is_empty() {
        return only_assignments(shell, assignments, redirects).await;
    }
    if shell.options.trace {
        trace(shell, &words).await;
    }
    // `exec` without a command changes the descriptors of the shell itself.
    let keeps = words.len() == 1 && words[0] == "exec" && !shell.functions.contains_key("exec");
    let before = (!keeps && !redirects.is_empty()).then(|| shell.descriptors.clone());
    let flow = match redirect::apply(shell, redirects).await {
        Ok(true) => with_assignments(shell, assignments, words).await,
        Ok(false) => Ok(()),
        Err(stop) => Err(stop),
    };
    if let Some(before) = before {
        shell.descriptors = before;
    }
    flow
}

/// Expands the words. After `export` and its like an assignment is not split.
async fn expand_command(shell: &mut Shell, words: &[Word]) -> Result<Vec<String>, Stop> {
    let declares = matches!(words.first().map(|word| word.pieces.as_slice()), Some([Piece::Text(name)])
        if matches!(name.as_str(), "export" | "readonly" | "local" | "declare" | "typeset"));
    if !declares {
        return expand::words(shell, words).await;
    }
    let mut texts = Vec::with_capacity(words.len());
    for word in words {
        let assigns = matches!(word.pieces.first(), Some(Piece::Text(text)) if text.contains('='));
        if assigns {
            texts.push(expand::text(shell, &word.pieces).await?);
        } else {
            texts.extend(expand::words(shell, std::slice::from_ref(word)).await?);
        }
    }
    Ok(texts)
}

async fn only_assignments(shell: &mut Shell, assignments: &[Assignment], redirects: &[Redirect]) -> Flow {
    for assignment in assignments {
        assign(shell, assignment).await?;
    }
    shell.status = shell.substituted.unwrap_or(0);
    if !redirects.is_empty() {
        let before = shell.descriptors.clone();
        let flow = redirect::apply(shell, redirects).await;
        shell.descriptors = before;
        flow?;
    }
    Ok(())
}

/// Runs a command with assignments that hold for it alone.
async fn with_assignments(shell: &mut Shell, assignments: &[Assignment], words: Vec<String>) -> Flow {
    if assignments.is_empty() {
        return run_words(shell, words).await;
    }
    shell.variables.enter();
    let mut flow = Ok(());
    for assignment in assignments {
        if let Err(message) = shell.variables.remember(&assignment.name) {
            flow = Err(shell.fail(&message, 2).await);
            break;
        }
        flow = assign(shell, assignment).await;
        if flow.is_err() {
            break;
        }
        shell.variables.export(&assignment.name, true);
    }
    if flow.is_ok() {
        flow = run_words(shell, words).await;
    }
    shell.variables.leave();
    flow
}

/// Runs a command of which the words are expanded: a function, a builtin, or something outside of the shell.
pub(crate) fn run_words(shell: &mut Shell, mut words: Vec<String>) -> Task<'_, Flow> {
    Box::pin(async move {
        let Some(name) = words.first() else { return Ok(()) };
        if let Some(body) = shell.functions.get(name).map(Rc::clone) {
            words.remove(0);
            return function::call(shell, &body, words).await;
        }
        if let Some(builtin) = builtins::find(name) {
            shell.status = builtin(shell, &words[1..]).await?;
            return Ok(());
        }
        shell.status = launch(shell, words).await?;
        Ok(())
    })
}

async fn assign(shell: &mut Shell, assignment: &Assignment) -> Flow {
    let set = match &assignment.value {
        Assigned::Array(elements) => array(shell, assignment, elements).await?,
        Assigned::Word(word) => {
            let value = expand::text(shell, &word.pieces).await?;
            if shell.options.trace {
                trace(shell, &[format!("{}={value}", assignment.name)]).await;
            }
            scalar(shell, assignment, value).await?
        }
    };
    match set {
        Ok(()) => {
            if shell.options.export_all {
                shell.variables.export(&assignment.name, true);
            }
            Ok(())
        }
        Err(message) => Err(shell.fail(&message, 2).await),
    }
}

async fn scalar(
    shell: &mut Shell,
    assignment: &Assignment,
    value: String,
) -> Result<Result<(), String>, Stop> {
    let name = &assignment.name;
    let index = match &assignment.index {
        Some(index) => Some(expand::number(shell, index).await?),
        None => None,
    };
    let value = if assignment.append {
        let before = match index {
            Some(index) => shell.variables.element(name, index).unwrap_or_default(),
            None => shell.variables.get(name).map(|text| text.to_string()).unwrap_or_default(),
        };
        before + &value
    } else {
        value
    };
    Ok(match index {
        Some(index) => shell.variables.set_element(name, index, value),
        None => shell.variables.set(name, value),
    })
}

async fn array(
    shell: &mut Shell,
    assignment: &Assignment,
    elements: &[Element],
) -> Result<Result<(), String>, Stop> {
    let mut values: BTreeMap<i64, String> = BTreeMap::new();
    if assignment.append {
        values.extend(shell.variables.elements(&assignment.name));
    }
    let mut next = values.last_key_value().map_or(0, |(last, _)| last + 1);
    for (index, word) in elements {
        let texts = match index {
            Some(index) => {
                next = expand::number(shell, index).await?;
                vec![expand::text(shell, &word.pieces).await?]
            }
            None => expand::words(shell, std::slice::from_ref(word)).await?,
        };
        for text in texts {
            values.insert(next, text);
            next = next.saturating_add(1);
        }
    }
    Ok(shell.variables.set_value(&assignment.name, Value::Array(Rc::new(values))))
}

/// What `set -x` prints.
async fn trace(shell: &Shell, words: &[String]) {
    let shown: Vec<String> = words.iter().map(|word| expand::quote_if_needed(word)).collect();
    let prefix = shell.variables.get("PS4").unwrap_or_else(|| "+ ".into());
    if let Some(stream) = shell.descriptors.get(2) {
        // A trace that nobody reads is no failure.
        let _ = stream.write(format!("{prefix}{}\n", shown.join(" ")).as_bytes()).await;
    }
}
