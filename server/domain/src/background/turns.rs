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

/// What is under way. All of it is polled together: a look that waits keeps no turn from going on.
type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

enum Done {
    /// It was looked for news.
    Looked(Result<News>),
    /// A plan took its turn; whether there may be more to do at once.
    Taken(PlanId, Result<bool>),
}

struct Driver<F> {
    base: Arc<Base>,
    /// Takes a plan's turn, and says whether there may be more to do at once.
    take: F,
    work: FuturesUnordered<Work>,
    /// Whether it is being looked for news.
    is_looking: bool,
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
        work: FuturesUnordered::new(),
        is_looking: false,
        under_way: HashMap::new(),
        resting: HashMap::new(),
        look: true,
        passed_over: false,
        again_at: Instant::now(),
    };
    loop {
        if driver.look && !driver.is_looking && driver.under_way.len() < TURNS_MAX {
            driver.begin();
        }
        tokio::select! {
            Some(done) = driver.work.next() => match done {
                Done::Looked(news) => driver.looked(news),
                Done::Taken(plan, taken) => driver.taken(plan, taken),
            },
            () = tasks.woken(Wake::Plans) => driver.look = true,
            () = tokio::time::sleep_until(driver.again_at), if !driver.look => driver.look = true,
            () = tasks.stopping() => return,
        }
    }
}

impl<F: Fn(Begun) -> T, T: Future<Output = Result<bool>> + Send + 'static> Driver<F> {
    /// Looks for news.
    fn begin(&mut self) {
        let (now, at) = (self.base.clock.now(), Instant::now());
        self.resting.retain(|_, until| *until > at);
        let ask = NewsAsk {
            plans_max: (TURNS_MAX - self.under_way.len()) as u32,
            stages_max: NEWS_MAX,
            except: self.under_way.keys().chain(self.resting.keys()).copied().collect(),
        };
        (self.look, self.is_looking) = (false, true);
        self.again_at = self.resting.values().copied().fold(at + INTERVAL, Instant::min);
        let store = self.base.store.clone();
        self.work.push(Box::pin(async move { Done::Looked(store.plan_news(ask, now).await) }));
    }

    /// Begins with the turns of plans of which there is news.
    fn looked(&mut self, news: Result<News>) {
        self.is_looking = false;
        match news {
            Ok(News { plans, has_more, next_due }) => {
                self.passed_over = has_more;
                if let Some(due) = next_due {
                    let left = due.0.saturating_sub(self.base.clock.now().0);
                    self.again_at = self.again_at.min(Instant::now() + Duration::from_millis(left));
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
        let turn = async move { Done::Taken(plan, taken.await.map(|has_more| has_more || is_full)) };
        self.work.push(Box::pin(turn));
    }

    fn taken(&mut self, plan: PlanId, taken: Result<bool>) {
        self.under_way.remove(&plan);
        // What is being looked at now leaves this plan out.
        self.look |= self.passed_over || self.is_looking;
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
