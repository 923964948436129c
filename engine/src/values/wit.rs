//! Types as WIT text, and the check that a type can be spoken in JSON.

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use crate::limits::NESTING_MAX;

/// Bytes of a type's text at most: a small component can have a type whose text is endless.
const TEXT_BYTES_MAX: usize = 2048;
/// Types within one function's type that are looked at; a function with more cannot be called.
const TYPES_MAX: usize = 10_000;

/// `func(a: u32) -> string`.
pub(crate) fn function_wit(function: &ComponentFunc) -> String {
    let mut text = String::from(if function.async_() { "async func(" } else { "func(" });
    for (index, (name, ty)) in function.params().enumerate() {
        push(&mut text, if index > 0 { ", " } else { "" });
        push(&mut text, name);
        push(&mut text, ": ");
        write(&mut text, &ty);
    }
    push(&mut text, ")");
    if let Some(result) = function.results().next() {
        push(&mut text, " -> ");
        write(&mut text, &result);
    }
    text
}

/// A type as WIT would write it where it is used. The component keeps no names of its records, so
/// they are written out, up to a limit.
pub(crate) fn type_wit(ty: &Type) -> String {
    let mut text = String::new();
    write(&mut text, ty);
    text
}

/// Adds to a text until it is full; then a mark, once.
fn push(text: &mut String, more: &str) {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    let room = more.floor_char_boundary(TEXT_BYTES_MAX);
    text.push_str(&more[..room]);
    if text.len() > TEXT_BYTES_MAX {
        text.push('…');
    }
}

fn write(text: &mut String, ty: &Type) {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    match ty {
        Type::Bool => push(text, "bool"),
        Type::S8 => push(text, "s8"),
        Type::U8 => push(text, "u8"),
        Type::S16 => push(text, "s16"),
        Type::U16 => push(text, "u16"),
        Type::S32 => push(text, "s32"),
        Type::U32 => push(text, "u32"),
        Type::S64 => push(text, "s64"),
        Type::U64 => push(text, "u64"),
        Type::Float32 => push(text, "f32"),
        Type::Float64 => push(text, "f64"),
        Type::Char => push(text, "char"),
        Type::String => push(text, "string"),
        Type::Own(_) => push(text, "resource"),
        Type::Borrow(_) => push(text, "borrow<resource>"),
        Type::Future(_) => push(text, "future"),
        Type::Stream(_) => push(text, "stream"),
        Type::ErrorContext => push(text, "error-context"),
        Type::List(list) => around(text, "list<", [Some(list.ty())], ">"),
        Type::FixedLengthList(list) => {
            around(text, "list<", [Some(list.ty())], &format!(", {}>", list.len()))
        }
        Type::Map(map) => around(text, "map<", [Some(map.key()), Some(map.value())], ">"),
        Type::Option(option) => around(text, "option<", [Some(option.ty())], ">"),
        Type::Tuple(tuple) => around(text, "tuple<", tuple.types().map(Some), ">"),
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => push(text, "result"),
            (ok, None) => around(text, "result<", [ok], ">"),
            (ok, err) => around(text, "result<", [ok, err], ">"),
        },
        Type::Record(record) => {
            named(text, "record", record.fields().map(|f| (f.name, ": ", Some(f.ty), "")))
        }
        Type::Variant(variant) => named(
            text,
            "variant",
            variant.cases().map(|case| match case.ty {
                Some(ty) => (case.name, "(", Some(ty), ")"),
                None => (case.name, "", None, ""),
            }),
        ),
        Type::Enum(names) => named(text, "enum", names.names().map(|name| (name, "", None, ""))),
        Type::Flags(names) => named(text, "flags", names.names().map(|name| (name, "", None, ""))),
    }
}

/// `list<u8>`; what has no type is `_`.
fn around(text: &mut String, begin: &str, types: impl IntoIterator<Item = Option<Type>>, end: &str) {
    push(text, begin);
    for (index, ty) in types.into_iter().enumerate() {
        push(text, if index > 0 { ", " } else { "" });
        match ty {
            Some(ty) => write(text, &ty),
            None => push(text, "_"),
        }
    }
    push(text, end);
}

/// `record { a: u8, b: string }`
fn named<'a>(
    text: &mut String,
    keyword: &str,
    members: impl Iterator<Item = (&'a str, &'a str, Option<Type>, &'a str)>,
) {
    push(text, keyword);
    push(text, " { ");
    for (index, (name, begin, ty, end)) in members.enumerate() {
        push(text, if index > 0 { ", " } else { "" });
        push(text, name);
        push(text, begin);
        ty.iter().for_each(|ty| write(text, ty));
        push(text, end);
    }
    push(text, " }");
}

/// Says why the types of a function cannot be spoken in JSON, if they cannot.
pub(crate) fn check_types(types: impl Iterator<Item = Type>) -> Result<(), String> {
    let mut left = TYPES_MAX;
    types.into_iter().try_for_each(|ty| check(&ty, 0, &mut left))
}

fn check(ty: &Type, depth: usize, left: &mut usize) -> Result<(), String> {
    if depth > NESTING_MAX {
        return Err(format!("a type nests deeper than {NESTING_MAX}"));
    }
    *left = left.checked_sub(1).ok_or_else(|| format!("its type has more than {TYPES_MAX} parts"))?;
    let mut check = |ty: &Type| check(ty, depth + 1, left);
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
