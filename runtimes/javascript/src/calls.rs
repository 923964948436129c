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
    json.map_or(Ok("null".to_owned()), |json| caught(ctx, json.to_string()))
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
