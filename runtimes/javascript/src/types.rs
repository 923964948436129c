//! TypeScript: types are taken out and nothing else is done, so that what is left stands where it stood. What would have
//! to be translated (enums, namespaces, parameter properties) is refused.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes_str::BytesStr;
use rquickjs::{Ctx, Exception, Result};
use swc_common::errors::{DiagnosticBuilder, Emitter, HANDLER, Handler};
use swc_common::source_map::FileLoader;
use swc_common::sync::Lrc;
use swc_common::{FilePathMapping, GLOBALS, Globals, SourceMap};
use swc_ts_fast_strip::{Options, operate};

/// The ends of TypeScript's files.
const ENDS: [&str; 2] = [".ts", ".mts"];

pub(crate) fn has_types(path: &str) -> bool {
    ENDS.iter().any(|end| path.ends_with(end))
}

/// A module without its types.
pub(crate) fn strip(ctx: &Ctx<'_>, path: &str, text: &str) -> Result<String> {
    let sources = Lrc::new(SourceMap::with_file_loader(Box::new(NoFiles), FilePathMapping::empty()));
    let first = First { sources: sources.clone(), said: Arc::default() };
    let said = first.said.clone();
    let handler = Handler::with_emitter(false, false, Box::new(first));
    let options = Options { module: Some(true), filename: Some(path.to_owned()), ..Options::default() };
    let stripped = GLOBALS.set(&Globals::default(), || {
        HANDLER.set(&handler, || operate(&sources, &handler, text.to_owned(), options))
    });
    stripped.map(|output| output.code).map_err(|error| {
        let said = said.lock().unwrap_or_else(PoisonError::into_inner).take();
        let message = said.unwrap_or_else(|| format!("{} ({path})", error.message));
        Exception::throw_syntax(ctx, &message)
    })
}

/// There are none, and nothing of the component looks for directories as it starts.
struct NoFiles;

impl FileLoader for NoFiles {
    fn file_exists(&self, _: &Path) -> bool {
        false
    }

    fn abs_path(&self, _: &Path) -> Option<PathBuf> {
        None
    }

    fn read_file(&self, _: &Path) -> io::Result<BytesStr> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Keeps the first thing that is wrong, with its place.
struct First {
    sources: Lrc<SourceMap>,
    said: Arc<Mutex<Option<String>>>,
}

impl Emitter for First {
    fn emit(&mut self, diagnostic: &mut DiagnosticBuilder<'_>) {
        let place = diagnostic.span.primary_span().map(|span| {
            let at = self.sources.lookup_char_pos(span.lo);
            format!(" ({}:{}:{})", at.file.name, at.line, at.col.0 + 1)
        });
        let message = format!("{}{}", diagnostic.message(), place.unwrap_or_default());
        self.said.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
    }
}
