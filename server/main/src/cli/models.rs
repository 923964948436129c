//! `skep models`: what functions compute with.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Client, encoded};
use super::failure::{self, Failure};
use super::output::{Output, cell, moment, table};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List models: the account's own and those that are shared
    List,
    /// Show what a model takes and gives, and its versions
    Show {
        /// The model's name
        name: String,
    },
    /// Upload a model, or another version of it, which is the current one from now on
    Put {
        /// The model's name
        name: String,
        /// An ONNX file, its weights inside
        file: PathBuf,
        /// The axis along which rows are independent: inferences are then computed together
        #[arg(long, value_name = "AXIS")]
        batch_axis: Option<u32>,
        /// Rows of one batch [default: 32]
        #[arg(long, value_name = "ROWS")]
        batch_rows: Option<u32>,
        /// For all accounts; needs the scope admin
        #[arg(long)]
        shared: bool,
    },
    /// Remove a model with its versions; calls that have loaded it go on
    Rm {
        /// The model's name
        name: String,
    },
}

pub(super) fn models(
    arguments: Arguments,
    client: impl FnOnce() -> Result<Client, Failure>,
    output: Output,
) -> Result<ExitCode, Failure> {
    match arguments.action {
        None | Some(Action::List) => {
            output.value(&client()?.get("/v1/models")?["items"], list);
        }
        Some(Action::Show { name }) => {
            output.value(&client()?.get(&path(&name))?, |shown| show(&shown["versions"]));
        }
        Some(Action::Put { name, file, batch_axis, batch_rows, shared }) => {
            let bytes = std::fs::read(&file).map_err(failure::file(&file))?;
            let mut query = vec![format!("shared={shared}")];
            query.extend(batch_axis.map(|axis| format!("batchAxis={axis}")));
            query.extend(batch_rows.map(|rows| format!("batchRows={rows}")));
            let path = format!("{}?{}", path(&name), query.join("&"));
            let put = client()?.put(&path, "application/octet-stream", &bytes)?;
            output.value(&put, |put| {
                format!(
                    "{name} version {}: {} -> {}",
                    put["version"],
                    ports(&put["inputs"]),
                    ports(&put["outputs"])
                )
            });
        }
        Some(Action::Rm { name }) => {
            let removed = client()?.delete(&path(&name))?;
            output.value(&removed, |_| format!("model {name} is removed"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path(name: &str) -> String {
    format!("/v1/models/{}", encoded(name))
}

/// A model's inputs or outputs as they are written in a line: `x: fp32[rows, 4]`.
fn ports(ports: &Value) -> String {
    let port = |port: &Value| {
        let dims = match port["dims"].as_array() {
            None => "…".to_owned(),
            Some(dims) => {
                let dim = |dim: &Value| if dim.is_null() { "?".to_owned() } else { cell(dim) };
                dims.iter().map(dim).collect::<Vec<_>>().join(", ")
            }
        };
        format!("{}: {}[{dims}]", cell(&port["name"]), cell(&port["type"]))
    };
    ports.as_array().into_iter().flatten().map(port).collect::<Vec<_>>().join(", ")
}

fn list(models: &Value) -> String {
    let rows = models.as_array().into_iter().flatten().map(|model| {
        let mut row = version(model);
        row.insert(0, cell(&model["name"]));
        row.push(if model["shared"] == true { "yes".into() } else { "no".into() });
        row
    });
    table(&["NAME", "VERSION", "SIZE", "SHA256", "BATCH", "UPLOADED", "SHARED"], rows)
}

fn show(versions: &Value) -> String {
    let current = &versions[0];
    let rows = versions.as_array().into_iter().flatten().map(version);
    format!(
        "takes {}\ngives {}\nloaded it takes {:.1} MB; {} computes it\n\n{}",
        ports(&current["inputs"]),
        ports(&current["outputs"]),
        current["memoryBytes"].as_f64().unwrap_or_default() / 1e6,
        cell(&current["backend"]),
        table(&["VERSION", "SIZE", "SHA256", "BATCH", "UPLOADED"], rows)
    )
}

fn version(model: &Value) -> Vec<String> {
    let hash = cell(&model["sha256"]);
    let batching = match &model["batching"] {
        Value::Null => "no".to_owned(),
        batching => format!("axis {}, {} rows", batching["axis"], batching["rowsMax"]),
    };
    vec![
        cell(&model["version"]),
        format!("{:.1} MB", model["sizeBytes"].as_f64().unwrap_or_default() / 1e6),
        hash[..12.min(hash.len())].to_owned(),
        batching,
        moment(&model["createdAt"]),
    ]
}
