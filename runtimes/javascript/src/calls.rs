//! Calls of exported functions with JSON.

use rquickjs::function::Args;
use rquickjs::{Array, Function, Object, Value};

use crate::event_loop;
use crate::exports::skep::runtime::guest::Failure;
use crate::failure::caught;

/// The function that takes all arguments as one.
pub(crate) const HANDLER: &str = "handler";

/// Calls a function and waits for what it promises. Nothing is `null`.
pub(crate) fn call(main: &Object<'_>, name: &str, arguments: &str) -> Result<String, Failure> {
    let ctx = main.ctx();
    let function: Function<'_> = caught(ctx, main.get(name))?;
    let event = caught(ctx, ctx.json_parse(arguments))?;
    let result: rquickjs::Result<Value<'_>> =
        if name == HANDLER { function.call((event,)) } else { spread(&function, event) };
    let result = event_loop::settle_value(ctx, caught(ctx, result)?)?;
    if let Some(failure) = event_loop::unhandled(ctx) {
        eprintln!("a promise was rejected where nobody looks: {}", failure.message);
    }
    let json = caught(ctx, ctx.json_stringify(result))?;
    let json = json.map_or(Ok("null".to_owned()), |json| caught(ctx, json.to_string()))?;
    Ok(well_formed(&json))
}

/// JSON without the halves of characters that a script may have cut apart: they are no text for anybody else.
fn well_formed(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        // What is whole is written as it is: of surrogates only halves are escaped.
        let (escape, length) = match rest.as_bytes()[at..] {
            [_, b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => ("\\ufffd", 6),
            _ => (&rest[at..at + 2], 2),
        };
        text.push_str(&rest[..at]);
        text.push_str(escape);
        rest = &rest[at + length..];
    }
    text + rest
}

fn spread<'js>(function: &Function<'js>, arguments: Value<'js>) -> rquickjs::Result<Value<'js>> {
    let ctx = function.ctx().clone();
    let arguments = Array::from_value(arguments)?;
    let mut spread = Args::new(ctx, arguments.len());
    for argument in arguments.iter::<Value<'js>>() {
        spread.push_arg(argument?)?;
    }
    spread.apply(function)
}
