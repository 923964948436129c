//! `skep deploy`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::client::Client;
use super::failure::{self, Failure};
use super::output::{Output, cell};

#[derive(Args)]
pub(super) struct Arguments {
    /// The component, module or WebAssembly text
    file: PathBuf,
    /// The function's name [default: the file's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn deploy(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let bytes = std::fs::read(&arguments.file).map_err(failure::file(&arguments.file))?;
    let stem = arguments.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = arguments.name.or(stem).unwrap_or_default();
    let uploaded = client.put(&format!("/v1/functions/{name}"), &bytes)?;
    output.value(&uploaded, |uploaded| {
        let exports = uploaded["function"]["exports"].as_array().into_iter().flatten();
        let exports =
            exports.map(|export| format!("\n  {}: {}", cell(&export["name"]), cell(&export["wit"])));
        let (number, hash) = (&uploaded["version"]["version"], cell(&uploaded["version"]["sha256"]));
        format!("{name} version {number} ({}){}", &hash[..12.min(hash.len())], exports.collect::<String>())
    });
    Ok(ExitCode::SUCCESS)
}
