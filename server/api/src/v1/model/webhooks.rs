//! Webhooks on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shared::body::Wire;
use crate::v1::schemas::{delivery_status, event, webhook_events};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct WebhookBody {
    /// Where requests go: `http://` or `https://`, in 2,048 characters at most. Of a plan in a plan it may have
    /// expressions in `{{ }}`.
    #[schema(example = "https://example.org/told")]
    pub(in crate::v1) url: String,
    /// What is told: names of events, `run.*` for all of a kind, `*` for all.
    #[schema(schema_with = webhook_events)]
    pub(in crate::v1) events: Vec<String>,
    /// Headers of each request: 20, of 16 KiB together. They are sealed, and only their names are shown. Of a plan's, values
    /// may have expressions in `{{ }}`.
    pub(in crate::v1) headers: Option<BTreeMap<String, String>>,
    /// An expression over the body's `type` and `data`: nothing is sent where it comes to false.
    #[serde(rename = "if")]
    #[schema(example = "data.costNanodollars > 1000")]
    pub(in crate::v1) when: Option<String>,
    /// What requests are signed with: `whsec_` and 24 to 64 bytes in base64. An account's webhook gets one where none is named;
    /// a plan's is not signed then.
    pub(in crate::v1) secret: Option<String>,
    /// What it is for, in 256 characters at most.
    pub(in crate::v1) description: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct WebhookChangeBody {
    pub(in crate::v1) disabled: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct WebhookView {
    pub(in crate::v1) webhook_id: String,
    /// The plan whose it is; null where it is told of all of the account.
    pub(in crate::v1) plan_id: Option<String>,
    pub(in crate::v1) url: String,
    #[schema(schema_with = webhook_events)]
    pub(in crate::v1) events: Vec<&'static str>,
    /// The names of its headers.
    pub(in crate::v1) headers: BTreeSet<String>,
    #[serde(rename = "if")]
    pub(in crate::v1) when: Option<String>,
    pub(in crate::v1) description: Option<String>,
    pub(in crate::v1) disabled: bool,
    /// Why it is disabled, where it is: its account wanted it, or its endpoint answered 410.
    pub(in crate::v1) disabled_reason: Option<String>,
    pub(in crate::v1) deliveries: DeliveryCountsView,
    /// When the last delivery was made.
    pub(in crate::v1) delivered_at: Option<u64>,
    pub(in crate::v1) created_at: u64,
}

#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct DeliveryCountsView {
    /// Not yet made: 100,000 at most.
    pub(in crate::v1) waiting: u64,
    /// Made.
    pub(in crate::v1) delivered: u64,
    /// Given up after 8 tries and kept for a week: 10,000 at most.
    pub(in crate::v1) dead: u64,
    /// What was more than those bounds, and is lost.
    pub(in crate::v1) dropped: u64,
}

/// A webhook that was made.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct CreatedWebhookView {
    #[serde(flatten)]
    pub(in crate::v1) webhook: WebhookView,
    /// What its requests are signed with. It is not shown again.
    pub(in crate::v1) secret: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1) struct DeliveryView {
    /// The same as the header `webhook-id` of each try.
    pub(in crate::v1) delivery_id: String,
    #[schema(schema_with = event)]
    pub(in crate::v1) event: &'static str,
    /// The run, job, plan or stage.
    pub(in crate::v1) subject_id: String,
    /// When it happened.
    pub(in crate::v1) at: u64,
    #[schema(schema_with = delivery_status)]
    pub(in crate::v1) status: &'static str,
    /// Tries so far.
    pub(in crate::v1) attempts: u32,
    /// When it is tried next; null for what was given up.
    pub(in crate::v1) due_at: Option<u64>,
    /// What came of the last try.
    pub(in crate::v1) last_error: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct ReplayedView {
    /// How many will be tried again.
    pub(in crate::v1) replayed: u64,
}

impl Wire for WebhookBody {}
impl Wire for WebhookChangeBody {}
