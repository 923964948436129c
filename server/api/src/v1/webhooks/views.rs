//! Webhooks: wire to domain, and back; and what they tell.

use serde_json::{Map, Value, json};
use skep_domain::Result;
use skep_domain::model::webhook::{Delivery, Events, Hook, Webhook};
use skep_domain::port::wording::{Telling, Told, Worded};

use crate::shared::date::timestamp;
use crate::v1::model::webhooks::{DeliveryCountsView, DeliveryView, WebhookBody, WebhookView};
use crate::v1::{map, plans};

/// What may be large: left out where a body must be brief.
const LARGE: [&str; 4] = ["payload", "result", "parameters", "inputs"];

pub(in crate::v1) fn hook(body: WebhookBody) -> Result<Hook> {
    Ok(Hook {
        url: body.url,
        events: Events::parse(body.events.iter().map(String::as_str))?,
        headers: body.headers.unwrap_or_default(),
        when: body.when,
        secret: body.secret,
        description: body.description,
    })
}

pub(super) fn webhook(webhook: Webhook) -> WebhookView {
    let counts = webhook.counts;
    WebhookView {
        webhook_id: webhook.id.to_string(),
        plan_id: webhook.plan.map(|id| id.to_string()),
        url: webhook.url,
        events: webhook.events.names().collect(),
        headers: webhook.headers,
        when: webhook.when,
        description: webhook.description,
        disabled: webhook.disabled.is_some(),
        disabled_reason: webhook.disabled.map(|(_, why)| why),
        deliveries: DeliveryCountsView {
            waiting: counts.waiting,
            delivered: counts.delivered,
            dead: counts.dead,
            dropped: counts.dropped,
        },
        delivered_at: webhook.delivered_at.map(|at| at.0),
        created_at: webhook.created_at.0,
    }
}

pub(super) fn delivery(delivery: Delivery) -> DeliveryView {
    DeliveryView {
        delivery_id: delivery.id.to_string(),
        event: delivery.event.name(),
        subject_id: delivery.subject.to_string(),
        at: delivery.at.0,
        status: delivery.status.name(),
        attempts: delivery.attempts,
        due_at: delivery.due_at.map(|at| at.0),
        last_error: delivery.last,
    }
}

/// What happened, in the words of the native API: the body that the Standard Webhooks have, with what it happened to as
/// `GET` shows it.
pub(crate) fn put(telling: &Telling, is_brief: bool) -> Worded {
    let mut data = match telling.told.clone() {
        Told::Run(run) => json!(map::run(run)),
        Told::Job(job) | Told::Item(_, _, job) => json!(map::job(job, None)),
        Told::Plan(plan) => json!(plans::view(plan)),
        Told::Stage(plan, staged, _) => {
            let mut stage = json!(plans::stage_view(staged));
            stage["ofPlanId"] = json!(plan.id.to_string());
            stage
        }
    };
    if let (true, Some(data)) = (is_brief, data.as_object_mut()) {
        for (_, value) in data.iter_mut().filter(|(name, _)| LARGE.contains(&name.as_str())) {
            *value = Value::Null;
        }
        data.insert("isBrief".into(), json!(true));
    }
    let body = json!({
        "type": telling.event.name(),
        "timestamp": timestamp(telling.at).to_string(),
        "data": data,
    });
    let known = body.as_object().cloned().unwrap_or_else(Map::new);
    Worded { body, known }
}
