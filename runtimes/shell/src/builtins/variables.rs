//! `export`, `readonly`, `local`, `declare`, `unset`, `let`.

use std::rc::Rc;

use super::{print, unsupported, wrong};
use crate::expand::{self, quote};
use crate::shell::{Kind, Shell, Stop, Value};
use crate::syntax::is_name;

/// A name, and the value that it is given.
type Named<'a> = (&'a str, Option<&'a str>);

/// The letters of the options, and the names.
fn split<'a>(arguments: &'a [String], known: &str) -> Result<(String, Vec<Named<'a>>), String> {
    let mut letters = String::new();
    let mut names = Vec::new();
    for argument in arguments {
        match argument.strip_prefix('-') {
            Some("-") if names.is_empty() => {}
            Some(options) if names.is_empty() && !options.is_empty() => {
                if let Some(letter) = options.chars().find(|letter| !known.contains(*letter)) {
                    return Err(format!("-{letter}"));
                }
                letters.push_str(options);
            }
            _ => names.push(match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (argument.as_str(), None),
            }),
        }
    }
    Ok((letters, names))
}

fn set(shell: &mut Shell, name: &str, value: Option<&str>) -> Result<(), String> {
    let (name, append) =
        name.strip_suffix('+').filter(|_| value.is_some()).map_or((name, false), |name| (name, true));
    if !is_name(name) {
        return Err(format!("{name}: not a name"));
    }
    match value {
        None => Ok(()),
        Some(value) if append => {
            let before = shell.variables.get(name).unwrap_or_default();
            shell.variables.set(name, format!("{before}{value}"))
        }
        Some(value) => shell.variables.set(name, value),
    }
}

fn bare(name: &str) -> &str {
    name.strip_suffix('+').unwrap_or(name)
}

async fn print_all(shell: &mut Shell, kind: Kind, before: &str) -> Result<u8, Stop> {
    let lines = shell.variables.sorted(kind).into_iter();
    let text: String = lines.map(|(name, value)| format!("{before}{name}={}\n", quote(&value))).collect();
    print(shell, &text).await
}

pub(super) async fn export(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let (letters, names) = match split(arguments, "pn") {
        Ok(found) => found,
        Err(option) => return wrong(shell, &unsupported("export", &option), 2).await,
    };
    if names.is_empty() {
        return print_all(shell, Kind::Exported, "export ").await;
    }
    for (name, value) in names {
        match set(shell, name, value) {
            Ok(()) => shell.variables.export(bare(name), !letters.contains('n')),
            Err(message) => return Err(shell.fail(&format!("export: {message}"), 2).await),
        }
    }
    Ok(0)
}

pub(super) async fn readonly(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let (_, names) = match split(arguments, "p") {
        Ok(found) => found,
        Err(option) => return wrong(shell, &unsupported("readonly", &option), 2).await,
    };
    if names.is_empty() {
        return print_all(shell, Kind::Readonly, "readonly ").await;
    }
    for (name, value) in names {
        match set(shell, name, value) {
            Ok(()) => shell.variables.make_readonly(bare(name)),
            Err(message) => return Err(shell.fail(&format!("readonly: {message}"), 2).await),
        }
    }
    Ok(0)
}

pub(super) async fn local(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    if shell.functions_running == 0 {
        return wrong(shell, "local: only in a function", 1).await;
    }
    declare(shell, arguments).await
}

/// `declare` and `local`: plain and integer-free; arrays with `-a`.
pub(super) async fn declare(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let (letters, names) = match split(arguments, "argxp") {
        Ok(found) => found,
        Err(option) => return wrong(shell, &unsupported("declare", &option), 2).await,
    };
    if names.is_empty() {
        return print_all(shell, Kind::All, "").await;
    }
    for (name, value) in names {
        if let Err(message) = declare_one(shell, &letters, name, value) {
            return Err(shell.fail(&message, 2).await);
        }
    }
    Ok(0)
}

fn declare_one(shell: &mut Shell, letters: &str, name: &str, value: Option<&str>) -> Result<(), String> {
    if !is_name(bare(name)) {
        return Err(format!("{name}: not a name"));
    }
    if shell.functions_running > 0 && !letters.contains('g') {
        shell.variables.make_local(bare(name))?;
    }
    if letters.contains('a') && value.is_none() && shell.variables.value(name).is_none() {
        shell.variables.set_value(name, Value::Array(Rc::default()))?;
    }
    set(shell, name, value)?;
    if letters.contains('r') {
        shell.variables.make_readonly(bare(name));
    }
    if letters.contains('x') {
        shell.variables.export(bare(name), true);
    }
    Ok(())
}

pub(super) async fn unset(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let (letters, names) = match split(arguments, "fv") {
        Ok(found) => found,
        Err(option) => return wrong(shell, &unsupported("unset", &option), 2).await,
    };
    for (name, _) in names {
        if letters.contains('f') {
            Rc::make_mut(&mut shell.functions).remove(name);
            continue;
        }
        let result = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, index)) => match expand::arithmetic::evaluate(shell, index) {
                Ok(index) => shell.variables.unset_element(name, index),
                Err(message) => Err(message),
            },
            None => {
                if shell.variables.value(name).is_none() && !letters.contains('v') {
                    Rc::make_mut(&mut shell.functions).remove(name);
                }
                shell.variables.unset(name)
            }
        };
        if let Err(message) = result {
            return Err(shell.fail(&format!("unset: {message}"), 2).await);
        }
    }
    Ok(0)
}

/// `let`: the status is 1 if the last value is 0.
pub(super) async fn evaluate(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let mut last = 0;
    for expression in arguments {
        match expand::arithmetic::evaluate(shell, expression) {
            Ok(value) => last = value,
            Err(message) => return wrong(shell, &format!("let: {expression}: {message}"), 1).await,
        }
    }
    Ok(u8::from(last == 0))
}
