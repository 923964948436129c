//! `skep keys`: of the account that asks.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::accounts::scopes;
use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, moment, table};
use super::unix_ms;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key; it is shown this once
    Create {
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// What it may do, as in runs:read; may be given again [default: all that this key may]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// After how many days it ends [default: never]
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// Revoke a key, at once
    Revoke {
        /// The key's id
        id: String,
    },
}

pub(super) fn keys(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    match arguments.action {
        None => output.value(&client.get_all("/v1/keys")?, list),
        Some(Action::Create { name, scopes, days }) => {
            let mut body = json!({"name": name});
            if !scopes.is_empty() {
                body["scopes"] = json!(scopes);
            }
            if let Some(days) = days {
                let end = unix_ms() + Duration::from_secs(u64::from(days) * 24 * 60 * 60).as_millis() as u64;
                body["expiresAt"] = json!(end);
            }
            output.value(&client.post("/v1/keys", &body)?, made);
        }
        Some(Action::Revoke { id }) => {
            let revoked = client.delete(&format!("/v1/keys/{id}"))?;
            output.value(&revoked, |_| format!("key {id} is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(keys: &Value) -> String {
    let rows = keys.as_array().into_iter().flatten().map(|key| {
        vec![
            cell(&key["keyId"]),
            cell(&key["name"]),
            moment(&key["createdAt"]),
            moment(&key["expiresAt"]),
            scopes(key),
        ]
    });
    table(&["KEY", "NAME", "CREATED", "ENDS", "SCOPES"], rows)
}

fn made(key: &Value) -> String {
    format!("key {} {}\nshown this once: {}", cell(&key["keyId"]), scopes(key), cell(&key["key"]))
}
