//! The binary `skep`.

use std::process::ExitCode;

fn main() -> ExitCode {
    skep::run()
}
