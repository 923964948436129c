//! `skep webhooks`: where the account is told of what happens.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

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
    /// List webhooks
    List {
        /// Those of this plan, instead of those of the account
        #[arg(long, value_name = "ID")]
        plan: Option<String>,
    },
    /// Make a webhook; prints the secret that its requests are signed with, once
    Add {
        /// Where requests go
        #[arg(value_name = "URL")]
        to: String,
        /// What is told: run.failed, "run.*", "*"; may be given several times
        #[arg(long = "event", value_name = "EVENT", required = true)]
        events: Vec<String>,
        /// A header of each request; may be given several times
        #[arg(long = "header", value_name = "NAME: VALUE")]
        headers: Vec<String>,
        /// An expression over the body: nothing is sent where it comes to false
        #[arg(long = "if", value_name = "EXPRESSION")]
        when: Option<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Show a webhook
    Show {
        /// The webhook's id
        id: String,
    },
    /// Tell nothing of what happens until it is enabled
    Disable {
        /// The webhook's id
        id: String,
    },
    /// Tell again
    Enable {
        /// The webhook's id
        id: String,
    },
    /// List what is still to be told, and what was given up
    Deliveries {
        /// The webhook's id
        id: String,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Tell again what was given up
    Replay {
        /// The webhook's id
        id: String,
        /// One delivery; all of them where it is not named
        delivery: Option<String>,
    },
    /// Delete a webhook, with what it had to tell
    Rm {
        /// The webhook's id
        id: String,
    },
}

pub(super) fn webhooks(arguments: Arguments, client: &Client, output: Output) -> Result<ExitCode, Failure> {
    let path = |id: &str| format!("/v1/webhooks/{id}");
    match arguments.action.unwrap_or(Action::List { plan: None }) {
        Action::List { plan } => {
            let of = plan.map_or(String::new(), |plan| format!("?planId={plan}"));
            output.value(&client.get(&format!("/v1/webhooks{of}"))?["items"], list);
        }
        Action::Add { to, events, headers, when, description } => {
            let mut body = json!({"url": to, "events": events, "headers": pairs(&headers)?});
            for (field, value) in [("if", when), ("description", description)] {
                if let Some(value) = value {
                    body[field] = json!(value);
                }
            }
            let made = client.post("/v1/webhooks", &body)?;
            output.value(&made, |made| {
                format!("{}\nsecret (shown once): {}", show(made), cell(&made["secret"]))
            });
        }
        Action::Show { id } => output.value(&client.get(&path(&id))?, show),
        Action::Disable { id } => output.value(&client.patch(&path(&id), &json!({"disabled": true}))?, show),
        Action::Enable { id } => output.value(&client.patch(&path(&id), &json!({"disabled": false}))?, show),
        Action::Deliveries { id, limit } => {
            let listed = client.get(&format!("{}/deliveries?limit={limit}", path(&id)))?;
            output.value(&listed["items"], deliveries);
        }
        Action::Replay { id, delivery } => {
            let one = delivery.map_or(String::new(), |delivery| format!("/deliveries/{delivery}"));
            let replayed = client.post(&format!("{}{one}/replay", path(&id)), &json!({}))?;
            output.value(&replayed, |replayed| format!("{} will be told again", cell(&replayed["replayed"])));
        }
        Action::Rm { id } => {
            let deleted = client.delete(&path(&id))?;
            output.value(&deleted, |_| format!("webhook {id} is deleted"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn pairs(headers: &[String]) -> Result<Map<String, Value>, Failure> {
    let pair = |header: &String| match header.split_once(':') {
        Some((name, value)) => Ok((name.trim().to_owned(), json!(value.trim()))),
        None => Err(Failure::Usage(format!("a header is written as NAME: VALUE; this was {header:?}"))),
    };
    headers.iter().map(pair).collect()
}

fn events(webhook: &Value) -> String {
    let names: Vec<String> = webhook["events"].as_array().into_iter().flatten().map(cell).collect();
    names.join(", ")
}

fn list(webhooks: &Value) -> String {
    let rows = webhooks.as_array().into_iter().flatten().map(|webhook| {
        vec![
            cell(&webhook["webhookId"]),
            cell(&webhook["url"]),
            events(webhook),
            cell(&webhook["deliveries"]["waiting"]),
            cell(&webhook["deliveries"]["delivered"]),
            cell(&webhook["deliveries"]["dead"]),
            moment(&webhook["deliveredAt"]),
        ]
    });
    table(&["WEBHOOK", "URL", "EVENTS", "WAITING", "DELIVERED", "DEAD", "LAST"], rows)
}

fn show(webhook: &Value) -> String {
    let counts = &webhook["deliveries"];
    let mut text = format!(
        "webhook {} tells {} of {}\nwaiting {}, delivered {}, dead {}, dropped {}",
        cell(&webhook["webhookId"]),
        cell(&webhook["url"]),
        events(webhook),
        cell(&counts["waiting"]),
        cell(&counts["delivered"]),
        cell(&counts["dead"]),
        cell(&counts["dropped"]),
    );
    if webhook["disabled"] == true {
        text.push_str(&format!("\ndisabled: {}", cell(&webhook["disabledReason"])));
    }
    text
}

fn deliveries(listed: &Value) -> String {
    let rows = listed.as_array().into_iter().flatten().map(|delivery| {
        vec![
            cell(&delivery["deliveryId"]),
            cell(&delivery["event"]),
            cell(&delivery["subjectId"]),
            cell(&delivery["status"]),
            cell(&delivery["attempts"]),
            moment(&delivery["dueAt"]),
            cell(&delivery["lastError"]),
        ]
    });
    table(&["DELIVERY", "EVENT", "OF", "STATUS", "TRIES", "NEXT", "LAST ERROR"], rows)
}
