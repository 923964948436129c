//! What a component offers: its kinds, its functions, its imports.

use std::collections::HashMap;

use wasmtime::component::types::{Component as ComponentType, ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

use crate::error::Rejected;
use crate::values::{check_types, function_wit};

/// What can be done with a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It exports `wasi:cli/run`: arguments, stdin, stdout, an exit code.
    Command,
    /// It exports functions that take and give JSON.
    Exports,
    /// It exports a handler of `wasi:http`.
    Http,
    /// It exports `skep:runtime/guest`: it builds and runs scripts.
    Runtime,
}

/// A function that can be called by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// `name`, or `ns:pkg/iface@version#name` for one in an interface.
    pub name: String,
    /// Its type as WIT.
    pub wit: String,
    /// Why it cannot be called, if it cannot.
    pub unsupported: Option<String>,
}

/// What a component offers and needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interface {
    /// Each kind once, in the order of [`Kind`].
    pub kinds: Vec<Kind>,
    /// Callable functions, in the component's order. At most 1,000.
    pub exports: Vec<Function>,
    /// Names of what it imports.
    pub imports: Vec<String>,
}

/// How the engine finds and types a function.
pub(crate) struct Export {
    pub(crate) index: ComponentExportIndex,
    pub(crate) ty: ComponentFunc,
    pub(crate) unsupported: Option<String>,
}

/// The entry points that [`Interface`] describes.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) exports: HashMap<String, Export>,
    pub(crate) command: Option<Command>,
    pub(crate) http: Option<HttpVersion>,
    pub(crate) is_runtime: bool,
}

/// Where a command begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command {
    /// At `wasi:cli/run` of a component.
    Run(ComponentExportIndex),
    /// At the start of a module of preview1.
    Start,
}

/// By which version of `wasi:http` a component serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    V0_2,
    V0_3,
}

/// Functions that are listed and callable at most.
pub(crate) const EXPORTS_MAX: usize = 1000;
/// Bytes of the name of an export or an import.
const NAME_BYTES_MAX: usize = 512;
/// Bytes of all names and types together: a list shows them for each function.
const INTERFACE_BYTES_MAX: usize = 256 << 10;

impl Interface {
    /// Whether it is of a size that can be shown.
    pub(crate) fn check(&self) -> Result<(), Rejected> {
        let exports = self.exports.iter().flat_map(|export| [&export.name, &export.wit]);
        let bytes: usize = exports.chain(&self.imports).map(String::len).sum();
        let mut names = self.exports.iter().map(|export| &export.name).chain(&self.imports);
        if names.any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(Rejected(format!(
                "the names of exports and imports may have {NAME_BYTES_MAX} bytes each"
            )));
        }
        if bytes > INTERFACE_BYTES_MAX {
            return Err(Rejected(format!(
                "the names and types of its exports and imports have {bytes} bytes, {INTERFACE_BYTES_MAX} are allowed"
            )));
        }
        Ok(())
    }
}

/// Reads a compiled component's exports and imports.
pub(crate) fn inspect(engine: &wasmtime::Engine, component: &Component) -> (Interface, Entries) {
    let ty: ComponentType = component.component_type();
    let mut interface = Interface::default();
    let mut entries = Entries::default();
    interface.imports = ty.imports(engine).map(|(name, _)| name.to_owned()).collect();
    for (name, item) in ty.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => {
                let index = component.get_export_index(None, name);
                add(&mut interface, &mut entries, name.to_owned(), index, function);
            }
            ComponentItem::ComponentInstance(instance) => {
                let parent = component.get_export_index(None, name);
                if is_interface(name, "wasi:cli/run") {
                    let index = component.get_export_index(parent.as_ref(), "run");
                    entries.command = index.map(Command::Run);
                    interface.kinds.extend(entries.command.is_some().then_some(Kind::Command));
                } else if is_interface(name, "wasi:http/incoming-handler")
                    || is_interface(name, "wasi:http/handler")
                {
                    let is_0_3 = is_interface(name, "wasi:http/handler");
                    entries.http = Some(if is_0_3 { HttpVersion::V0_3 } else { HttpVersion::V0_2 });
                    interface.kinds.push(Kind::Http);
                } else if is_interface(name, "skep:runtime/guest") {
                    entries.is_runtime = true;
                    interface.kinds.push(Kind::Runtime);
                } else {
                    for (inner, item) in instance.exports(engine) {
                        if let ComponentItem::ComponentFunc(function) = item.ty {
                            let index = component.get_export_index(parent.as_ref(), inner);
                            add(&mut interface, &mut entries, format!("{name}#{inner}"), index, function);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    interface.kinds.extend((!interface.exports.is_empty()).then_some(Kind::Exports));
    interface.kinds.sort_unstable();
    (interface, entries)
}

/// `wasi:cli/run@0.2.6` is `wasi:cli/run`, at any version.
fn is_interface(name: &str, plain: &str) -> bool {
    name.strip_prefix(plain).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

fn add(
    interface: &mut Interface,
    entries: &mut Entries,
    name: String,
    index: Option<ComponentExportIndex>,
    ty: ComponentFunc,
) {
    // Methods and constructors of resources cannot be called by name.
    let plain = !name.rsplit('#').next().is_some_and(|name| name.starts_with('['));
    let Some(index) = index.filter(|_| plain && interface.exports.len() < EXPORTS_MAX) else {
        return;
    };
    let types = ty.params().map(|(_, ty)| ty).chain(ty.results());
    let unsupported = check_types(types).err();
    let wit = if unsupported.is_none() { function_wit(&ty) } else { String::from("func(…)") };
    interface.exports.push(Function { name: name.clone(), wit, unsupported: unsupported.clone() });
    entries.exports.insert(name, Export { index, ty, unsupported });
}
