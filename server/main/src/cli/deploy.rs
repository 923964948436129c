//! `skep deploy`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::failure::{self, Failure};
use super::output::{Output, cell, printable};
use super::source::Source;

#[derive(Args)]
pub(super) struct Arguments {
    /// A component, a module or WebAssembly text; or source: a file or a folder
    file: PathBuf,
    /// The function's name [default: the file's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What builds the source [default: by the end of the file's name]
    #[arg(long, value_name = "NAME")]
    runtime: Option<String>,
    /// The file of a folder to begin with [default: main, index, handler, app or function]
    #[arg(long, value_name = "FILE")]
    main: Option<String>,
}

/// How long a build is waited for: as long as the server lets anybody wait.
const WAIT_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn deploy(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let Arguments { file, name, runtime, main } = arguments;
    // `.` has a name too.
    let named = std::fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
    let name = name.or_else(|| named.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    let name = name.unwrap_or_default();
    let uploaded = match Source::read(&file, runtime.as_deref(), main.as_deref())? {
        Some(source) => {
            let (media_type, form) = source.form();
            client.put(&format!("/v1/functions/{name}?waitMs={WAIT_MS}"), &media_type, &form)?
        }
        None => {
            let bytes = std::fs::read(&file).map_err(failure::file(&file))?;
            client.put(&format!("/v1/functions/{name}"), "application/wasm", &bytes)?
        }
    };
    let is_ready = uploaded["version"]["state"] == "READY";
    if let Some(logs) = uploaded["version"]["buildLogs"].as_str().filter(|logs| !logs.is_empty()) {
        output.remark(printable(logs).trim_end_matches('\n'));
    }
    output.value(&uploaded, |uploaded| shown(&name, uploaded));
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shown(name: &str, uploaded: &Value) -> String {
    let version = &uploaded["version"];
    let (number, hash) = (&version["version"], cell(&version["sha256"]));
    let built = version["runtime"].as_str().map_or(String::new(), |runtime| format!(", {runtime}"));
    let said = format!("{name} version {number} ({}{built})", &hash[..12.min(hash.len())]);
    if version["state"] != "READY" {
        let current = &uploaded["function"]["currentVersion"];
        let goes_on = if current == number { String::new() } else { format!("; version {current} goes on") };
        return format!("{said} {}{goes_on}", cell(&version["state"]));
    }
    let function = &uploaded["function"];
    let exports = function["exports"].as_array().into_iter().flatten();
    let exports = exports.map(|export| format!("\n  {}: {}", cell(&export["name"]), cell(&export["wit"])));
    let kinds = function["kinds"].as_array().into_iter().flatten().map(cell);
    let others: Vec<String> = kinds.filter(|kind| kind != "exports").collect();
    let others = if others.is_empty() { String::new() } else { format!("\n  {}", others.join(", ")) };
    format!("{said}{others}{}", exports.collect::<String>())
}
