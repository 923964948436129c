//! What an object file defines: whether there is a `main`, and the functions to call by name.

use wasmparser::{
    BinaryReaderError, FuncType, KnownCustom, Linking, Parser, Payload, SymbolFlags, SymbolInfo, TypeRef,
    ValType,
};

/// What was found in all objects.
#[derive(Default)]
pub(crate) struct Defined {
    /// Whether there is a `main`.
    pub(crate) command: bool,
    /// Functions that can be called by name.
    pub(crate) functions: Vec<String>,
    /// Functions that would be, if their types were right.
    pub(crate) wrong: Vec<String>,
}

/// The function that is called where none is named.
const HANDLER: &str = "handler";
/// What clang makes of `main`, by its parameters.
const MAINS: [&str; 2] = ["__main_void", "__main_argc_argv"];

/// Adds what one object defines.
pub(crate) fn read(object: &[u8], defined: &mut Defined) -> Result<(), BinaryReaderError> {
    let mut types: Vec<FuncType> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    for payload in Parser::new(0).parse_all(object) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section.into_iter_err_on_gc_types() {
                    types.push(group?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(index) = import?.ty {
                        functions.push(index);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    functions.push(index?);
                }
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Linking(linking) = section.as_known() else { continue };
                for part in linking.subsections() {
                    let Linking::SymbolTable(symbols) = part? else { continue };
                    for symbol in symbols {
                        let SymbolInfo::Func { flags, index, name: Some(name) } = symbol? else { continue };
                        let kind = functions.get(index as usize).and_then(|at| types.get(*at as usize));
                        defined.add(name, flags, kind);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a function has what `SKEP_FUNCTION` gives it. Operators of C++ and parts of libraries may be visible as well,
/// but are not kept where nobody uses them.
fn is_offered(flags: SymbolFlags) -> bool {
    flags.contains(SymbolFlags::NO_STRIP) && !flags.contains(SymbolFlags::VISIBILITY_HIDDEN)
}

impl Defined {
    fn add(&mut self, name: &str, flags: SymbolFlags, kind: Option<&FuncType>) {
        if flags.intersects(SymbolFlags::UNDEFINED | SymbolFlags::BINDING_LOCAL) {
            return;
        }
        if MAINS.contains(&name) {
            self.command = true;
        } else if name == HANDLER || is_offered(flags) {
            // A text is an address.
            let fits =
                kind.is_some_and(|kind| kind.params() == [ValType::I32] && kind.results() == [ValType::I32]);
            let list = if fits { &mut self.functions } else { &mut self.wrong };
            if !list.iter().any(|known| known == name) {
                list.push(name.to_owned());
            }
        }
    }
}
