//! Makes runtimes that do not come with the server, of what a registry has and our own files.

mod clang;
mod python;

use super::failure::Failure;
use super::output::Output;
use crate::runtimes;

/// Makes the component of a runtime.
pub(super) fn make(name: &str, output: Output) -> Result<Vec<u8>, Failure> {
    if let Some(component) = runtimes::built_in(name) {
        return Ok(component.to_vec());
    }
    let work = tempfile::tempdir().map_err(|error| local(&error))?;
    let made = match name {
        "python" => {
            output.remark("making the Python runtime with pip's componentize-py; this takes half a minute");
            python::make(work.path())
        }
        "c" | "cpp" => {
            output.remark("making the runtime for C and C++ of npm's @yowasp/clang (27 MB)");
            clang::make(work.path())
        }
        _ => {
            return Err(Failure::Usage(format!(
                "{name} is none of python, c and cpp; name the file with its component: skep runtimes add {name} FILE"
            )));
        }
    };
    made.map_err(|failure| match failure {
        Failure::Local(why) => Failure::Local(format!(
            "{why}; make it elsewhere with 'skep runtimes make {name} FILE', and add that file: skep runtimes add {name} FILE"
        )),
        other => other,
    })
}

fn local(error: &std::io::Error) -> Failure {
    Failure::Local(format!("the runtime cannot be made: {error}"))
}
