//! Webhooks: made, shown, and told what happened. What happened is noted by the store where it happens; here it is put into
//! words, sent, and tried again until it is delivered or given up.

mod telling;
mod under_way;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::under_way::UnderWay;
use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::id::{DeliveryId, PlanId, WebhookId};
use crate::model::page::{Listed, Page};
use crate::model::plan::Style;
use crate::model::time::Millis;
use crate::model::webhook::{Delivery, DeliveryStatus, Hook, Webhook, key_of_secret};
use crate::port::post::Letter;
use crate::port::store::{DueDelivery, NewWebhook, Tried};
use crate::service::plans::is_of_the_plan;
use crate::tasks::Wake;

/// Deliveries of one account, and of all, that are under way at once.
const OF_ACCOUNT_AT_ONCE: u32 = 8;
const AT_ONCE: u32 = 64;
/// How much longer each pause is than the one before, and the longest: with five seconds as the first, the eighth try
/// is some 17 hours after the first.
const PAUSE_FACTOR: u64 = 5;
const PAUSE_MS_MAX: u64 = 12 * 60 * 60 * 1000;
/// How long is waited where what came of a try could not be written.
const UNWRITTEN_PAUSE: Duration = Duration::from_secs(1);
/// The answer of whoever wants nothing any more.
const GONE: u16 = 410;
/// The answers of whoever has understood.
const WELL: std::ops::Range<u16> = 200..300;

/// Webhooks.
#[derive(Clone)]
pub struct Webhooks {
    base: Arc<Base>,
    under_way: Arc<UnderWay>,
}

/// What of a webhook is sealed.
#[derive(Default, Serialize, Deserialize)]
struct Sealed {
    headers: BTreeMap<String, String>,
    secret: Option<String>,
    /// Whether the headers' values are still to be evaluated.
    has_templates: bool,
}

impl Webhooks {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base, under_way: Arc::default() }
    }

    /// Makes a webhook of the caller's account. Gives it with the secret that its requests are signed with, which is not
    /// shown again.
    ///
    /// # Errors
    /// Invalid, with the field at fault; too large where there are so many.
    pub async fn create(&self, caller: &Caller, mut hook: Hook) -> Result<(Webhook, String)> {
        hook.check("")?;
        if let Some(when) = &hook.when
            && !self.base.expressions.check(caller, vec![when.clone()]).await?.contains(&true)
        {
            return Err(Error::invalid(format!("if is no expression: {when}")).field("if"));
        }
        let secret = match hook.secret.take() {
            Some(secret) => secret,
            None => self.base.credentials.secret_create()?,
        };
        hook.secret = Some(secret.clone());
        let now = self.base.clock.now();
        let new = new_webhook(&self.base, hook, (Style::Json, false), now)?;
        let max = self.base.limits.webhooks_max;
        Ok((self.base.store.webhook_create(caller.account(), new, max, now).await?, secret))
    }

    /// A webhook by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, id: WebhookId) -> Result<Webhook> {
        self.base.store.webhook_get(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// The webhooks of the caller's account, or those of one of its plans.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller, plan: Option<PlanId>) -> Result<Vec<Webhook>> {
        self.base.store.webhook_list(caller.account(), plan).await
    }

    /// Stops a webhook from telling, or lets it. What waits is given up at its time while it is stopped.
    ///
    /// # Errors
    /// Not found.
    pub async fn turn(&self, caller: &Caller, id: WebhookId, is_disabled: bool) -> Result<Webhook> {
        let why = is_disabled.then(|| "it was disabled by its account".to_owned());
        let turned = self.base.store.webhook_turn(caller.account(), id, why, self.base.clock.now()).await?;
        turned.ok_or_else(not_found)
    }

    /// Deletes a webhook, with what it had to tell.
    ///
    /// # Errors
    /// Not found.
    pub async fn delete(&self, caller: &Caller, id: WebhookId) -> Result<()> {
        let deleted = self.base.store.webhook_delete(caller.account(), id).await?;
        self.base.tasks.wake(Wake::Purge);
        if deleted { Ok(()) } else { Err(not_found()) }
    }

    /// What a webhook is still to tell, and what it gave up.
    ///
    /// # Errors
    /// Not found.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: WebhookId,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Listed<Delivery>> {
        let listed = self.base.store.delivery_list(caller.account(), id, status, page).await?;
        listed.ok_or_else(not_found)
    }

    /// Tells again what was given up: one delivery, or all of the webhook. Says how many.
    ///
    /// # Errors
    /// Not found.
    pub async fn replay(&self, caller: &Caller, id: WebhookId, delivery: Option<DeliveryId>) -> Result<u64> {
        let now = self.base.clock.now();
        let replayed = self.base.store.delivery_replay(caller.account(), id, delivery, now).await?;
        self.base.tasks.wake(Wake::Webhooks);
        replayed.ok_or_else(not_found)
    }

    /// Tells what is to be told now. Says when to look again, if that is known.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tick(&self, now: Millis) -> Result<Option<Millis>> {
        self.under_way.look();
        // Those under way are still due.
        let (due, next) = self.base.store.delivery_due(2 * OF_ACCOUNT_AT_ONCE, 2 * AT_ONCE, now).await?;
        for due in due {
            let (id, account) = (due.delivery.id, due.webhook.account);
            let Some(place) = self.under_way.begin(id, account, OF_ACCOUNT_AT_ONCE, AT_ONCE) else {
                continue;
            };
            let webhooks = self.clone();
            self.base.tasks.spawn(async move {
                if let Err(error) = webhooks.deliver(&due).await {
                    tracing::error!(delivery.id = %id, error = error.chain(), "a delivery could not be made; trying again");
                    tokio::time::sleep(UNWRITTEN_PAUSE).await;
                }
                drop(place);
                webhooks.base.tasks.wake(Wake::Webhooks);
            });
        }
        Ok(next)
    }

    async fn deliver(&self, due: &DueDelivery) -> Result<()> {
        let tried = self.tried(due).await?;
        let outcome = match &tried {
            Tried::Delivered => "delivered",
            Tried::Unwanted => "unwanted",
            Tried::Failed(..) => "failed",
            Tried::Dead(_) | Tried::Gone(_) => "dead",
        };
        metrics::counter!("skep_webhook_deliveries_total", "outcome" => outcome).increment(1);
        self.base.store.delivery_tried(due.delivery.id, tried, self.base.clock.now()).await
    }

    async fn tried(&self, due: &DueDelivery) -> Result<Tried> {
        if due.webhook.disabled.is_some() {
            return Ok(Tried::Dead("the webhook is disabled".to_owned()));
        }
        match self.letter(due).await {
            Ok(None) => Ok(Tried::Unwanted),
            Ok(Some(letter)) => Ok(self.sent(due, letter).await),
            Err(error) if is_of_the_plan(&error) => Ok(Tried::Dead(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// What is sent; nothing where nobody wants it.
    async fn letter(&self, due: &DueDelivery) -> Result<Option<Letter>> {
        let Some(caller) = super::on_behalf_of(&self.base, due.webhook.account).await? else {
            return Ok(None);
        };
        let sealed: Sealed =
            serde_json::from_slice(&self.base.credentials.open(&due.sealed)?).map_err(Error::internal)?;
        let Some((body, headers)) =
            telling::worded(&self.base, &caller, due, sealed.headers, sealed.has_templates).await?
        else {
            return Ok(None);
        };
        Ok(Some(Letter {
            id: due.delivery.id,
            at_seconds: self.base.clock.now().0 / 1000,
            url: due.webhook.url.clone(),
            headers: headers.into_iter().collect(),
            key: sealed.secret.as_deref().and_then(key_of_secret),
            body,
        }))
    }

    async fn sent(&self, due: &DueDelivery, letter: Letter) -> Tried {
        let why = match self.base.post.send(letter).await {
            Ok(status) if WELL.contains(&status) => return Tried::Delivered,
            Ok(GONE) => return Tried::Gone(format!("the answer was {GONE}: nobody is there any more")),
            Ok(status) => format!("the answer was {status}"),
            Err(why) => why,
        };
        let (attempts, limits) = (due.delivery.attempts + 1, &self.base.limits);
        if attempts >= limits.webhook_attempts_max {
            return Tried::Dead(why);
        }
        let pause = pause_ms(limits.webhook_pause_ms, due.delivery.id, attempts);
        Tried::Failed(why, self.base.clock.now().plus(pause))
    }
}

/// How long after so many tries the next one is made.
fn pause_ms(first: u64, id: DeliveryId, attempts: u32) -> u64 {
    let pause =
        first.saturating_mul(PAUSE_FACTOR.saturating_pow(attempts.saturating_sub(1))).min(PAUSE_MS_MAX);
    // Up to a tenth more, so that those that failed together are not tried together.
    let jitter = (id.to_u128() as u64 & 0xff) * pause / 2560;
    pause + jitter
}

/// A webhook with what is secret of it sealed; in whose words, and whether its headers are templates.
pub(super) fn new_webhook(
    base: &Base,
    mut hook: Hook,
    (style, has_templates): (Style, bool),
    now: Millis,
) -> Result<NewWebhook> {
    let names = hook.headers.keys().map(|name| (name.clone(), String::new())).collect();
    let sealed = Sealed {
        headers: std::mem::replace(&mut hook.headers, names),
        secret: hook.secret.take(),
        has_templates,
    };
    let sealed = base.credentials.seal(&serde_json::to_vec(&sealed).map_err(Error::internal)?)?;
    Ok(NewWebhook { id: base.ids.next(now), hook, sealed, style })
}

fn not_found() -> Error {
    Error::not_found("webhook")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let id = DeliveryId::from_bytes([0; 16]);
        let pauses: Vec<_> = (1..=8).map(|attempts| pause_ms(5000, id, attempts)).collect();
        let max = PAUSE_MS_MAX;
        assert_eq!(pauses, [5000, 25_000, 125_000, 625_000, 3_125_000, 15_625_000, max, max]);
        let late = pause_ms(5000, DeliveryId::from_bytes([255; 16]), 1);
        assert!((5400..=5500).contains(&late), "{late}");
    }
}
