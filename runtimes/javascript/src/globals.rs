//! What scripts find beside the language itself: what the web has for servers. The parts that are written in
//! JavaScript are compiled when they are first asked for.

pub(crate) mod bytes;
mod console;
pub(crate) mod process;
mod timers;
mod urls;

use rquickjs::{Ctx, Function, Object, Result};

use crate::http::outgoing;

/// A part in JavaScript, and the names that it defines. It is a function body that is given our own functions, as
/// `skep`, and returns an object with the names.
struct Part {
    file: &'static str,
    text: &'static str,
    names: &'static [&'static str],
}

const PARTS: [Part; 4] = [
    Part { file: "skep:console", text: include_str!("prelude/console.js"), names: &["console"] },
    Part {
        file: "skep:encoding",
        text: include_str!("prelude/encoding.js"),
        names: &["TextEncoder", "TextDecoder", "atob", "btoa", "crypto"],
    },
    Part { file: "skep:url", text: include_str!("prelude/url.js"), names: &["URL", "URLSearchParams"] },
    Part {
        file: "skep:fetch",
        text: include_str!("prelude/fetch.js"),
        names: &["Headers", "Request", "Response", "ReadableStream", "fetch"],
    },
];

/// Adds what is the same in all instances to a new context.
pub(crate) fn add<'js>(ctx: &Ctx<'js>) -> Result<()> {
    let skep = Object::new(ctx.clone())?;
    bytes::add(ctx, &skep)?;
    console::add(ctx, &skep)?;
    urls::add(ctx, &skep)?;
    outgoing::add(ctx, &skep)?;
    let globals = ctx.globals();
    timers::add(ctx, &globals)?;
    globals.set("self", globals.clone())?;
    let define: Function<'_> = ctx.eval(DEFINE)?;
    for part in PARTS {
        let load = Function::new(ctx.clone(), move |ctx: Ctx<'js>| load(&ctx, part.file, part.text))?;
        define.call::<_, ()>((load, skep.clone(), part.names.to_vec()))?;
    }
    let _ = ctx.store_userdata(Own(skep)).map_err(|_| rquickjs::Error::Unknown)?;
    Ok(())
}

/// Adds what an instance has of its own: its time, its arguments and environment.
pub(crate) fn add_own(ctx: &Ctx<'_>) -> Result<()> {
    let globals = ctx.globals();
    timers::begin(ctx, &globals)?;
    process::add(ctx, &globals)
}

/// Defines names that load their part when they are first read.
const DEFINE: &str = "(load, skep, names) => {
    let part;
    skep[names[0]] = () => (part ??= load()(skep));
    for (const name of names) {
        const set = (value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
        const get = () => (set(skep[names[0]]()[name]), globalThis[name]);
        Object.defineProperty(globalThis, name, { get, set, configurable: true });
    }
}";

fn load<'js>(ctx: &Ctx<'js>, file: &str, text: &str) -> Result<Function<'js>> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.filename = Some(file.to_owned());
    ctx.eval_with_options(format!("(skep) => {{{text}}}"), options)
}

/// Our own functions, for our own parts, with all that the parts for HTTP add to them.
pub(crate) fn own<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let own = ctx.userdata::<Own<'js>>().map(|own| own.0.clone()).ok_or(rquickjs::Error::Unknown)?;
    // Each part can be loaded by its first name, whatever a script makes of the globals.
    own.get::<_, Function<'js>>("Headers")?.call::<_, rquickjs::Value<'js>>(())?;
    Ok(own)
}

/// Keeps our own functions with the context.
struct Own<'js>(Object<'js>);

// SAFETY: the type has the lifetime of what it holds, and nothing else.
unsafe impl<'js> rquickjs::JsLifetime<'js> for Own<'js> {
    type Changed<'to> = Own<'to>;
}
