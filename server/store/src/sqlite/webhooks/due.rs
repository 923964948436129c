//! Deliveries whose time has come, and what becomes of them.

use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::model::id::{DeliveryId, WebhookId};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{DueDelivery, Tried};
use skep_domain::{Error, Result};

use super::{DELIVERY, WEBHOOK, delivery, disable, webhook};
use crate::sqlite::internal;
use crate::sqlite::rows::Stored;

/// Dead deliveries of a webhook that are kept. Others are counted only.
const DEAD_MAX: i64 = 10_000;
/// How long dead deliveries are kept.
const DEAD_KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Deliveries that one transaction takes away.
const PURGED_MAX: i64 = 1000;

/// What is to be told now: a jump from account to account, beginning after the one at which the last ended, so that each
/// has its turn.
pub(super) fn due(
    connection: &Connection,
    after: &AtomicI64,
    (of_account, limit): (u32, u32),
    now: Millis,
) -> Result<(Vec<DueDelivery>, Option<Millis>)> {
    const NEXT: &str = "SELECT min(account) FROM deliveries WHERE due_at IS NOT NULL AND account > ?";
    const KEYS: &str = "SELECT key, webhook FROM deliveries
        WHERE due_at IS NOT NULL AND account = ? AND due_at <= ? ORDER BY due_at LIMIT ?";
    const LATER: &str =
        "SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL AND account = ? AND due_at > ?";
    let begin = after.load(Ordering::Relaxed);
    let (mut found, mut next, mut at, mut has_wrapped) = (Vec::new(), None::<i64>, begin, false);
    let mut account_after = connection.prepare_cached(NEXT).map_err(internal)?;
    let mut keys = connection.prepare_cached(KEYS).map_err(internal)?;
    let mut later = connection.prepare_cached(LATER).map_err(internal)?;
    loop {
        let account: Option<i64> = account_after.query_row([at], |row| row.get(0)).map_err(internal)?;
        let account = match account {
            Some(account) if has_wrapped && account > begin => break,
            Some(account) => account,
            None if has_wrapped || begin == 0 => break,
            None => {
                (has_wrapped, at) = (true, 0);
                continue;
            }
        };
        at = account;
        let rows =
            keys.query_map(params![account, now.stored(), of_account], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(i64, i64)> = rows.and_then(Iterator::collect).map_err(internal)?;
        found.extend(rows);
        let of_account: Option<i64> =
            later.query_row([account, now.stored()], |row| row.get(0)).map_err(internal)?;
        next = next.into_iter().chain(of_account).min();
        if found.len() >= limit as usize {
            break;
        }
    }
    let is_more = found.len() >= limit as usize;
    after.store(if is_more { at } else { 0 }, Ordering::Relaxed);
    let due = found.into_iter().map(|(delivery, webhook)| read(connection, delivery, webhook));
    let due = due.filter_map(Result::transpose).collect::<Result<_>>()?;
    Ok((due, next.map(|at| Millis(at.unsigned_abs()))))
}

/// One of them; none where its webhook, or its account, is gone.
fn read(connection: &Connection, key: i64, of: i64) -> Result<Option<DueDelivery>> {
    let sql = format!("{WEBHOOK} WHERE w.key = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select.query_row([of], |row| Ok((webhook(row)?, row.get("sealed")?))).optional();
    let Some((webhook, sealed)) = found.map_err(internal)? else { return Ok(None) };
    let sql = format!("{DELIVERY} WHERE d.key = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    // It may have been delivered since it was found.
    let delivery = select.query_row([key], delivery).optional().map_err(internal)?;
    Ok(delivery.map(|delivery| DueDelivery { delivery, webhook, sealed }))
}

pub(super) fn tried(connection: &Connection, id: DeliveryId, tried: &Tried, now: Millis) -> Result<()> {
    const FIND: &str =
        "SELECT d.key, w.key, w.id, w.dead FROM deliveries d JOIN webhooks w ON w.key = d.webhook
        WHERE d.id = ? AND d.due_at IS NOT NULL";
    let mut find = connection.prepare_cached(FIND).map_err(internal)?;
    let found = find.query_row([id.to_bytes()], |row| {
        Ok((row.get(0)?, row.get(1)?, WebhookId::from_bytes(row.get(2)?), row.get(3)?))
    });
    // Whoever deleted the webhook meanwhile was first.
    let Some((key, webhook, of, dead)) = found.optional().map_err(internal)? else { return Ok(()) };
    let (key, webhook, dead): (i64, i64, i64) = (key, webhook, dead);
    let change = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut update| update.execute(values))
            .map(drop)
            .map_err(internal)
    };
    const GONE: &str = "DELETE FROM deliveries WHERE key = ?";
    match tried {
        Tried::Delivered => {
            change(GONE, &[&key])?;
            change(
                "UPDATE webhooks SET waiting = waiting - 1, delivered = delivered + 1, delivered_at = ?2 WHERE key = ?1",
                &[&webhook, &now.stored()],
            )
        }
        Tried::Unwanted => {
            change(GONE, &[&key])?;
            change("UPDATE webhooks SET waiting = waiting - 1 WHERE key = ?", &[&webhook])
        }
        Tried::Failed(why, again) => change(
            "UPDATE deliveries SET attempts = attempts + 1, due_at = ?2, last = ?3 WHERE key = ?1",
            &[&key, &again.stored(), why],
        ),
        Tried::Dead(why) | Tried::Gone(why) => {
            if matches!(tried, Tried::Gone(_)) {
                disable(connection, of, Some(why), now)?;
            }
            if dead >= DEAD_MAX {
                change(GONE, &[&key])?;
                return change(
                    "UPDATE webhooks SET waiting = waiting - 1, dropped = dropped + 1 WHERE key = ?",
                    &[&webhook],
                );
            }
            change(
                "UPDATE deliveries SET status = 1, attempts = attempts + 1, due_at = NULL, last = ?2 WHERE key = ?1",
                &[&key, why],
            )?;
            change("UPDATE webhooks SET waiting = waiting - 1, dead = dead + 1 WHERE key = ?", &[&webhook])
        }
    }
}

/// Lets dead deliveries of a webhook be tried again: one, or all. Says how many.
pub(super) fn replay(
    connection: &Connection,
    webhook: i64,
    delivery: Option<DeliveryId>,
    now: Millis,
) -> Result<u64> {
    const SQL: &str = "UPDATE deliveries SET status = 0, attempts = 0, due_at = ?2
        WHERE webhook = ?1 AND status = 1 AND (?3 IS NULL OR id = ?3)";
    let replayed = connection
        .prepare_cached(SQL)
        .and_then(|mut update| {
            update.execute(params![webhook, now.stored(), delivery.map(DeliveryId::to_bytes)])
        })
        .map_err(internal)?;
    if delivery.is_some() && replayed == 0 {
        return Err(Error::not_found("dead delivery"));
    }
    connection
        .prepare_cached("UPDATE webhooks SET waiting = waiting + ?2, dead = dead - ?2 WHERE key = ?1")
        .and_then(|mut update| update.execute([webhook, replayed as i64]))
        .map_err(internal)?;
    Ok(replayed as u64)
}

/// What is to be taken away.
const DEAD: &str = "SELECT key, webhook FROM deliveries WHERE status = 1 AND at < ? LIMIT 1000";
const DELETED: &str = "SELECT key FROM webhooks WHERE account = 0 AND plan IS NULL LIMIT 1";

/// Takes away dead deliveries that are old, and webhooks that were deleted. Says whether there was something.
pub(in crate::sqlite) fn purge(connection: &Connection, now: Millis, is_looking: bool) -> Result<bool> {
    let before = now.0.saturating_sub(DEAD_KEPT_MS).stored();
    let old: Vec<(i64, i64)> = connection
        .prepare_cached(DEAD)
        .and_then(|mut select| select.query_map([before], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(internal)?;
    let deleted: Option<i64> = connection
        .prepare_cached(DELETED)
        .and_then(|mut select| select.query_row([], |row| row.get(0)).optional())
        .map_err(internal)?;
    if is_looking || (old.is_empty() && deleted.is_none()) {
        return Ok(!old.is_empty() || deleted.is_some());
    }
    for (key, webhook) in old {
        for (sql, key) in [
            ("DELETE FROM deliveries WHERE key = ?", key),
            ("UPDATE webhooks SET dead = dead - 1 WHERE key = ?", webhook),
        ] {
            connection.prepare_cached(sql).and_then(|mut change| change.execute([key])).map_err(internal)?;
        }
    }
    if let Some(webhook) = deleted {
        let sql = format!(
            "DELETE FROM deliveries WHERE key IN (SELECT key FROM deliveries WHERE webhook = ? LIMIT {PURGED_MAX})"
        );
        let gone = connection.prepare_cached(&sql).and_then(|mut delete| delete.execute([webhook]));
        if (gone.map_err(internal)? as i64) < PURGED_MAX {
            connection
                .prepare_cached("DELETE FROM webhooks WHERE key = ?")
                .and_then(|mut delete| delete.execute([webhook]))
                .map_err(internal)?;
        }
    }
    Ok(true)
}
