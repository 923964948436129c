//! Modules by path: resolved as the web does, read from source at a build and from bytecode afterwards.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Module, Result, WriteOptions};

use crate::{script, types};

/// What the end of a path may be left out of an import, and what else may stand for a folder.
pub(crate) const ENDS: [&str; 9] =
    ["", ".js", ".mjs", ".ts", ".mts", "/index.js", "/index.ts", ".json", "/index.mjs"];

/// Finds modules among paths.
pub(crate) struct Paths(pub(crate) Rc<dyn Fn(&str) -> bool>);

impl Resolver for Paths {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let found = candidate(base, name).and_then(|path| {
            let mut named = ENDS.iter().map(|end| format!("{path}{end}"));
            // TypeScript names its files as they will be called once they are JavaScript.
            let typed = path.strip_suffix("js").map(|stem| format!("{stem}ts"));
            named.find(|path| (self.0)(path)).or(typed.filter(|path| (self.0)(path)))
        });
        found.ok_or_else(|| {
            let message = format!("cannot find module '{name}', which {base} imports");
            Exception::throw_reference(ctx, &message)
        })
    }
}

/// The path that an import means: beside the file that has it; without a dot, from the top.
fn candidate(base: &str, name: &str) -> Option<String> {
    let is_relative = name.starts_with("./") || name.starts_with("../");
    let mut parts: Vec<&str> = if is_relative { base.split('/').collect() } else { vec![""] };
    parts.pop();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Loads modules of source, and keeps each as bytecode.
pub(crate) struct Sources {
    pub(crate) files: HashMap<String, Vec<u8>>,
    pub(crate) compiled: Rc<RefCell<Vec<script::Module>>>,
}

impl Sources {
    /// Compiles a module.
    pub(crate) fn declare<'js>(&mut self, ctx: &Ctx<'js>, path: &str) -> Result<Module<'js, Declared>> {
        let text = self.files.get(path).ok_or_else(|| Error::new_loading(path))?;
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(Exception::throw_syntax(ctx, &format!("{path} is not UTF-8")));
        };
        let is_json = path.ends_with(".json");
        let text = match path {
            _ if is_json => format!("export default {text}"),
            path if types::has_types(path) => types::strip(ctx, path, text)?,
            _ => text.to_owned(),
        };
        let module = Module::declare(ctx.clone(), path, text)?;
        let bytecode = module.write(WriteOptions::default())?;
        self.compiled.borrow_mut().push(script::Module { path: path.to_owned(), bytecode });
        Ok(module)
    }
}

impl Loader for Sources {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        self.declare(ctx, name)
    }
}

/// Loads modules of bytecode.
pub(crate) struct Bytecode(pub(crate) Rc<HashMap<String, Vec<u8>>>);

impl Loader for Bytecode {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let bytecode = self.0.get(name).ok_or_else(|| Error::new_loading(name))?;
        declare(ctx, bytecode)
    }
}

/// A module of bytecode.
pub(crate) fn declare<'js>(ctx: &Ctx<'js>, bytecode: &[u8]) -> Result<Module<'js, Declared>> {
    // SAFETY: bytecode is what this runtime has written; one that is given another can harm only itself, in
    // its own sandbox.
    unsafe { Module::load(ctx.clone(), bytecode) }
}
