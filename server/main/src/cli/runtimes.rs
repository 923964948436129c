//! `skep runtimes`: what makes functions of source.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::Client;
use super::failure::{self, Failure};
use super::make_runtime;
use super::output::{Output, cell, moment, table};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List runtimes
    List,
    /// Show the versions of a runtime, the one that builds first
    Show {
        /// The runtime's name
        name: String,
    },
    /// Add a runtime, or another version of it, which builds from now on
    Add {
        /// The runtime's name
        name: String,
        /// Its component; without it, that of this release, or for python, c and cpp what is made here
        file: Option<PathBuf>,
    },
    /// Make a runtime that does not come with the server: python, c or cpp
    Make {
        /// The runtime's name
        name: String,
        /// The file for its component
        file: PathBuf,
    },
    /// Remove a runtime; what was built with it goes on
    Rm {
        /// The runtime's name
        name: String,
    },
}

pub(super) fn runtimes(
    arguments: Arguments,
    client: impl FnOnce() -> Result<Client, Failure>,
    output: Output,
) -> Result<ExitCode, Failure> {
    match arguments.action {
        Some(Action::Make { name, file }) => make(&name, &file, output)?,
        None | Some(Action::List) => {
            output.value(&client()?.get("/v1/runtimes")?["items"], list);
        }
        Some(Action::Show { name }) => {
            let shown = client()?.get(&format!("/v1/runtimes/{name}"))?;
            output.value(&shown, |shown| list(&shown["versions"]));
        }
        Some(Action::Add { name, file }) => {
            let bytes = match file {
                Some(file) => std::fs::read(&file).map_err(failure::file(&file))?,
                None => make_runtime::make(&name, output)?,
            };
            let added = client()?.put(&format!("/v1/runtimes/{name}"), "application/wasm", &bytes)?;
            output.value(&added, |added| {
                format!("{name} version {} builds {name} from now on", added["version"])
            });
        }
        Some(Action::Rm { name }) => {
            let removed = client()?.delete(&format!("/v1/runtimes/{name}"))?;
            output.value(&removed, |_| format!("runtime {name} is removed; what it built goes on"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What takes no server.
fn make(name: &str, file: &Path, output: Output) -> Result<(), Failure> {
    let component = make_runtime::make(name, output)?;
    std::fs::write(file, &component).map_err(failure::file(file))?;
    let made = serde_json::json!({ "file": file, "bytes": component.len() });
    output
        .value(&made, |_| format!("{} has the runtime {name}: skep runtimes add {name} {0}", file.display()));
    Ok(())
}

fn list(runtimes: &Value) -> String {
    let rows = runtimes.as_array().into_iter().flatten().map(|runtime| {
        let hash = cell(&runtime["sha256"]);
        vec![
            cell(&runtime["name"]),
            cell(&runtime["version"]),
            format!("{:.1} MB", runtime["sizeBytes"].as_f64().unwrap_or_default() / 1e6),
            hash[..12.min(hash.len())].to_owned(),
            moment(&runtime["createdAt"]),
        ]
    });
    table(&["NAME", "VERSION", "SIZE", "SHA256", "ADDED"], rows)
}
