//! A call whose export and arguments fit.

use std::sync::Arc;

use serde_json::Value;
use wasmtime::component::{ComponentExportIndex, Type, Val};

use crate::compile::Ready;
use crate::error::Rejected;
use crate::interface::{Command, Export, Kind};
use crate::script::{HANDLER, Script, Source};
use crate::values::{parse, type_wit};

/// A checked call. It belongs to the program that made it.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) target: Target,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    Command {
        entry: Command,
        arguments: Vec<String>,
    },
    Export {
        index: ComponentExportIndex,
        arguments: Vec<Val>,
        result: Option<Type>,
    },
    /// What a runtime is to do.
    Runtime(Work),
}

/// What a runtime does.
#[derive(Debug, Clone)]
pub(super) enum Work {
    Build(Arc<Source>),
    /// Calls a function of a script; the arguments are a JSON array.
    Call {
        function: String,
        arguments: String,
    },
    /// Runs a script as a command.
    Run {
        arguments: Vec<String>,
    },
}

/// How a command is named where an export has to be named.
const COMMAND: &str = "wasi:cli/run";

impl Call {
    pub(crate) fn check(ready: &Ready, export: Option<&str>, arguments: &[Value]) -> Result<Self, Rejected> {
        let target = match (export, ready.entries.command) {
            (None | Some(COMMAND), Some(entry)) => {
                Target::Command { entry, arguments: command_arguments(arguments)? }
            }
            (Some(name), _) => export_call(find(ready, name)?, arguments)?,
            (None, None) => export_call(only(ready)?, arguments)?,
        };
        Ok(Self { target })
    }

    pub(crate) fn build(source: Source) -> Self {
        Self { target: Target::Runtime(Work::Build(Arc::new(source))) }
    }

    /// The same for a script: its runtime looks at the arguments.
    pub(crate) fn check_script(
        script: &Script,
        export: Option<&str>,
        arguments: &[Value],
    ) -> Result<Self, Rejected> {
        let work = match script_function(script, export)? {
            None => Work::Run { arguments: command_arguments(arguments)? },
            Some(function) => {
                let arguments = serde_json::to_string(arguments).expect("values are always JSON");
                Work::Call { function: function.to_owned(), arguments }
            }
        };
        Ok(Self { target: Target::Runtime(work) })
    }

    /// Whether an export of a script is there to be called, and which of several is said.
    pub(crate) fn check_script_export(script: &Script, export: Option<&str>) -> Result<(), Rejected> {
        script_function(script, export).map(drop)
    }

    /// Whether an export is there to be called, and which of several is said.
    pub(crate) fn check_export(ready: &Ready, export: Option<&str>) -> Result<(), Rejected> {
        match (export, ready.entries.command) {
            (None | Some(COMMAND), Some(_)) => Ok(()),
            (Some(name), _) => find(ready, name).map(drop),
            (None, None) => only(ready).map(drop),
        }
    }

    pub(crate) fn is_command(&self) -> bool {
        matches!(self.target, Target::Command { .. } | Target::Runtime(Work::Run { .. }))
    }

    /// A command's arguments, without its own name.
    pub(crate) fn arguments(&self) -> Option<&[String]> {
        match &self.target {
            Target::Command { arguments, .. } | Target::Runtime(Work::Run { arguments }) => Some(arguments),
            Target::Export { .. } | Target::Runtime(Work::Build(_) | Work::Call { .. }) => None,
        }
    }
}

fn command_arguments(arguments: &[Value]) -> Result<Vec<String>, Rejected> {
    let texts = arguments.iter().enumerate().map(|(index, argument)| match argument {
        Value::String(text) if text.contains('\0') => {
            Err(Rejected(format!("argument {index}: a command's argument cannot contain a NUL")))
        }
        Value::String(text) => Ok(text.clone()),
        // Numbers are unmistakable as text, and people write them so.
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Rejected(format!("argument {index}: a command takes strings"))),
    });
    texts.collect()
}

fn export_call(export: &Export, arguments: &[Value]) -> Result<Target, Rejected> {
    if let Some(reason) = &export.unsupported {
        return Err(Rejected(format!("this export cannot be called with JSON: {reason}")));
    }
    let parameters: Vec<(&str, Type)> = export.ty.params().collect();
    if parameters.len() != arguments.len() {
        return Err(Rejected(format!(
            "the function takes {} argument{}, got {}: {}",
            parameters.len(),
            if parameters.len() == 1 { "" } else { "s" },
            arguments.len(),
            crate::values::function_wit(&export.ty),
        )));
    }
    let values = parameters.iter().zip(arguments).enumerate().map(|(index, ((name, ty), argument))| {
        parse(ty, argument)
            .map_err(|reason| Rejected(format!("argument {index} ({name}: {}): {reason}", type_wit(ty))))
    });
    Ok(Target::Export {
        index: export.index,
        arguments: values.collect::<Result<_, _>>()?,
        result: export.ty.results().next(),
    })
}

/// The function of a script that is meant; none where it is to be run as a command. With none named: the
/// handler, or else the command, or else the only function.
fn script_function<'a>(script: &'a Script, export: Option<&str>) -> Result<Option<&'a str>, Rejected> {
    let interface = script.interface();
    let is_command = interface.kinds.contains(&Kind::Command);
    let names = || interface.exports.iter().map(|export| export.name.as_str());
    match export {
        Some(COMMAND) if is_command => Ok(None),
        Some(name) => match names().find(|known| *known == name) {
            Some(name) => Ok(Some(name)),
            None => Err(Rejected(no_export(name, names()))),
        },
        None => match names().find(|name| *name == HANDLER) {
            Some(handler) => Ok(Some(handler)),
            None if is_command => Ok(None),
            None => match (names().next(), names().nth(1)) {
                (Some(only), None) => Ok(Some(only)),
                (None, _) => Err(Rejected("the function answers HTTP requests only".into())),
                (Some(_), Some(_)) => Err(Rejected(format!("name the export: there is {}", listed(names())))),
            },
        },
    }
}

fn find<'a>(ready: &'a Ready, name: &str) -> Result<&'a Export, Rejected> {
    ready.entries.exports.get(name).ok_or_else(|| Rejected(no_export(name, names(ready))))
}

fn no_export<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    match listed(names) {
        names if names.is_empty() => format!("there is no export \"{name}\": it exports no function"),
        names => format!("there is no export \"{name}\"; there is {names}"),
    }
}

fn only(ready: &Ready) -> Result<&Export, Rejected> {
    let mut exports = ready.entries.exports.values();
    match (exports.next(), exports.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Rejected("the component exports nothing that can be called".into())),
        (Some(_), Some(_)) => Err(Rejected(format!("name the export: there is {}", listed(names(ready))))),
    }
}

fn names(ready: &Ready) -> impl Iterator<Item = &str> {
    ready.entries.exports.keys().map(String::as_str)
}

/// At most a handful of names, for a message.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 10;
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let list = names.join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}
