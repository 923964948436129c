//! `skep functions`

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, moment, printable, short, table};

#[derive(Args)]
pub(super) struct Arguments {
    /// A function to show
    name: Option<String>,
}

/// Versions that are shown of a function.
const VERSIONS_SHOWN: u32 = 10;
/// Characters of the list of exports that a table shows.
const EXPORTS_SHOWN: usize = 60;

pub(super) fn functions(arguments: &Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    match &arguments.name {
        Some(name) => {
            let mut function = client.get(&format!("/v1/functions/{name}"))?;
            let versions = client.get(&format!("/v1/functions/{name}/versions?limit={VERSIONS_SHOWN}"))?;
            function["versions"] = versions["items"].clone();
            let newest = &versions["items"][0];
            if newest["state"] == "FAILED" {
                let newest = client.get(&format!("/v1/functions/{name}/versions/{}", newest["version"]))?;
                function["versions"][0] = newest;
            }
            output.value(&function, show);
        }
        None => output.value(&client.get_all("/v1/functions")?, list),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(list: &Value) -> String {
    let rows = list.as_array().into_iter().flatten().map(|function| {
        let exports = function["exports"].as_array().into_iter().flatten();
        let exports: Vec<String> = exports.map(|export| cell(&export["name"])).collect();
        let kinds = function["kinds"].as_array().into_iter().flatten();
        let kinds: Vec<String> = kinds.map(cell).collect();
        vec![
            cell(&function["name"]),
            cell(&function["currentVersion"]),
            kinds.join(", "),
            short(&exports.join(", "), EXPORTS_SHOWN),
        ]
    });
    table(&["FUNCTION", "VERSION", "KINDS", "EXPORTS"], rows)
}

fn show(function: &Value) -> String {
    let mut lines = vec![format!("{} version {}", cell(&function["name"]), function["currentVersion"])];
    for export in function["exports"].as_array().into_iter().flatten() {
        lines.push(format!("  export {}: {}", cell(&export["name"]), cell(&export["wit"])));
    }
    for import in function["imports"].as_array().into_iter().flatten() {
        lines.push(format!("  import {}", cell(import)));
    }
    lines.push(format!("  settings {}", function["settings"]));
    let versions = function["versions"].as_array().into_iter().flatten();
    let rows = versions.clone().map(|version| {
        let made = [&version["version"], &version["state"], &version["runtime"]].map(cell);
        [&made[..], &[moment(&version["createdAt"])]].concat()
    });
    lines.push(table(&["VERSION", "STATE", "RUNTIME", "CREATED"], rows));
    // Of the newest one, if nothing came of it.
    let logs = versions.filter_map(|version| version["buildLogs"].as_str());
    lines.extend(logs.map(|logs| printable(logs).trim_end_matches('\n').to_owned()));
    lines.join("\n")
}
