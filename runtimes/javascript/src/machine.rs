//! The interpreter of an instance: a context, and in it the script's main module.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::context::intrinsic::{
    Date, Eval, Json, MapSet, Promise, Proxy, RegExp, RegExpCompiler, TypedArrays, WeakRef,
};
use rquickjs::{Context, Ctx, Module, Object, Persistent, Runtime};

use crate::exports::skep::runtime::guest::Failure;
use crate::failure::{caught, plain};
use crate::modules::{self, Bytecode, Paths};
use crate::script::{self, Style};
use crate::{event_loop, globals, seed};

/// Bytes of the stack of scripts, in the instance's memory. The host's stack, of a MiB, lasts for longer.
const STACK_BYTES_MAX: usize = 256 << 10;

/// All of the language; `performance` and `atob` are ours.
type Language = (Date, Eval, RegExpCompiler, RegExp, Json, Proxy, MapSet, TypedArrays, Promise, WeakRef);

thread_local! {
    /// The context that was there when the component was made.
    static STARTED: RefCell<Option<Context>> = const { RefCell::new(None) };
    static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
}

/// A script that is loaded.
struct Loaded {
    /// What the main module exports, if it was evaluated.
    namespace: Option<Persistent<Object<'static>>>,
    main: Vec<u8>,
    context: Context,
}

/// Makes a context before there is an instance to make it for.
pub(crate) fn start() {
    let context = fresh().unwrap_or_else(|failure| panic!("{}", failure.message));
    context.with(|ctx| seed::find(&ctx));
    STARTED.set(Some(context));
}

/// A context with all that scripts find in it, and nothing that another instance's has.
pub(crate) fn context() -> Result<Context, Failure> {
    let context = match STARTED.take() {
        Some(context) => context,
        None => fresh()?,
    };
    context.with(|ctx| {
        seed::renew(&ctx);
        caught(&ctx, globals::add_own(&ctx))
    })?;
    Ok(context)
}

/// A context with what is the same in all instances.
fn fresh() -> Result<Context, Failure> {
    let failed = |error: rquickjs::Error| plain(format!("the interpreter cannot be started: {error}"));
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_max_stack_size(STACK_BYTES_MAX);
    // Most calls are over before there is anything to collect.
    runtime.set_gc_threshold(8 << 20);
    event_loop::track_rejections(&runtime);
    let context = Context::custom::<Language>(&runtime).map_err(failed)?;
    context.with(|ctx| caught(&ctx, globals::add(&ctx)))?;
    Ok(context)
}

/// Makes a script ready.
pub(crate) fn load(content: &[u8]) -> Result<(), Failure> {
    let (style, mut modules) =
        script::decode(content).ok_or_else(|| plain("this is no script of this version of the runtime"))?;
    if modules.is_empty() {
        return Err(plain("this script has no modules"));
    }
    let script::Module { path, bytecode: main } = modules.remove(0);
    let others: HashMap<_, _> = modules.into_iter().map(|module| (module.path, module.bytecode)).collect();
    let (others, known) = (Rc::new(others), Rc::new(main.clone()));
    let context = context()?;
    let paths = others.clone();
    context.runtime().set_loader(
        Paths(Rc::new(move |known| known == path || paths.contains_key(known))),
        Bytecode(others),
    );
    let namespace = match style {
        Style::Command => None,
        Style::Module => Some(context.with(|ctx| {
            let namespace = evaluate(&ctx, &known)?;
            Ok::<_, Failure>(Persistent::save(&ctx, namespace))
        })?),
    };
    LOADED.set(Some(Loaded { namespace, main, context }));
    Ok(())
}

/// Evaluates a module to its end, and gives what it exports.
fn evaluate<'js>(ctx: &Ctx<'js>, bytecode: &[u8]) -> Result<Object<'js>, Failure> {
    let module = caught(ctx, modules::declare(ctx, bytecode))?;
    evaluate_module(ctx, module)
}

/// The same of a module that is declared.
pub(crate) fn evaluate_module<'js>(
    ctx: &Ctx<'js>,
    module: Module<'js, rquickjs::module::Declared>,
) -> Result<Object<'js>, Failure> {
    let (module, done) = caught(ctx, module.eval())?;
    event_loop::settle(ctx, done)?;
    caught(ctx, module.namespace())
}

/// Does something with what the main module exports.
pub(crate) fn with_loaded<T>(
    work: impl for<'js> FnOnce(&Object<'js>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    LOADED.with_borrow(|loaded| {
        let loaded = loaded.as_ref().ok_or_else(|| plain("no script is loaded"))?;
        let namespace = loaded.namespace.clone();
        let namespace = namespace.ok_or_else(|| plain("this script exports nothing; run it as a command"))?;
        loaded.context.with(|ctx| {
            let namespace = caught(&ctx, namespace.restore(&ctx))?;
            work(&namespace)
        })
    })
}

/// Runs the main module as a command, until nothing is left to be done.
pub(crate) fn run_main() -> Result<u8, Failure> {
    LOADED.with_borrow(|loaded| {
        let loaded = loaded.as_ref().ok_or_else(|| plain("no script is loaded"))?;
        loaded.context.with(|ctx| {
            let ended = evaluate(&ctx, &loaded.main).and_then(|_| event_loop::drain(&ctx));
            let ended = ended.and_then(|()| event_loop::unhandled(&ctx).map_or(Ok(()), Err));
            globals::process::exit_code(&ctx, ended)
        })
    })
}
