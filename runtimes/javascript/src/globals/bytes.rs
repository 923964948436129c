//! Bytes and texts, and random numbers.

use rquickjs::{Ctx, Function, Object, Result, TypedArray};

pub(super) fn add<'js>(ctx: &Ctx<'js>, skep: &Object<'js>) -> Result<()> {
    skep.set("encode", Function::new(ctx.clone(), encode)?)?;
    skep.set("decode", Function::new(ctx.clone(), decode)?)?;
    skep.set("random", Function::new(ctx.clone(), random)?)
}

/// A text as UTF-8.
fn encode<'js>(ctx: Ctx<'js>, text: rquickjs::Coerced<String>) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, text.0)
}

/// UTF-8 as a text; what is none is replaced, or refused where `fatal`.
fn decode(ctx: Ctx<'_>, bytes: TypedArray<'_, u8>, fatal: bool) -> Result<String> {
    match String::from_utf8_lossy(&copied(&bytes)) {
        std::borrow::Cow::Owned(_) if fatal => {
            Err(rquickjs::Exception::throw_type(&ctx, "the encoded data is not valid UTF-8"))
        }
        text => Ok(text.into_owned()),
    }
}

/// What an array of bytes has now.
pub(crate) fn copied(bytes: &TypedArray<'_, u8>) -> Vec<u8> {
    // SAFETY: no script runs while this copies, so nobody takes the buffer away.
    unsafe { bytes.as_bytes() }.unwrap_or_default().to_vec()
}

fn random<'js>(ctx: Ctx<'js>, length: u32) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, wasip2::random::random::get_random_bytes(u64::from(length)))
}
