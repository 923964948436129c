//! The Python runtime: CPython by PyPI's componentize-py, and our own files.

use std::path::Path;
use std::process::{Command, Stdio};

use include_dir::{Dir, include_dir};

use super::local;
use crate::cli::failure::Failure;

/// The source of the runtime, with its build script.
static PYTHON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../runtimes/python");
/// The worlds of runtimes.
const WIT: [(&str, &str); 2] = [
    ("runtime.wit", include_str!("../../../../../runtimes/wit/runtime.wit")),
    ("http.wit", include_str!("../../../../../runtimes/wit/http.wit")),
];

/// The interfaces of WASI, a package a file.
const WASI: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/wasi.rs"));

/// Runs the build script with pip's tools.
pub(super) fn make(work: &Path) -> Result<Vec<u8>, Failure> {
    let (wit, built) = (work.join("wit"), work.join("python.wasm"));
    PYTHON.extract(work).map_err(|error| local(&error))?;
    let written = std::fs::create_dir_all(wit.join("deps")).and_then(|()| {
        for (name, text) in WIT {
            std::fs::write(wit.join(name), text)?;
        }
        WASI.iter().try_for_each(|(name, text)| std::fs::write(wit.join("deps").join(name), text))
    });
    written.map_err(|error| local(&error))?;
    let mut build = Command::new("bash");
    build.arg(work.join("build")).arg("--out").arg(&built).env("SKEP_WIT", &wit);
    // What it says is for people; stdout is for what this command says itself.
    let status = build.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    match status.map_err(|error| local(&error))?.code() {
        Some(0) => std::fs::read(&built).map_err(|error| local(&error)),
        _ => Err(Failure::Local("the build of the Python runtime failed".into())),
    }
}
