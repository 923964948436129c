//! TypeScript is another runtime's.

use rquickjs::{Ctx, Exception, Result};

pub(crate) fn has_types(path: &str) -> bool {
    path.ends_with(".ts") || path.ends_with(".mts")
}

pub(crate) fn strip(ctx: &Ctx<'_>, path: &str, _: &str) -> Result<String> {
    Err(Exception::throw_syntax(ctx, &format!("{path} is TypeScript, which the runtime typescript builds")))
}
