//! Scripts: what a runtime makes of source, and runs.
//!
//! A runtime is a component that exports `skep:runtime/guest` (`runtimes/wit/runtime.wit`): an interpreter,
//! or a compiler. Source is read by it alone, in a sandbox; for the engine a script is bytes that the runtime
//! is given back in each new instance. All scripts of a runtime share its compiled code.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::Rejected;
use crate::interface::{EXPORTS_MAX, Function, Interface, Kind};

pub(crate) mod bindings {
    //! Types and calls of the world, from its WIT.
    wasmtime::component::bindgen!({
        path: "../runtimes/wit/runtime.wit",
        world: "runtime",
        exports: { default: async },
    });
}

/// The function that is called where none is named. It takes all arguments as one.
pub(crate) const HANDLER: &str = "handler";

/// Source, as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path of the file to begin with.
    pub main: String,
    /// All files, sorted by path, each path once.
    pub files: Vec<SourceFile>,
}

/// A file of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path: relative, with `/`, without `.` and `..`.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What a build made.
#[derive(Debug, Clone, PartialEq)]
pub enum Built {
    /// A script for the runtime that built it.
    Script(Script),
    /// A component that needs no runtime, as its bytes.
    Component(Vec<u8>),
    /// A component that is the runtime of this one script.
    Program(Vec<u8>, Script),
}

/// What a runtime made of source, and is given back to run it.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    content: Bytes,
    interface: Interface,
}

/// How a script begins where it is kept.
#[derive(Serialize, Deserialize)]
struct Head {
    functions: Vec<(String, String)>,
    command: bool,
    http: bool,
}

impl Script {
    pub(crate) fn new(made: bindings::exports::skep::runtime::guest::Script) -> Result<Self, Rejected> {
        let functions = made.functions.into_iter().map(|function| (function.name, function.wit)).collect();
        Self::of(Head { functions, command: made.command, http: made.http }, made.content.into())
    }

    fn of(head: Head, content: Bytes) -> Result<Self, Rejected> {
        if head.functions.len() > EXPORTS_MAX {
            return Err(Rejected(format!("a script may have {EXPORTS_MAX} functions, this one has more")));
        }
        let names: HashSet<&str> = head.functions.iter().map(|(name, _)| name.as_str()).collect();
        if names.len() < head.functions.len() || names.contains("") {
            return Err(Rejected("the functions of a script need a name each".into()));
        }
        let named = |(name, wit): (String, String)| Function { name, wit, unsupported: None };
        let exports: Vec<Function> = head.functions.into_iter().map(named).collect();
        let kinds =
            [(Kind::Command, head.command), (Kind::Exports, !exports.is_empty()), (Kind::Http, head.http)];
        let kinds = kinds.into_iter().filter_map(|(kind, is_there)| is_there.then_some(kind)).collect();
        let interface = Interface { kinds, exports, imports: Vec::new() };
        interface.check()?;
        Ok(Self { content, interface })
    }

    /// What it offers.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    pub(crate) fn content(&self) -> &Bytes {
        &self.content
    }

    /// As bytes, to be kept: a line of JSON, then the content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let has = |kind| self.interface.kinds.contains(&kind);
        let exports = self.interface.exports.iter();
        let functions = exports.map(|export| (export.name.clone(), export.wit.clone())).collect();
        let head = Head { functions, command: has(Kind::Command), http: has(Kind::Http) };
        let mut bytes = serde_json::to_vec(&head).expect("our own types are always JSON");
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.content);
        bytes
    }

    /// Reads what [`Script::to_bytes`] wrote.
    ///
    /// # Errors
    /// If it did not write this.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self, Rejected> {
        let bytes = bytes.into();
        let torn = || Rejected("these bytes are no script".into());
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(torn)?;
        let head = serde_json::from_slice(&bytes[..end]).map_err(|_| torn())?;
        Self::of(head, bytes.slice(end + 1..))
    }
}

/// Source in the words of the world.
pub(crate) fn given(source: &Arc<Source>) -> bindings::exports::skep::runtime::guest::Source {
    use bindings::exports::skep::runtime::guest::File;
    let files = source.files.iter();
    let files = files.map(|file| File { path: file.path.clone(), content: file.content.clone() }).collect();
    bindings::exports::skep::runtime::guest::Source { main: source.main.clone(), files }
}
