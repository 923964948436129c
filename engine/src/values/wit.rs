//! Types as WIT text, and the check that a type can be spoken in JSON.

use std::fmt::Write as _;

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use crate::limits::NESTING_MAX;

/// `func(a: u32) -> string`.
pub(crate) fn function_wit(function: &ComponentFunc) -> String {
    let parameters: Vec<String> =
        function.params().map(|(name, ty)| format!("{name}: {}", type_wit(&ty))).collect();
    let mut text = if function.async_() { String::from("async func(") } else { String::from("func(") };
    text.push_str(&parameters.join(", "));
    text.push(')');
    if let Some(result) = function.results().next() {
        let _ = write!(text, " -> {}", type_wit(&result));
    }
    text
}

/// A type as WIT would write it where it is used. The component keeps no names of its records, so
/// they are written out.
pub(crate) fn type_wit(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::S8 => "s8".into(),
        Type::U8 => "u8".into(),
        Type::S16 => "s16".into(),
        Type::U16 => "u16".into(),
        Type::S32 => "s32".into(),
        Type::U32 => "u32".into(),
        Type::S64 => "s64".into(),
        Type::U64 => "u64".into(),
        Type::Float32 => "f32".into(),
        Type::Float64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::List(list) => format!("list<{}>", type_wit(&list.ty())),
        Type::FixedLengthList(list) => format!("list<{}, {}>", type_wit(&list.ty()), list.len()),
        Type::Map(map) => format!("map<{}, {}>", type_wit(&map.key()), type_wit(&map.value())),
        Type::Record(record) => {
            let fields = record.fields().map(|field| format!("{}: {}", field.name, type_wit(&field.ty)));
            format!("record {{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Type::Tuple(tuple) => {
            let types: Vec<String> = tuple.types().map(|ty| type_wit(&ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        Type::Variant(variant) => {
            let cases = variant.cases().map(|case| match case.ty {
                Some(ty) => format!("{}({})", case.name, type_wit(&ty)),
                None => case.name.to_owned(),
            });
            format!("variant {{ {} }}", cases.collect::<Vec<_>>().join(", "))
        }
        Type::Enum(names) => format!("enum {{ {} }}", names.names().collect::<Vec<_>>().join(", ")),
        Type::Flags(names) => format!("flags {{ {} }}", names.names().collect::<Vec<_>>().join(", ")),
        Type::Option(option) => format!("option<{}>", type_wit(&option.ty())),
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => "result".into(),
            (Some(ok), None) => format!("result<{}>", type_wit(&ok)),
            (None, Some(err)) => format!("result<_, {}>", type_wit(&err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", type_wit(&ok), type_wit(&err)),
        },
        Type::Own(_) => "resource".into(),
        Type::Borrow(_) => "borrow<resource>".into(),
        Type::Future(_) => "future".into(),
        Type::Stream(_) => "stream".into(),
        Type::ErrorContext => "error-context".into(),
    }
}

/// Says why a type cannot be spoken in JSON, if it cannot.
pub(crate) fn check_type(ty: &Type, depth: usize) -> Result<(), String> {
    if depth > NESTING_MAX {
        return Err(format!("a type nests deeper than {NESTING_MAX}"));
    }
    let check = |ty: &Type| check_type(ty, depth + 1);
    match ty {
        Type::Own(_) | Type::Borrow(_) => Err("resources have no JSON form".into()),
        Type::Future(_) | Type::Stream(_) => Err("futures and streams have no JSON form".into()),
        Type::ErrorContext => Err("error contexts have no JSON form".into()),
        Type::List(list) => check(&list.ty()),
        Type::FixedLengthList(list) => check(&list.ty()),
        Type::Map(map) => check(&map.key()).and_then(|()| check(&map.value())),
        Type::Record(record) => record.fields().try_for_each(|field| check(&field.ty)),
        Type::Tuple(tuple) => tuple.types().try_for_each(|ty| check(&ty)),
        Type::Variant(variant) => variant.cases().filter_map(|case| case.ty).try_for_each(|ty| check(&ty)),
        Type::Option(option) => check(&option.ty()),
        Type::Result(result) => result.ok().into_iter().chain(result.err()).try_for_each(|ty| check(&ty)),
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::Float32
        | Type::Float64
        | Type::Char
        | Type::String
        | Type::Enum(_)
        | Type::Flags(_) => Ok(()),
    }
}
