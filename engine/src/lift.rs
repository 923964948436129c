//! A core module without imports to a component: its numeric exports are lifted.
//!
//! `i32` becomes `s32`, `i64` `s64`, `f32` and `f64` themselves; `add_two` becomes `add-two`, since
//! component names are kebab-case. Exports that cannot be lifted (several results, references,
//! more than 16 parameters, a name that is not ASCII) are left out; a module with none that can is refused.

use std::collections::HashSet;

use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentTypeSection, ComponentValType, ExportKind, InstanceSection,
    PrimitiveValType, RawSection,
};
use wasmparser::{CompositeInnerType, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use crate::error::Rejected;

/// Parameters of a function that is lifted: more need a memory to be passed in.
const PARAMETERS_MAX: usize = 16;
/// Functions of one module that are lifted at most.
const EXPORTS_MAX: usize = 1000;

/// Lifts a valid core module that has no imports.
pub(crate) fn lift(module: &[u8]) -> Result<Vec<u8>, Rejected> {
    let exports = numeric_exports(module)
        .map_err(|error| Rejected(format!("this core module cannot be read: {error}")))?
        .ok_or_else(|| Rejected(format!("this core module exports more than {EXPORTS_MAX} functions")))?;
    if exports.is_empty() {
        return Err(Rejected(
            "this core module exports no function with only numbers as parameters and at most one as result; \
             export one, or build a component"
                .into(),
        ));
    }
    Ok(component(module, &exports))
}

struct Export<'a> {
    core_name: &'a str,
    name: String,
    parameters: Vec<PrimitiveValType>,
    result: Option<PrimitiveValType>,
}

fn component(module: &[u8], exports: &[Export<'_>]) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&RawSection { id: 1, data: module });
    let mut instances = InstanceSection::new();
    instances.instantiate::<_, &str>(0, []);
    component.section(&instances);

    let mut aliases = ComponentAliasSection::new();
    let mut types = ComponentTypeSection::new();
    let mut functions = CanonicalFunctionSection::new();
    let mut names = ComponentExportSection::new();
    for (index, export) in (0u32..).zip(exports) {
        aliases.alias(Alias::CoreInstanceExport {
            instance: 0,
            kind: ExportKind::Func,
            name: export.core_name,
        });
        let names_of: Vec<String> = (0..export.parameters.len()).map(|place| format!("p{place}")).collect();
        let parameters = names_of.iter().map(String::as_str);
        let types_of = export.parameters.iter().map(|ty| ComponentValType::Primitive(*ty));
        types
            .function()
            .params(parameters.zip(types_of))
            .result(export.result.map(ComponentValType::Primitive));
        functions.lift(index, index, []);
        names.export(&*export.name, ComponentExportKind::Func, index, None);
    }
    component.section(&aliases).section(&types).section(&functions).section(&names);
    component.finish()
}

/// Nothing, where there are more than may be.
fn numeric_exports(module: &[u8]) -> wasmparser::Result<Option<Vec<Export<'_>>>> {
    let mut names = HashSet::new();
    let mut types: Vec<Option<FuncType>> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut exports: Vec<Export<'_>> = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(function) => Some(function),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) = import?.ty {
                        functions.push(ty);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    functions.push(ty?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let function = (export.kind == ExternalKind::Func)
                        .then(|| functions.get(export.index as usize))
                        .flatten()
                        .and_then(|ty| types.get(*ty as usize)?.as_ref());
                    let lifted = function.and_then(|function| liftable(export.name, function));
                    // Two core names can become one; the first keeps it.
                    exports.extend(lifted.filter(|new| names.insert(new.name.clone())));
                    if exports.len() > EXPORTS_MAX {
                        return Ok(None);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Some(exports))
}

fn liftable<'a>(core_name: &'a str, function: &FuncType) -> Option<Export<'a>> {
    let primitive = |ty: &ValType| match ty {
        ValType::I32 => Some(PrimitiveValType::S32),
        ValType::I64 => Some(PrimitiveValType::S64),
        ValType::F32 => Some(PrimitiveValType::F32),
        ValType::F64 => Some(PrimitiveValType::F64),
        ValType::V128 | ValType::Ref(_) => None,
    };
    let result = match function.results() {
        [] => None,
        [one] => Some(primitive(one)?),
        _ => return None,
    };
    if function.params().len() > PARAMETERS_MAX {
        return None;
    }
    let parameters = function.params().iter().map(primitive).collect::<Option<_>>()?;
    Some(Export { core_name, name: kebab(core_name)?, parameters, result })
}

/// `addTwo`, `add_two` and `_add.two` to `add-two`; nothing where no letter begins a word.
fn kebab(name: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    if !name.is_ascii() {
        return None;
    }
    for character in name.chars() {
        if !character.is_ascii_alphanumeric() {
            words.push(String::new());
            lower = false;
            continue;
        }
        if words.is_empty() || lower && character.is_ascii_uppercase() {
            words.push(String::new());
        }
        lower = !character.is_ascii_uppercase();
        words.last_mut()?.push(character.to_ascii_lowercase());
    }
    words.retain(|word| !word.is_empty());
    let valid = !words.is_empty()
        && words.iter().all(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    valid.then(|| words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_kebab_case() {
        let cases = [("add", Some("add")), ("add_two", Some("add-two")), ("addTwo", Some("add-two"))];
        let more = [("_start", Some("start")), ("2d", None), ("", None), ("a.b", Some("a-b"))];
        for (core, expected) in cases.into_iter().chain(more) {
            assert_eq!(kebab(core).as_deref(), expected, "{core}");
        }
    }

    #[test]
    fn a_module_without_a_numeric_export_is_refused() {
        let module = wat::parse_str("(module (memory (export \"m\") 1))").expect("text");
        assert!(lift(&module).is_err());
    }
}
