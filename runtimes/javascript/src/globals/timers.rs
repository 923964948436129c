//! `setTimeout` and its kin.

use rquickjs::prelude::{Opt, Rest};
use rquickjs::{Coerced, Ctx, Function, Object, Result, Value};

use crate::event_loop;

pub(super) fn add<'js>(ctx: &Ctx<'js>, globals: &Object<'js>) -> Result<()> {
    globals.set(
        "setTimeout",
        Function::new(ctx.clone(), |ctx, callback, delay, rest| set(&ctx, callback, delay, rest, false))?,
    )?;
    globals.set(
        "setInterval",
        Function::new(ctx.clone(), |ctx, callback, delay, rest| set(&ctx, callback, delay, rest, true))?,
    )?;
    globals.set("clearTimeout", Function::new(ctx.clone(), clear)?)?;
    globals.set("clearInterval", Function::new(ctx.clone(), clear)?)?;
    let microtask = ctx.eval::<Function<'_>, _>("(callback) => { Promise.resolve().then(callback); }")?;
    globals.set("queueMicrotask", microtask)
}

/// Adds the clock that begins now.
pub(super) fn begin<'js>(ctx: &Ctx<'js>, globals: &Object<'js>) -> Result<()> {
    let performance = Object::new(ctx.clone())?;
    let begin = wasip2::clocks::monotonic_clock::now();
    let now = move || (wasip2::clocks::monotonic_clock::now() - begin) as f64 / 1e6;
    performance.set("now", Function::new(ctx.clone(), now)?)?;
    globals.set("performance", performance)
}

fn set<'js>(
    ctx: &Ctx<'js>,
    callback: Function<'js>,
    delay: Opt<Coerced<f64>>,
    rest: Rest<Value<'js>>,
    repeats: bool,
) -> Result<u64> {
    let callback = match rest.0.is_empty() {
        true => callback,
        false => {
            let bind: Function<'js> = callback.get("bind")?;
            let mut all = rquickjs::function::Args::new(ctx.clone(), rest.0.len() + 1);
            all.this(callback)?;
            all.push_arg(rquickjs::Undefined)?;
            all.push_args(rest.0)?;
            all.apply(&bind)?
        }
    };
    event_loop::set_timer(ctx, callback, delay.0.map_or(0.0, |delay| delay.0), repeats)
}

fn clear(number: Opt<Option<f64>>) {
    if let Some(number) = number.0.flatten() {
        event_loop::clear_timer(number as u64);
    }
}
