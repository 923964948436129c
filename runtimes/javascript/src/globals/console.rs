//! Where the console writes.

use std::io::Write;

use rquickjs::{Ctx, Function, Object, Result};

pub(super) fn add<'js>(ctx: &Ctx<'js>, skep: &Object<'js>) -> Result<()> {
    skep.set("print", Function::new(ctx.clone(), print)?)
}

/// Writes a line. Who cannot be heard goes on.
fn print(is_error: bool, line: String) {
    let _ = match is_error {
        true => writeln!(std::io::stderr(), "{line}"),
        false => writeln!(std::io::stdout(), "{line}"),
    };
}
