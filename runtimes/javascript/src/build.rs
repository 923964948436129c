//! A build: compiles what the main file reaches, runs it once, and says what it offers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::{Ctx, Function, Module, Object, Value};

use crate::calls::HANDLER;
use crate::exports::skep::runtime::guest::{self, Failure, Source};
use crate::failure::{caught, plain};
use crate::modules::{self, Paths, Sources};
use crate::script::{self, Style};
use crate::{event_loop, http, machine};

/// The module that throws.
const STOP: &str = "skep:stop";
/// What a handler must look like.
const SIGNATURE: &str = "handler needs to have the following signature: function handler(event)";

pub(crate) fn build(source: Source) -> Result<guest::Script, Failure> {
    let Source { main, files } = source;
    let files: HashMap<String, Vec<u8>> = files.into_iter().map(|file| (file.path, file.content)).collect();
    let compiled = Rc::new(RefCell::new(Vec::new()));
    let context = machine::context()?;
    let mut sources = Sources { files: files.clone(), compiled: compiled.clone() };
    let names: Vec<String> = files.keys().cloned().collect();
    let known = Rc::new(move |path: &str| path == STOP || names.iter().any(|name| name == path));
    let loader = Sources { files, compiled: compiled.clone() };
    context.runtime().set_loader(Paths(known), loader);
    let built = context.with(|ctx| {
        let module = caught(&ctx, sources.declare(&ctx, &main))?;
        link(&ctx, &main)?;
        // What exports nothing is a command, and a command runs when it is called.
        let exports = caught(&ctx, module.namespace())?;
        let is_command = exports.keys::<String>().next().is_none();
        let offered = match is_command {
            true => Offered { style: Style::Command, functions: Vec::new(), http: false },
            false => offered(&machine::evaluate_module(&ctx, module)?)?,
        };
        compile_others(&ctx, &mut sources);
        // Modules are compiled before those that import them; the main one is to come first.
        compiled.borrow_mut().sort_by_key(|module| module.path != main);
        Ok(guest::Script {
            content: script::encode(offered.style, &compiled.borrow()),
            functions: offered.functions,
            command: is_command,
            http: offered.http,
        })
    });
    // What is still waited for holds parts of the context, which goes now.
    event_loop::clear();
    built
}

/// Compiles the modules that nothing imports by its name, for those that are imported by one that is made up.
fn compile_others(ctx: &Ctx<'_>, sources: &mut Sources) {
    let is_module = |path: &&String| modules::ENDS.iter().any(|end| !end.is_empty() && path.ends_with(end));
    let mut paths: Vec<String> = sources.files.keys().filter(is_module).cloned().collect();
    paths.sort_unstable();
    for path in paths {
        let is_there = sources.compiled.borrow().iter().any(|module| module.path == path);
        // One that cannot be compiled is not missed unless it is imported, and then that says so.
        if !is_there && sources.declare(ctx, &path).is_err() {
            ctx.catch();
        }
    }
}

/// Finds every module that the main one imports, without running any: a module imports it behind another one
/// that throws, so that all are linked and none is run.
fn link(ctx: &Ctx<'_>, main: &str) -> Result<(), Failure> {
    let stop = Module::declare(ctx.clone(), STOP, "throw undefined");
    caught(ctx, stop)?;
    let linking = format!("import {STOP:?}; import {main:?};");
    let module = caught(ctx, Module::declare(ctx.clone(), "skep:link", linking))?;
    let (_, stopped) = caught(ctx, module.eval())?;
    // As it must be.
    let _ = event_loop::settle(ctx, stopped);
    Ok(())
}

struct Offered {
    style: Style,
    functions: Vec<guest::Function>,
    http: bool,
}

/// What a module's exports are good for.
fn offered(exports: &Object<'_>) -> Result<Offered, Failure> {
    let ctx = exports.ctx();
    let mut functions = Vec::new();
    for property in exports.props::<String, Value<'_>>() {
        let (name, value) = caught(ctx, property)?;
        let Some(function) =
            value.as_function().filter(|function| !function.is_constructor() || !is_class(function))
        else {
            continue;
        };
        // One with a default, or that takes the rest, says that it takes none.
        if name == HANDLER && parameters(function) > 1 {
            return Err(plain(SIGNATURE));
        }
        if name != http::FETCH {
            functions.push(guest::Function { wit: wit(&name, function), name });
        }
    }
    let http = http::handler(exports).is_some();
    if functions.is_empty() && !http {
        return Err(plain(
            "nothing that is exported can be called: export function handler(event), other functions, or a default object with fetch(request)",
        ));
    }
    Ok(Offered { style: Style::Module, functions, http })
}

/// How many parameters a function has before one with a default.
fn parameters(function: &Function<'_>) -> usize {
    function.get("length").unwrap_or(0)
}

/// Classes cannot be called.
fn is_class(function: &Function<'_>) -> bool {
    let text = function
        .get::<_, Function<'_>>("toString")
        .and_then(|print| print.call::<_, String>((rquickjs::function::This(function.clone()),)));
    text.is_ok_and(|text| text.starts_with("class"))
}

fn wit(name: &str, function: &Function<'_>) -> String {
    if name == HANDLER {
        return "func(event: json) -> json".to_owned();
    }
    let parameters: Vec<String> = (0..parameters(function)).map(|place| format!("p{place}: json")).collect();
    format!("func({}) -> json", parameters.join(", "))
}
