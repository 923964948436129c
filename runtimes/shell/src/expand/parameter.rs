//! Parameter expansion: `$name`, `${name:-word}`, `${name#pattern}` and the others.

use std::rc::Rc;

use super::change::{Change, bounds};
use super::fields::Fields;
use super::{Context, number, pattern, pieces, push_value, text};
use crate::shell::{Kind, Shell, Stop};
use crate::syntax::{ElementIndex, Operation, Parameter, ParameterName, Piece};

/// The value of a parameter.
enum Found {
    /// Of one that is set.
    Text(Rc<str>),
    Unset,
    /// Of `$@`, `$*` and whole arrays; joined to one field in quotes if it was `*`.
    List {
        values: Vec<String>,
        joined: bool,
    },
}

impl Shell {
    /// The value of a variable, also of one that the shell itself keeps.
    pub(crate) fn variable(&mut self, name: &str) -> Option<Rc<str>> {
        let value = self.variables.get(name);
        if value.is_some() {
            return value;
        }
        match name {
            "LINENO" => Some(self.line.to_string().into()),
            "SECONDS" => Some(self.began.elapsed().as_secs().to_string().into()),
            "RANDOM" => {
                // xorshift: for what scripts use it for, not for secrets.
                self.random ^= self.random << 13;
                self.random ^= self.random >> 17;
                self.random ^= self.random << 5;
                Some((self.random & 0x7fff).to_string().into())
            }
            _ => None,
        }
    }
}

/// Whether the pieces in quotes are only `$@` or an array that has nothing: they then make no field.
pub(super) fn is_empty_list(shell: &Shell, inner: &[Piece]) -> bool {
    let [Piece::Parameter(parameter)] = inner else { return false };
    match (&parameter.name, &parameter.operation) {
        (ParameterName::Special('@'), Operation::Value | Operation::Substring { .. }) => {
            shell.arguments.is_empty()
        }
        (ParameterName::Element(name, ElementIndex::All { joined: false }), _) => {
            shell.variables.elements(name).is_empty()
        }
        _ => false,
    }
}

pub(super) async fn expand(
    shell: &mut Shell,
    parameter: &Parameter,
    context: Context,
    fields: &mut Fields,
) -> Result<(), Stop> {
    let mut name = parameter.name.clone();
    if parameter.indirect {
        let target = match find(shell, &name).await? {
            Found::Text(target) => target,
            Found::Unset | Found::List { .. } => Rc::from(""),
        };
        name = match target.parse() {
            Ok(number) if number > 0 => ParameterName::Positional(number),
            _ => ParameterName::Variable(target.to_string()),
        };
    }
    let found = find(shell, &name).await?;
    if let Operation::Test { kind, colon, word } = &parameter.operation {
        return test(shell, (&name, found), (*kind, *colon, word), context, fields).await;
    }
    if matches!(found, Found::Unset)
        && shell.options.unset_is_error
        && !matches!(parameter.operation, Operation::Names | Operation::Keys)
        && !matches!(name, ParameterName::Special(_))
    {
        return Err(shell.fail(&format!("{}: parameter not set", shown(&name)), 2).await);
    }
    match operate(shell, &name, found, &parameter.operation).await? {
        Found::Text(text) => push_value(fields, &text, context),
        Found::Unset => {}
        Found::List { values, joined } => push_list(shell, &values, joined, context, fields),
    }
    Ok(())
}

fn push_list(shell: &Shell, values: &[String], joined: bool, context: Context, fields: &mut Fields) {
    if (joined && context == Context::Quoted) || !fields.is_splitting() {
        let joiner = if joined { shell.joiner() } else { " ".to_owned() };
        return push_value(fields, &values.join(&joiner), context);
    }
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            fields.end_field();
        }
        push_value(fields, value, context);
    }
}

fn shown(name: &ParameterName) -> String {
    match name {
        ParameterName::Variable(name) | ParameterName::Element(name, _) => name.clone(),
        ParameterName::Positional(number) => number.to_string(),
        ParameterName::Special(character) => character.to_string(),
    }
}

async fn find(shell: &mut Shell, name: &ParameterName) -> Result<Found, Stop> {
    let value: Option<Rc<str>> = match name {
        ParameterName::Variable(name) => shell.variable(name),
        ParameterName::Positional(number) => {
            shell.arguments.get(number.wrapping_sub(1)).map(|value| value.as_str().into())
        }
        ParameterName::Element(name, ElementIndex::All { joined }) => {
            let values = shell.variables.elements(name).into_iter().map(|(_, value)| value).collect();
            return Ok(Found::List { values, joined: *joined });
        }
        ParameterName::Element(name, ElementIndex::At(index)) => {
            let index = number(shell, index).await?;
            shell.variables.element(name, index).map(Rc::from)
        }
        ParameterName::Special('@' | '*') => {
            let joined = matches!(name, ParameterName::Special('*'));
            return Ok(Found::List { values: shell.arguments.to_vec(), joined });
        }
        ParameterName::Special('#') => Some(shell.arguments.len().to_string().into()),
        ParameterName::Special('?') => Some(shell.status.to_string().into()),
        ParameterName::Special('-') => Some(shell.options.letters().into()),
        ParameterName::Special('$') => Some("1".into()),
        ParameterName::Special('!') => shell.last_job.map(|job| job.to_string().into()),
        ParameterName::Special(_) => Some(Rc::clone(&shell.name)),
    };
    Ok(value.map_or(Found::Unset, Found::Text))
}

/// `${name-word}`, `${name=word}`, `${name?word}` and `${name+word}`.
async fn test(
    shell: &mut Shell,
    (name, found): (&ParameterName, Found),
    (kind, colon, word): (char, bool, &[Piece]),
    context: Context,
    fields: &mut Fields,
) -> Result<(), Stop> {
    let is_there = match &found {
        Found::Unset => false,
        Found::Text(text) => !colon || !text.is_empty(),
        Found::List { values, .. } => {
            !values.is_empty() && (!colon || values.iter().any(|value| !value.is_empty()))
        }
    };
    let word_context = if context == Context::Quoted { Context::Quoted } else { Context::Word };
    match (kind, is_there) {
        ('+', false) => Ok(()),
        ('+', true) | ('-', false) => pieces(shell, word, word_context, fields).await,
        ('=', false) => {
            let value = text(shell, word).await?;
            let set = match name {
                ParameterName::Variable(name) => shell.variables.set(name, value.as_str()),
                ParameterName::Element(name, ElementIndex::At(index)) => {
                    let index = number(shell, index).await?;
                    shell.variables.set_element(name, index, value.clone())
                }
                name => Err(format!("{}: cannot be assigned to in this way", shown(name))),
            };
            if let Err(message) = set {
                return Err(shell.fail(&message, 2).await);
            }
            push_value(fields, &value, context);
            Ok(())
        }
        ('?', false) => {
            let mut message = text(shell, word).await?;
            if message.is_empty() {
                message = "parameter not set".to_owned();
            }
            Err(shell.fail(&format!("{}: {message}", shown(name)), 2).await)
        }
        _ => {
            match found {
                Found::Text(text) => push_value(fields, &text, context),
                Found::Unset => {}
                Found::List { values, joined } => push_list(shell, &values, joined, context, fields),
            }
            Ok(())
        }
    }
}

/// What the operation makes of the value, or of each value of a list.
async fn operate(
    shell: &mut Shell,
    name: &ParameterName,
    found: Found,
    operation: &Operation,
) -> Result<Found, Stop> {
    let change = match operation {
        Operation::Value | Operation::Test { .. } => return Ok(found),
        Operation::Length => return Ok(Found::Text(length(name, &found).to_string().into())),
        Operation::Keys | Operation::Names => return Ok(names(shell, name, operation)),
        Operation::Substring { offset, length } => {
            let offset = number(shell, offset).await?;
            let length = match length {
                Some(length) => Some(number(shell, length).await?),
                None => None,
            };
            if let Found::List { values, joined } = found {
                let values = match name {
                    ParameterName::Element(array, _) => array_slice(shell, array, offset, length),
                    _ => slice(shell, values, offset, length),
                };
                return Ok(Found::List { values, joined });
            }
            Change::Substring { offset, length }
        }
        Operation::RemovePrefix { longest, pattern: of } => {
            Change::RemovePrefix { longest: *longest, pattern: pattern(shell, of).await? }
        }
        Operation::RemoveSuffix { longest, pattern: of } => {
            Change::RemoveSuffix { longest: *longest, pattern: pattern(shell, of).await? }
        }
        Operation::Replace { place, pattern: of, with } => {
            let pattern = pattern(shell, of).await?;
            Change::Replace { place: *place, pattern, with: text(shell, with).await? }
        }
        Operation::Case { upper, all, pattern: of } => {
            let pattern = if of.is_empty() { None } else { Some(pattern(shell, of).await?) };
            Change::Case { upper: *upper, all: *all, pattern }
        }
        Operation::Quote => Change::Quote,
    };
    Ok(match found {
        Found::Unset => Found::Unset,
        Found::Text(text) => Found::Text(change.apply(&text).into()),
        Found::List { values, joined } => {
            Found::List { values: values.iter().map(|value| change.apply(value)).collect(), joined }
        }
    })
}

fn length(name: &ParameterName, found: &Found) -> usize {
    match found {
        Found::Text(text) => text.chars().count(),
        Found::Unset => 0,
        Found::List { values, .. } => {
            debug_assert!(!matches!(name, ParameterName::Variable(_)));
            values.len()
        }
    }
}

/// `${!prefix*}` and `${!name[@]}`.
fn names(shell: &Shell, name: &ParameterName, operation: &Operation) -> Found {
    let values = match (operation, name) {
        (Operation::Names, ParameterName::Variable(prefix)) => shell
            .variables
            .sorted(Kind::All)
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with(prefix.as_str()))
            .collect(),
        (_, ParameterName::Element(name, _)) => {
            shell.variables.elements(name).into_iter().map(|(index, _)| index.to_string()).collect()
        }
        _ => Vec::new(),
    };
    Found::List { values, joined: false }
}

/// `${@:offset:length}`, counted from `$0`.
fn slice(shell: &Shell, values: Vec<String>, offset: i64, length: Option<i64>) -> Vec<String> {
    let mut values = values;
    values.insert(0, shell.name.to_string());
    let range = bounds(values.len(), offset, length);
    values[range].to_vec()
}

/// `${name[@]:offset:length}`: so many elements from the index on.
fn array_slice(shell: &Shell, name: &str, offset: i64, length: Option<i64>) -> Vec<String> {
    let elements = shell.variables.elements(name);
    let after_last = elements.last().map_or(0, |(index, _)| index.saturating_add(1));
    let from = if offset < 0 { after_last.saturating_add(offset) } else { offset };
    let count = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
    elements.into_iter().filter(|(index, _)| *index >= from).map(|(_, value)| value).take(count).collect()
}
