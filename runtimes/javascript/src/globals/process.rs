//! `process`, as far as a command needs it: arguments, environment, stdin, and an exit.

use std::io::Read;

use rquickjs::prelude::Opt;
use rquickjs::{Coerced, Ctx, Function, Object, Result, qjs};

use crate::exports::skep::runtime::guest::Failure;

/// What is thrown to end a command, and the property that has its code.
const EXIT: &str = "__skepExit";

pub(super) fn add<'js>(ctx: &Ctx<'js>, globals: &Object<'js>) -> Result<()> {
    let process = Object::new(ctx.clone())?;
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    process.set("argv", [vec!["skep".to_owned(), name], arguments.collect()].concat())?;
    let env = Object::new(ctx.clone())?;
    for (name, value) in std::env::vars() {
        env.set(name, value)?;
    }
    process.set("env", env)?;
    process.set("exit", Function::new(ctx.clone(), exit)?)?;
    process.set("readStdin", Function::new(ctx.clone(), read_stdin)?)?;
    globals.set("process", process)
}

/// All that stdin has, as text.
fn read_stdin(ctx: Ctx<'_>) -> Result<String> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().read_to_end(&mut bytes);
    read.map_err(|error| {
        rquickjs::Exception::throw_message(&ctx, &format!("stdin cannot be read: {error}"))
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Ends the command: no `catch` and no `finally` goes on after it. Codes are a byte, as everywhere.
fn exit(ctx: Ctx<'_>, code: Opt<Coerced<i32>>) -> Result<()> {
    let code = code.0.map_or(0, |code| code.0) & 0xff;
    ctx.globals().set(EXIT, code)?;
    let error = rquickjs::Exception::from_message(ctx.clone(), "exit")?.into_value();
    // SAFETY: the value is alive, and stays what it is but for a mark.
    unsafe { qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), error.as_raw()) };
    Err(ctx.throw(error))
}

/// Whether the script has asked for its end.
pub(crate) fn has_exited(ctx: &Ctx<'_>) -> bool {
    ctx.globals().get::<_, Option<u8>>(EXIT).is_ok_and(|code| code.is_some())
}

/// How a command ended: by itself, by `process.exit`, or by an exception.
pub(crate) fn exit_code(
    ctx: &Ctx<'_>,
    ended: std::result::Result<(), Failure>,
) -> std::result::Result<u8, Failure> {
    match ctx.globals().get::<_, Option<u8>>(EXIT) {
        Ok(Some(code)) => Ok(code),
        _ => ended.map(|()| 0),
    }
}
