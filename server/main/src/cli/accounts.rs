//! `skep accounts`: for whoever has the scope `admin`.

use std::io::Read;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::failure::Failure;
use super::output::{Output, cell, moment, table};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Make an account; prints its first key, which is shown this once
    Create(Settings),
    /// Change an account
    Change(Settings),
    /// Show an account
    Show {
        /// The account's name
        name: String,
    },
    /// Delete an account with all that it has
    Delete {
        /// The account's name
        name: String,
    },
}

#[derive(Args)]
struct Settings {
    /// The account's name
    name: String,
    /// Its share of the executor against other accounts', 1 to 1000
    #[arg(long, value_name = "NUMBER")]
    weight: Option<u32>,
    /// What it may do at most, as in runs:read; may be given again [default: all but admin]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Read a password from stdin
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn accounts(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    match arguments.action {
        None => output.value(&client.get_all("/v1/accounts")?, list),
        Some(Action::Create(settings)) => {
            let mut body = settings.body()?;
            body["name"] = json!(settings.name);
            output.value(&client.post("/v1/accounts", &body)?, made);
        }
        Some(Action::Change(settings)) => {
            let path = format!("/v1/accounts/{}", settings.name);
            output.value(&client.patch(&path, &settings.body()?)?, show);
        }
        Some(Action::Show { name }) => output.value(&client.get(&format!("/v1/accounts/{name}"))?, show),
        Some(Action::Delete { name }) => {
            let deleted = client.delete(&format!("/v1/accounts/{name}"))?;
            output.value(&deleted, |_| format!("account {name} is deleted"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Settings {
    /// What is named, and nothing else.
    fn body(&self) -> Result<Value, Failure> {
        let mut body = json!({});
        if let Some(weight) = self.weight {
            body["weight"] = json!(weight);
        }
        if !self.scopes.is_empty() {
            body["scopes"] = json!(self.scopes);
        }
        if self.password_stdin {
            let mut password = String::new();
            let read = std::io::stdin().read_to_string(&mut password);
            read.map_err(|error| Failure::Local(format!("stdin: {error}")))?;
            body["password"] = json!(password.trim_end_matches(['\r', '\n']));
        }
        Ok(body)
    }
}

fn list(accounts: &Value) -> String {
    let rows = accounts.as_array().into_iter().flatten().map(|account| {
        vec![cell(&account["name"]), cell(&account["weight"]), moment(&account["createdAt"]), scopes(account)]
    });
    table(&["ACCOUNT", "WEIGHT", "CREATED", "SCOPES"], rows)
}

fn show(account: &Value) -> String {
    let password = if account["hasPassword"] == true { "has a password" } else { "has no password" };
    format!("{} weight {}, {password}\n{}", cell(&account["name"]), account["weight"], scopes(account))
}

fn made(account: &Value) -> String {
    format!("{}\nits key, shown this once: {}", show(account), cell(&account["key"]))
}

/// The scopes of an account or a key, on a line.
pub(super) fn scopes(of: &Value) -> String {
    of["scopes"].as_array().into_iter().flatten().map(cell).collect::<Vec<_>>().join(" ")
}
