//! Has plans take their turns: several at once, each by itself, so that one that takes long holds up no other.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::id::{AccountId, PlanId};
use crate::port::store::{Begun, News, NewsAsk};
use crate::tasks::Wake;

/// Turns that are taken at once.
const TURNS_MAX: usize = 32;
/// Turns that are taken at once of one account's plans.
const TURNS_OF_AN_ACCOUNT_MAX: usize = 16;
/// News that one turn looks at.
const NEWS_MAX: u32 = 200;
/// How often is looked for news without a wake-up.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long after something was not there yet it is looked for again.
const UNAVAILABLE_PAUSE: Duration = Duration::from_millis(50);

type Turn = Pin<Box<dyn Future<Output = (PlanId, Result<bool>)> + Send>>;

struct Driver<F> {
    base: Arc<Base>,
    /// Takes a plan's turn, and says whether there may be more to do at once.
    take: F,
    turns: FuturesUnordered<Turn>,
    /// Whose turns are being taken.
    under_way: HashMap<PlanId, AccountId>,
    /// Until when plans are let alone that could not go on.
    resting: HashMap<PlanId, Instant>,
    /// Whether there may be news.
    look: bool,
    /// Whether there may be news of plans that have no place, or have their turn already.
    passed_over: bool,
    /// When is looked for news without a wake-up.
    again_at: Instant,
}

/// Has turns taken until the tasks are stopped; what was not written by then is decided anew by the next life.
pub async fn run<T: Future<Output = Result<bool>> + Send + 'static>(
    base: Arc<Base>,
    take: impl Fn(Begun) -> T + Send,
) {
    let tasks = base.tasks.clone();
    let mut driver = Driver {
        base,
        take,
        turns: FuturesUnordered::new(),
        under_way: HashMap::new(),
        resting: HashMap::new(),
        look: true,
        passed_over: false,
        again_at: Instant::now(),
    };
    loop {
        if driver.look && driver.turns.len() < TURNS_MAX {
            driver.begin().await;
        }
        tokio::select! {
            Some((plan, taken)) = driver.turns.next() => driver.taken(plan, taken),
            () = tasks.woken(Wake::Plans) => driver.look = true,
            () = tokio::time::sleep_until(driver.again_at), if !driver.look => driver.look = true,
            () = tasks.stopping() => return,
        }
    }
}

impl<F: Fn(Begun) -> T, T: Future<Output = Result<bool>> + Send + 'static> Driver<F> {
    /// Looks for news, and begins with turns.
    async fn begin(&mut self) {
        let (now, at) = (self.base.clock.now(), Instant::now());
        self.resting.retain(|_, until| *until > at);
        let ask = NewsAsk {
            plans_max: (TURNS_MAX - self.turns.len()) as u32,
            stages_max: NEWS_MAX,
            except: self.under_way.keys().chain(self.resting.keys()).copied().collect(),
        };
        self.look = false;
        self.again_at = self.resting.values().copied().fold(at + INTERVAL, Instant::min);
        match self.base.store.plan_news(ask, now).await {
            Ok(News { plans, has_more, next_due }) => {
                self.passed_over = has_more;
                if let Some(due) = next_due {
                    self.again_at =
                        self.again_at.min(at + Duration::from_millis(due.0.saturating_sub(now.0)));
                }
                for (plan, begun) in plans {
                    self.start(plan, begun);
                }
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "news of plans cannot be read; trying again")
            }
        }
    }

    fn start(&mut self, plan: PlanId, begun: Result<Begun>) {
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => return self.rest(plan, &error),
        };
        let account = begun.plan.account;
        let of_account = self.under_way.values().filter(|of| **of == account).count();
        if of_account >= TURNS_OF_AN_ACCOUNT_MAX {
            self.passed_over = true;
            return;
        }
        self.under_way.insert(plan, account);
        let is_full = begun.news.len() >= NEWS_MAX as usize;
        let taken = (self.take)(begun);
        self.turns.push(Box::pin(async move { (plan, taken.await.map(|has_more| has_more || is_full)) }));
    }

    fn taken(&mut self, plan: PlanId, taken: Result<bool>) {
        self.under_way.remove(&plan);
        self.look |= self.passed_over;
        match taken {
            Ok(has_more) => self.look |= has_more,
            Err(error) => self.rest(plan, &error),
        }
    }

    /// Lets a plan alone for a while that could not go on. There is still news of it.
    fn rest(&mut self, plan: PlanId, error: &Error) {
        let pause = match error.code() {
            Code::Unavailable => {
                tracing::debug!(plan.id = %plan, error = error.chain(), "a plan waits");
                UNAVAILABLE_PAUSE
            }
            _ => {
                tracing::error!(plan.id = %plan, error = error.chain(), "a plan could not go on; trying again");
                INTERVAL
            }
        };
        let until = Instant::now() + pause;
        self.resting.insert(plan, until);
        self.again_at = self.again_at.min(until);
    }
}
