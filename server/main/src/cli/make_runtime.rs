//! Makes a runtime that does not come with the server: Python, of PyPI's componentize-py and our own files.

use std::process::{Command, Stdio};

use super::failure::Failure;
use super::output::Output;
use crate::runtimes;
use include_dir::{Dir, include_dir};

/// The source of the Python runtime, with its build script.
static PYTHON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../runtimes/python");
/// The worlds of runtimes.
const WIT: [(&str, &str); 2] = [
    ("runtime.wit", include_str!("../../../../runtimes/wit/runtime.wit")),
    ("http.wit", include_str!("../../../../runtimes/wit/http.wit")),
];

/// The interfaces of WASI, a package a file.
const WASI: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/wasi.rs"));

/// Makes the component of a runtime.
pub(super) fn make(name: &str, output: Output) -> Result<Vec<u8>, Failure> {
    if let Some(component) = runtimes::built_in(name) {
        return Ok(component.to_vec());
    }
    if name != "python" {
        return Err(Failure::Usage(format!(
            "name the file with the component of {name}: skep runtimes add {name} FILE"
        )));
    }
    output.remark("making the Python runtime with pip's componentize-py; this takes half a minute");
    let work = tempfile::tempdir().map_err(|error| local(&error))?;
    let (wit, built) = (work.path().join("wit"), work.path().join("python.wasm"));
    PYTHON.extract(work.path()).map_err(|error| local(&error))?;
    let written = std::fs::create_dir_all(wit.join("deps")).and_then(|()| {
        for (name, text) in WIT {
            std::fs::write(wit.join(name), text)?;
        }
        WASI.iter().try_for_each(|(name, text)| std::fs::write(wit.join("deps").join(name), text))
    });
    written.map_err(|error| local(&error))?;
    let mut build = Command::new("bash");
    build.arg(work.path().join("build")).arg("--out").arg(&built).env("SKEP_WIT", &wit);
    // What it says is for people; stdout is for what this command says itself.
    let status = build.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    match status.map_err(|error| local(&error))?.code() {
        Some(0) => std::fs::read(&built).map_err(|error| local(&error)),
        _ => Err(Failure::Local(
            "the Python runtime could not be made here; make it elsewhere and name its file: skep runtimes add python FILE"
                .into(),
        )),
    }
}

fn local(error: &std::io::Error) -> Failure {
    Failure::Local(format!("the runtime cannot be made: {error}"))
}
