//! Lists hold under inserts and equal times, and each filter leaves out what it should.

use proptest::prelude::*;
use skep_domain::model::attempt::FailureCode;
use skep_domain::model::id::JobId;
use skep_domain::model::job::{Job, ResultType, Status};
use skep_domain::model::page::{Order, Page, SortBy};
use skep_domain::port::store::JobFilter;

use crate::world::{World, at, failed, make_function, succeeded};

crate::scenarios! {
    a_page_after_a_page_shows_each_job_once_while_others_are_made
    jobs_of_the_same_moment_keep_an_order
    a_walk_that_finds_nothing_goes_on_where_it_stopped
}

#[test]
fn every_combination_of_filters_lists_what_fits_and_nothing_else() {
    let filter = (
        prop::option::of(0usize..7),
        prop::option::of(0usize..4),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        (prop::option::of(0u64..40), prop::option::of(0u64..40)),
        (any::<bool>(), any::<bool>(), 1u32..8),
    );
    proptest!(ProptestConfig::with_cases(4), |(filters in prop::collection::vec(filter, 40))| {
        crate::on_every_store(async |world: &World| {
            let other = make_function(&*world.store, &world.ids, world.account, "g").await;
            let run = populate(world, other).await;
            let all = pages(world, JobFilter::default(), 100, async || ()).await;
            for (status, result, function, of_run, dates, (updated, ascending, limit)) in &filters {
                let filter = JobFilter {
                    run: of_run.and_then(|of_run| of_run.then_some(run)),
                    job_type: function.map(|f| if f { "f".into() } else { "g".into() }),
                    status: status.map(|status| Status::ALL[status]),
                    result_type: result.map(|result| ResultType::ALL[result]),
                    date_from: dates.0.map(at),
                    date_to: dates.1.map(at),
                    sort_by: if *updated { SortBy::UpdatedAt } else { SortBy::CreatedAt },
                    order: if *ascending { Order::Ascending } else { Order::Descending },
                };
                let mut expected: Vec<&Job> = all.iter().filter(|job| fits(job, &filter)).collect();
                expected.sort_by_key(|job| match filter.sort_by {
                    SortBy::CreatedAt => (job.created_at, job.id),
                    SortBy::UpdatedAt => (job.updated_at, job.id),
                });
                if filter.order == Order::Descending {
                    expected.reverse();
                }
                let listed = pages(world, filter.clone(), *limit, async || ()).await;
                let ids = |jobs: Vec<&Job>| jobs.into_iter().map(|job| job.id).collect::<Vec<JobId>>();
                assert_eq!(ids(listed.iter().collect()), ids(expected), "{filter:?}");
            }
        });
    });
}

/// Jobs of two functions in every status, made and changed at several times.
pub(crate) async fn populate(
    world: &World,
    other: skep_domain::model::id::FunctionId,
) -> skep_domain::model::id::RunId {
    let mut first = None;
    for round in 0..6 {
        let function = if round % 2 == 0 { world.function } else { other };
        let made_at = at(round * 7);
        let run = world.submit_as(world.account, function, 6, |run| run.at = made_at).await;
        first.get_or_insert(run);
        for (place, job) in world.claim_at(5, at(40 + round)).await.into_iter().enumerate() {
            match place {
                0 => drop(world.finish(&job, succeeded("1"), &[]).await),
                1 => drop(world.finish(&job, failed(FailureCode::Trap), &[]).await),
                2 => drop(world.finish(&job, failed(FailureCode::Timeout), &[]).await),
                3 => drop(world.finish(&job, failed(FailureCode::Cancelled), &[]).await),
                _ => {}
            }
        }
        world.call(succeeded("2")).await;
    }
    first.expect("there are some")
}

fn fits(job: &Job, filter: &JobFilter) -> bool {
    let is_over = job.progress.status.is_over();
    let result = match job.last.as_ref().filter(|_| is_over).map(|attempt| &attempt.outcome) {
        None => ResultType::None,
        Some(skep_domain::model::attempt::Outcome::Failed(_)) => ResultType::Error,
        Some(_) => ResultType::Json,
    };
    filter.run.is_none_or(|run| run == job.run)
        && filter.job_type.as_ref().is_none_or(|name| *name == job.job_type)
        && filter.status.is_none_or(|status| status == job.progress.status)
        && filter.result_type.is_none_or(|wanted| wanted == result)
        && filter.date_from.is_none_or(|from| job.created_at >= from)
        && filter.date_to.is_none_or(|to| job.created_at <= to)
}

/// Every job of a list, page by page, with something happening between them.
async fn pages(world: &World, filter: JobFilter, limit: u32, between: impl AsyncFn()) -> Vec<Job> {
    let (mut jobs, mut page) = (Vec::new(), Page { limit, after: None });
    loop {
        let listed = world.store.job_list(world.account, filter.clone(), page).await.expect("it answers");
        assert!(listed.items.len() <= limit as usize);
        jobs.extend(listed.items);
        page.after = listed.next;
        if listed.next.is_none() {
            return jobs;
        }
        between().await;
    }
}

mod scenarios {
    use super::*;

    pub(super) async fn a_page_after_a_page_shows_each_job_once_while_others_are_made(world: &World) {
        for moment in 0..5 {
            world.submit_as(world.account, world.function, 4, |run| run.at = at(moment)).await;
        }
        let before: Vec<JobId> =
            pages(world, JobFilter::default(), 100, async || ()).await.iter().map(|job| job.id).collect();
        let status = Some(Status::Queued);
        for filter in [JobFilter::default(), JobFilter { status, ..JobFilter::default() }] {
            let more = async || {
                world.submit_as(world.account, world.function, 3, |run| run.at = at(9)).await;
            };
            let listed = pages(world, filter, 3, more).await;
            let old: Vec<JobId> = listed.iter().map(|job| job.id).filter(|id| before.contains(id)).collect();
            assert_eq!(old, before);
        }
    }

    pub(super) async fn jobs_of_the_same_moment_keep_an_order(world: &World) {
        world.submit(50).await;
        for order in [Order::Ascending, Order::Descending] {
            for sort_by in [SortBy::CreatedAt, SortBy::UpdatedAt] {
                let filter = JobFilter { order, sort_by, ..JobFilter::default() };
                let ids: Vec<JobId> =
                    pages(world, filter, 7, async || ()).await.iter().map(|job| job.id).collect();
                assert_eq!(ids.len(), 50);
                assert!(match order {
                    Order::Ascending => ids.is_sorted_by(|a, b| a < b),
                    Order::Descending => ids.is_sorted_by(|a, b| a > b),
                });
            }
        }
    }

    pub(super) async fn a_walk_that_finds_nothing_goes_on_where_it_stopped(world: &World) {
        let first = world.submit(1).await;
        let job = world.claim(1).await.remove(0);
        world.finish(&job, failed(FailureCode::Trap), &[]).await;
        for _ in 0..6 {
            world.submit_as(world.account, world.function, 1000, |run| run.at = at(1)).await;
        }
        let filter =
            JobFilter { status: Some(Status::Failed), job_type: Some("f".into()), ..JobFilter::default() };
        let page = Page { limit: 10, after: None };
        let listed = world.store.job_list(world.account, filter.clone(), page).await.expect("it answers");
        assert!(listed.items.is_empty() && listed.next.is_some(), "it looked at so many, and says so");
        let all = pages(world, filter, 10, async || ()).await;
        assert_eq!(all.iter().map(|job| job.run).collect::<Vec<_>>(), [first]);
    }
}
