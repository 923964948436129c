//! Costs add up: attempts to jobs, jobs to runs, runs to the account; to the nano-dollar, whatever happened.

use proptest::prelude::*;
use skep_domain::model::attempt::{FailureCode, Outcome};
use skep_domain::model::id::{JobId, RunId};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::page::Page;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::{By, DAY_MS, Reported, Totals};
use skep_domain::port::store::{ClaimLimits, Claimed, UsageFilter};

use crate::world::{World, at, attempt, failed, room, succeeded};

crate::scenarios! {
    usage_is_reported_by_day_function_and_run
    what_is_bid_below_the_ask_waits
}

/// Something that happens. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Happens {
    Submit(u32),
    Call(bool),
    Claim(u32),
    End(usize, u8, u64),
    Cancel(usize),
    Restart(usize),
    CancelRun(usize),
    /// The node dies and comes back.
    Recover,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (1u32..4).prop_map(Happens::Submit),
        any::<bool>().prop_map(Happens::Call),
        (1u32..5).prop_map(Happens::Claim),
        (any::<usize>(), 0u8..5, 0u64..50_000_000)
            .prop_map(|(which, how, cpu)| Happens::End(which, how, cpu)),
        (any::<usize>(), 0u8..5, 0u64..50_000_000)
            .prop_map(|(which, how, cpu)| Happens::End(which, how, cpu)),
        any::<usize>().prop_map(Happens::Cancel),
        any::<usize>().prop_map(Happens::Restart),
        any::<usize>().prop_map(Happens::CancelRun),
        Just(Happens::Recover),
    ]
}

#[test]
fn costs_add_up_over_random_histories() {
    proptest!(ProptestConfig::with_cases(24), |(history in prop::collection::vec(happens(), 1..60))| {
        crate::on_every_store(async |world: &World| {
            let mut past = Past::default();
            for next in &history {
                past.add(world, next).await;
            }
            past.check(world).await;
        });
    });
}

#[derive(Default)]
struct Past {
    runs: Vec<RunId>,
    jobs: Vec<JobId>,
    running: Vec<Claimed>,
}

impl Past {
    async fn add(&mut self, world: &World, next: &Happens) {
        match next {
            Happens::Submit(jobs) => self.runs.push(world.submit(*jobs).await),
            Happens::Call(well) => {
                let outcome = if *well { succeeded("1") } else { failed(FailureCode::Timeout) };
                self.runs.push(world.call(outcome).await);
            }
            Happens::Claim(free) => {
                let claimed = world.claim(*free).await;
                self.jobs.extend(claimed.iter().map(|job| job.assignment.job));
                self.running.extend(claimed);
            }
            Happens::End(which, how, cpu) if !self.running.is_empty() => {
                let claimed = self.running.swap_remove(which % self.running.len());
                let mut end = world.end(&claimed, outcome(*how), &[]);
                if let Some(ended) = &mut end.step.ended {
                    ended.usage.cpu_nanos = *cpu;
                    end.price = skep_domain::model::price::Prices::default().of(ended, None);
                }
                world.store.job_finish([end].into()).await.expect("it answers");
            }
            Happens::Cancel(which) if !self.jobs.is_empty() => {
                let job = self.jobs[which % self.jobs.len()];
                let _ = world.store.job_cancel(world.account, job, at(30)).await;
            }
            Happens::Restart(which) if !self.jobs.is_empty() => {
                let job = self.jobs[which % self.jobs.len()];
                let _ = world.store.job_restart(world.account, job, at(31)).await;
            }
            Happens::CancelRun(which) if !self.runs.is_empty() => {
                let run = self.runs[which % self.runs.len()];
                let _ = world.store.run_cancel(world.account, run, at(32)).await;
            }
            Happens::Recover => {
                self.running.clear();
                world.store.job_recover(at(33)).await.expect("it answers");
            }
            _ => {}
        }
    }

    async fn check(&self, world: &World) {
        let mut of_account = 0;
        for run in &self.runs {
            let shown = world.run(*run).await;
            let jobs = world.store.run_results(world.account, *run, 0, 100, usize::MAX).await;
            let mut of_run = 0;
            for job in jobs.expect("it answers").expect("it is there") {
                let attempts = world.store.attempt_list(world.account, job.id).await.expect("it answers");
                let sum: u64 = attempts.expect("it is there").iter().map(|attempt| attempt.cost.0).sum();
                assert_eq!(job.cost.0, sum, "attempts add up to their job");
                of_run += sum;
            }
            assert_eq!(shown.cost.0, of_run, "jobs add up to their run");
            of_account += of_run;
        }
        for by in [By::Day, By::Function, By::Run] {
            let sum: u64 = report(world, by).await.iter().map(|line| line.totals.cost.0).sum();
            assert_eq!(sum, of_account, "runs add up to their account, by {}", by.name());
        }
    }
}

fn outcome(how: u8) -> Outcome {
    match how {
        0 | 1 => succeeded("1"),
        2 => failed(FailureCode::Timeout),
        3 => failed(FailureCode::Trap),
        _ => failed(FailureCode::Cancelled),
    }
}

async fn report(world: &World, by: By) -> Vec<Reported> {
    let (from, to) = (Millis(at(0).0 - DAY_MS), at(DAY_MS));
    let filter = UsageFilter { by, date_from: from, date_to: to };
    let (mut lines, mut page) = (Vec::new(), Page { limit: 3, after: None });
    loop {
        let listed = world.store.usage_list(world.account, filter, page).await.expect("it answers");
        lines.extend(listed.items);
        page.after = listed.next;
        if listed.next.is_none() {
            return lines;
        }
    }
}

mod scenarios {
    use skep_domain::model::usage::About;

    use super::*;
    use crate::world::make_function;

    pub(super) async fn usage_is_reported_by_day_function_and_run(world: &World) {
        let other = make_function(&*world.store, &world.ids, world.account, "g").await;
        let first = world.submit(2).await;
        let second = world.submit_as(world.account, other, 1, |_| {}).await;
        for job in world.claim(10).await {
            world.finish(&job, succeeded("1"), &["said"]).await;
        }
        let third = world.call(succeeded("1")).await;
        let one = attempt(1, succeeded("1"));
        let total = |attempts: u64, lines: &[Reported]| {
            let mut sum = Totals::default();
            (0..attempts).for_each(|_| sum.add(&one.usage, Nanodollars(0)));
            sum.cost = Nanodollars(lines.iter().map(|line| line.totals.cost.0).sum());
            sum
        };
        let days = report(world, By::Day).await;
        let midnight = Millis(at(12).0 / DAY_MS * DAY_MS);
        assert_eq!(days, [Reported { about: About::Day(midnight), totals: total(4, &days) }]);
        let functions = report(world, By::Function).await;
        let names: Vec<_> = functions.iter().map(|line| (line.about.clone(), line.totals.attempts)).collect();
        assert_eq!(names, [(About::Function("f".into()), 3), (About::Function("g".into()), 1)]);
        let runs: Vec<_> = report(world, By::Run).await.into_iter().map(|line| line.about).collect();
        assert_eq!(runs, [third, second, first].map(About::Run), "calls too, the newest first");
        // 4 × 12,345 ns at 50 dollars a million seconds come to 2,469 pico-dollars.
        assert_eq!(days[0].totals.cost, Nanodollars(3));
    }

    pub(super) async fn what_is_bid_below_the_ask_waits(world: &World) {
        let bid = async |bid: Option<u64>| {
            world.submit_as(world.account, world.function, 1, |run| run.bid = bid.map(Nanodollars)).await
        };
        let (low, high, none) = (bid(Some(4)).await, bid(Some(5)).await, bid(None).await);
        let limits = || ClaimLimits { ask: Nanodollars(5), ..room(10, 10) };
        let claim = world.store.job_claim(limits(), at(10)).await.expect("it answers");
        let runs: Vec<_> = claim.jobs.iter().map(|job| job.assignment.recipe.run).collect();
        assert_eq!((runs, claim.jobs[0].bid), (vec![high, none], Some(Nanodollars(5))));
        assert!(world.store.job_claim(limits(), at(11)).await.expect("it answers").jobs.is_empty());
        let claim = world.store.job_claim(room(10, 10), at(12)).await.expect("it answers");
        assert_eq!(claim.jobs[0].assignment.recipe.run, low, "the ask has come down");
    }
}
