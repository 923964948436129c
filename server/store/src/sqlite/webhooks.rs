//! Webhooks, and what they are to tell.

mod due;
mod listeners;

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::id::{AccountId, DeliveryId, PlanId, SubjectId, WebhookId};
use skep_domain::model::page::{Listed, Order, Page};
use skep_domain::model::plan::Style;
use skep_domain::model::time::Millis;
use skep_domain::model::webhook::{Counts, Delivery, DeliveryStatus, Event, Events, Hook, Webhook};
use skep_domain::port::store::{DueDelivery, NewWebhook, Tried, Webhooks};
use skep_domain::{Code, Error, Result};

use super::lists::Range;
use super::rows::{RowExt, Stored, corrupt, to_json};
use super::{SqliteStore, internal, lists};

pub(super) use self::due::purge;
pub(super) use self::listeners::{Listeners, of_plan, of_progress, of_run, of_stage};

const WEBHOOK: &str =
    "SELECT w.key, w.id, a.id AS account_id, (SELECT p.id FROM plans p WHERE p.key = w.plan) AS plan_id, w.url,
        w.events, w.headers, w.condition, w.description, w.style, w.sealed, w.disabled_at, w.disabled_why,
        w.waiting, w.delivered, w.dead, w.dropped, w.delivered_at, w.created_at AS webhook_created_at
    FROM webhooks w JOIN accounts a ON a.key = w.account AND a.deleted = 0 ";

const DELIVERY: &str =
    "SELECT d.key, d.id, w.id AS webhook_id, d.event, d.subject, d.at, d.status, d.attempts, d.due_at, d.last
    FROM deliveries d JOIN webhooks w ON w.key = d.webhook ";

#[async_trait]
impl Webhooks for SqliteStore {
    async fn webhook_create(
        &self,
        account: AccountId,
        webhook: NewWebhook,
        webhooks_max: usize,
        now: Millis,
    ) -> Result<Webhook> {
        self.write(move |connection| {
            let no_account = || Error::not_found("account");
            let key = lists::account_key(connection, account)?.ok_or_else(no_account)?;
            const COUNT: &str = "SELECT count(*) FROM webhooks WHERE account = ? AND plan IS NULL";
            let there = connection.query_row(COUNT, [key], |row| row.unsigned(0)).map_err(internal)?;
            if there >= webhooks_max as u64 {
                let message = format!("an account may have {webhooks_max} webhooks; delete one first");
                return Err(Error::new(Code::TooLarge, message));
            }
            insert(connection, &webhook, key, None, now)?;
            get(connection, account, webhook.id)?.ok_or_else(|| Error::internal("the webhook is gone"))
        })
        .await
    }

    async fn webhook_get(&self, account: AccountId, id: WebhookId) -> Result<Option<Webhook>> {
        self.read(move |connection| get(connection, account, id)).await
    }

    async fn webhook_list(&self, account: AccountId, plan: Option<PlanId>) -> Result<Vec<Webhook>> {
        self.read(move |connection| {
            let of = match plan {
                Some(_) => "w.plan = (SELECT key FROM plans WHERE id = ?2) AND w.plan IS NOT NULL",
                None => "w.plan IS NULL AND ?2 IS NULL",
            };
            let sql = format!("{WEBHOOK} WHERE a.id = ?1 AND {of} ORDER BY w.key");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = select.query_map(params![account.to_bytes(), plan.map(PlanId::to_bytes)], webhook);
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }

    async fn webhook_turn(
        &self,
        account: AccountId,
        id: WebhookId,
        disabled: Option<String>,
        now: Millis,
    ) -> Result<Option<Webhook>> {
        self.write(move |connection| {
            if get(connection, account, id)?.is_none() {
                return Ok(None);
            }
            disable(connection, id, disabled.as_deref(), now)?;
            get(connection, account, id)
        })
        .await
    }

    async fn webhook_delete(&self, account: AccountId, id: WebhookId) -> Result<bool> {
        self.write(move |connection| {
            if get(connection, account, id)?.is_none() {
                return Ok(false);
            }
            // What it had to tell goes with the next purge.
            connection
                .prepare_cached("UPDATE webhooks SET account = 0, plan = NULL WHERE id = ?")
                .and_then(|mut update| update.execute([id.to_bytes()]))
                .map(|_| true)
                .map_err(internal)
        })
        .await
    }

    async fn delivery_list(
        &self,
        account: AccountId,
        id: WebhookId,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Option<Listed<Delivery>>> {
        self.read(move |connection| {
            let Some(webhook) = key(connection, account, id)? else { return Ok(None) };
            let wanted =
                DeliveryStatus::ALL.iter().filter(|known| status.is_none_or(|status| **known == status));
            let (from, to) = lists::bounds(None, None);
            let ranges: Vec<Range> = wanted
                .map(|status| Range {
                    table: "deliveries",
                    index: "deliveries_webhook",
                    prefix: vec![("webhook", webhook), ("status", i64::from(status.number()))],
                    sort: "at",
                    from,
                    to,
                    order: Order::Ascending,
                })
                .collect();
            let found = lists::merged(connection, &ranges, Order::Ascending, &page)?;
            let sql = format!("{DELIVERY} WHERE d.key = ?");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = found
                .rows
                .iter()
                .map(|position| select.query_row([position.row.stored()], delivery).optional());
            let items = rows.filter_map(rusqlite::Result::transpose).collect::<rusqlite::Result<_>>();
            Ok(Some(Listed { items: items.map_err(internal)?, next: found.next }))
        })
        .await
    }

    async fn delivery_replay(
        &self,
        account: AccountId,
        id: WebhookId,
        delivery: Option<DeliveryId>,
        now: Millis,
    ) -> Result<Option<u64>> {
        self.write(move |connection| {
            let Some(webhook) = key(connection, account, id)? else { return Ok(None) };
            due::replay(connection, webhook, delivery, now).map(Some)
        })
        .await
    }

    async fn delivery_due(
        &self,
        of_account: u32,
        limit: u32,
        now: Millis,
    ) -> Result<(Vec<DueDelivery>, Option<Millis>)> {
        let after = self.told_after.clone();
        self.read(move |connection| due::due(connection, &after, (of_account, limit), now)).await
    }

    async fn delivery_tried(&self, id: DeliveryId, tried: Tried, now: Millis) -> Result<()> {
        self.write(move |connection| due::tried(connection, id, &tried, now)).await
    }

    async fn plan_sealed(&self, id: PlanId) -> Result<Option<Vec<u8>>> {
        self.read(move |connection| {
            let mut select =
                connection.prepare_cached("SELECT sealed FROM plans WHERE id = ?").map_err(internal)?;
            let sealed = select.query_row([id.to_bytes()], |row| row.get(0)).optional().map_err(internal)?;
            Ok(sealed.flatten())
        })
        .await
    }
}

/// Writes a webhook of an account, or of a plan of it.
pub(super) fn insert(
    connection: &Connection,
    new: &NewWebhook,
    account: i64,
    plan: Option<i64>,
    now: Millis,
) -> Result<()> {
    const SQL: &str =
        "INSERT INTO webhooks (id, account, plan, url, events, headers, condition, description, style, sealed,
            waiting, delivered, dead, dropped, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?)";
    let Hook { url, events, headers, when, description, secret: _ } = &new.hook;
    let names: Vec<&String> = headers.keys().collect();
    connection
        .prepare_cached(SQL)
        .and_then(|mut insert| {
            insert.execute(params![
                new.id.to_bytes(),
                account,
                plan,
                url,
                events.stored(),
                to_json(&names),
                when,
                description,
                new.style == Style::Text,
                new.sealed,
                now.stored()
            ])
        })
        .map(drop)
        .map_err(internal)
}

fn disable(connection: &Connection, id: WebhookId, why: Option<&str>, now: Millis) -> Result<()> {
    connection
        .prepare_cached("UPDATE webhooks SET disabled_at = ?2, disabled_why = ?3 WHERE id = ?1")
        .and_then(|mut update| update.execute(params![id.to_bytes(), why.map(|_| now.stored()), why]))
        .map(drop)
        .map_err(internal)
}

fn get(connection: &Connection, account: AccountId, id: WebhookId) -> Result<Option<Webhook>> {
    let sql = format!("{WEBHOOK} WHERE w.id = ? AND a.id = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row([id.to_bytes(), account.to_bytes()], webhook).optional().map_err(internal)
}

fn key(connection: &Connection, account: AccountId, id: WebhookId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT w.key FROM webhooks w JOIN accounts a ON a.key = w.account AND a.deleted = 0
        WHERE w.id = ? AND a.id = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    select.query_row([id.to_bytes(), account.to_bytes()], |row| row.get(0)).optional().map_err(internal)
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let is_text: bool = row.get("style")?;
    let why: Option<String> = row.get("disabled_why")?;
    Ok(Webhook {
        id: WebhookId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        plan: row.get::<_, Option<[u8; 16]>>("plan_id")?.map(PlanId::from_bytes),
        url: row.get("url")?,
        events: Events::from_bits(row.get("events")?),
        headers: row.json::<BTreeSet<String>>("headers")?,
        when: row.get("condition")?,
        description: row.get("description")?,
        style: if is_text { Style::Text } else { Style::Json },
        disabled: row.maybe_millis("disabled_at")?.map(|at| (at, why.unwrap_or_default())),
        counts: Counts {
            waiting: row.unsigned("waiting")?,
            delivered: row.unsigned("delivered")?,
            dead: row.unsigned("dead")?,
            dropped: row.unsigned("dropped")?,
        },
        delivered_at: row.maybe_millis("delivered_at")?,
        created_at: row.millis("webhook_created_at")?,
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId::from_bytes(row.get("id")?),
        webhook: WebhookId::from_bytes(row.get("webhook_id")?),
        event: Event::from_number(row.get("event")?).ok_or_else(|| corrupt("event"))?,
        subject: SubjectId::from_bytes(row.get("subject")?),
        at: row.millis("at")?,
        status: DeliveryStatus::from_number(row.get("status")?).ok_or_else(|| corrupt("status"))?,
        attempts: row.get("attempts")?,
        due_at: row.maybe_millis("due_at")?,
        last: row.get("last")?,
    })
}
