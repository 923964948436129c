//! JSON ⇄ the component model's values.
//!
//! Every WIT type but resources and streams: 64-bit integers are exact JSON integers, read also from
//! strings; `list<u8>` is base64, read also from an array; `option` is null or the value, and a
//! nested one `{"some": …}`; `result` is `{"ok": …}` or `{"err": …}`; `variant` is
//! `{"case": "c", "value": …}`; flags are a list of names; what JSON cannot say of floats is a string.

mod parse;
mod render;
mod wit;

pub(crate) use self::parse::parse;
pub(crate) use self::render::render;
pub(crate) use self::wit::{check_types, function_wit, type_wit};

use wasmtime::component::Type;

/// Whether `null` would be ambiguous as the value inside an `option` of this type.
fn is_nullable(ty: &Type) -> bool {
    matches!(ty, Type::Option(_))
}
