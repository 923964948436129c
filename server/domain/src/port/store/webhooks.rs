//! Webhooks and what is to be told, as the store keeps them.

use async_trait::async_trait;

use crate::error::Result;
use crate::model::id::{AccountId, DeliveryId, PlanId, WebhookId};
use crate::model::page::{Listed, Page};
use crate::model::plan::Style;
use crate::model::time::Millis;
use crate::model::webhook::{Delivery, DeliveryStatus, Hook, Webhook};

/// A webhook to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// What is told, and where; without what is secret.
    pub hook: Hook,
    /// Its headers and its secret, sealed.
    pub sealed: Vec<u8>,
    /// In whose words.
    pub style: Style,
}

/// Something that is to be told now.
#[derive(Debug, Clone)]
pub struct DueDelivery {
    /// It.
    pub delivery: Delivery,
    /// Who is told.
    pub webhook: Webhook,
    /// Headers and secret, sealed.
    pub sealed: Vec<u8>,
}

/// What came of a try.
#[derive(Debug, Clone)]
pub enum Tried {
    /// It was delivered.
    Delivered,
    /// Nobody wants it, as its condition has it, or as what it tells of is gone.
    Unwanted,
    /// It failed, and why, and will be tried again then.
    Failed(String, Millis),
    /// It is given up, and why.
    Dead(String),
    /// It is given up, and whoever was to be told wants nothing any more: why.
    Gone(String),
}

/// Webhooks.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Makes a webhook of an account. Too large where it has so many.
    async fn webhook_create(
        &self,
        account: AccountId,
        webhook: NewWebhook,
        webhooks_max: usize,
        now: Millis,
    ) -> Result<Webhook>;

    /// A webhook by id.
    async fn webhook_get(&self, account: AccountId, id: WebhookId) -> Result<Option<Webhook>>;

    /// An account's webhooks, or those of one of its plans.
    async fn webhook_list(&self, account: AccountId, plan: Option<PlanId>) -> Result<Vec<Webhook>>;

    /// Stops a webhook from telling, with the reason, or lets it tell again.
    async fn webhook_turn(
        &self,
        account: AccountId,
        id: WebhookId,
        disabled: Option<String>,
        now: Millis,
    ) -> Result<Option<Webhook>>;

    /// Deletes a webhook, with what it had to tell.
    async fn webhook_delete(&self, account: AccountId, id: WebhookId) -> Result<bool>;

    /// What a webhook is still to tell, and what it gave up, the oldest first.
    async fn delivery_list(
        &self,
        account: AccountId,
        id: WebhookId,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Option<Listed<Delivery>>>;

    /// Lets a dead delivery of a webhook be tried again from the first, or all of them. Says how many there were.
    async fn delivery_replay(
        &self,
        account: AccountId,
        id: WebhookId,
        delivery: Option<DeliveryId>,
        now: Millis,
    ) -> Result<Option<u64>>;

    /// What is to be told now: of each account so many at most, those first that have waited longest; and when the next
    /// time comes.
    async fn delivery_due(
        &self,
        of_account: u32,
        limit: u32,
        now: Millis,
    ) -> Result<(Vec<DueDelivery>, Option<Millis>)>;

    /// Writes what came of a try.
    async fn delivery_tried(&self, id: DeliveryId, tried: Tried, now: Millis) -> Result<()>;

    /// The secrets of a plan, sealed.
    async fn plan_sealed(&self, id: PlanId) -> Result<Option<Vec<u8>>>;
}
