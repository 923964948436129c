//! What was deleted is hidden at once and goes in parts.

crate::scenarios! {
    a_deleted_run_is_hidden_and_then_gone
    what_is_made_between_two_parts_of_a_purge_stays
    a_deleted_function_takes_its_runs_along
    a_deleted_account_goes_once_its_guests_have_ended
    runs_are_kept_for_their_time
}

mod scenarios {
    use skep_domain::model::account::AccountName;
    use skep_domain::model::attempt::FailureCode;
    use skep_domain::model::id::RunId;
    use skep_domain::model::page::Page;
    use skep_domain::model::time::Millis;
    use skep_domain::port::store::{JobFilter, Purged, RunFilter};

    use crate::world::{World, at, failed, name, succeeded};
    use skep_domain::model::log::Start;

    const PAGE: Page = Page { limit: 100, after: None };

    /// A run that is over.
    async fn over(world: &World, jobs: u32) -> RunId {
        let run = world.submit(jobs).await;
        loop {
            let claimed = world.claim(500).await;
            if claimed.is_empty() {
                return run;
            }
            let ends: Vec<_> = claimed.iter().map(|job| world.end(job, succeeded("1"), &["said"])).collect();
            world.store.job_finish(ends.into()).await.expect("it is written");
        }
    }

    async fn purge(world: &World, over_before: Option<Millis>) -> u32 {
        for times in 0.. {
            if world.store.purge(over_before, at(50)).await.expect("it answers") == Purged::Nothing {
                return times;
            }
            assert!(times < 100, "it comes to an end");
        }
        0
    }

    async fn seen(world: &World) -> (usize, usize) {
        let runs = world.store.run_list(world.account, RunFilter::default(), PAGE).await.expect("it answers");
        let jobs = world.store.job_list(world.account, JobFilter::default(), PAGE).await.expect("it answers");
        (runs.items.len(), jobs.items.len())
    }

    pub(super) async fn a_deleted_run_is_hidden_and_then_gone(world: &World) {
        assert_eq!(world.store.purge(None, at(1)).await.expect("it answers"), Purged::Nothing);
        let (gone, kept) = (over(world, 60).await, over(world, 2).await);
        let job =
            world.store.run_results(world.account, gone, 0, 1, 1).await.expect("it answers").expect("there");
        assert!(world.store.run_delete(world.account, gone).await.expect("it is over"));
        let hidden = async || {
            let (store, account, job) = (&world.store, world.account, job[0].id);
            assert!(store.run_get(account, gone).await.expect("it answers").is_none());
            assert!(store.job_get(account, job).await.expect("it answers").is_none());
            assert!(store.job_restart(account, job, at(40)).await.expect("it answers").is_none());
            assert!(store.log_list(account, job, Start::at(0), 1).await.expect("it answers").is_none());
            assert!(store.attempt_list(account, job).await.expect("it answers").is_none());
            assert_eq!(seen(world).await, (1, 2));
        };
        hidden().await;
        purge(world, None).await;
        hidden().await;
        assert!(world.store.run_get(world.account, kept).await.expect("it answers").is_some());
        assert!(!world.store.run_delete(world.account, gone).await.expect("it answers"));
    }

    pub(super) async fn what_is_made_between_two_parts_of_a_purge_stays(world: &World) {
        let gone = over(world, 2500).await;
        assert!(world.store.run_delete(world.account, gone).await.expect("it is over"));
        assert_eq!(world.store.purge(None, at(50)).await.expect("it answers"), Purged::Some);
        let made = world.submit(10).await;
        purge(world, None).await;
        let jobs = world.store.run_results(world.account, made, 0, 100, usize::MAX).await;
        assert_eq!(jobs.expect("it answers").expect("it is there").len(), 10);
        assert_eq!(world.claim(100).await.len(), 10, "and nothing of what is gone is claimed");
    }

    pub(super) async fn a_deleted_function_takes_its_runs_along(world: &World) {
        over(world, 3).await;
        over(world, 2500).await;
        assert!(world.store.function_delete(world.account, &name("f")).await.expect("all is over"));
        assert_eq!(seen(world).await, (0, 0));
        assert!(purge(world, None).await > 1, "so many do not go at once");
        assert_eq!(seen(world).await, (0, 0));
        assert!(world.store.function_get(world.account, &name("f")).await.expect("it answers").is_none());
    }

    pub(super) async fn a_deleted_account_goes_once_its_guests_have_ended(world: &World) {
        let (neighbour, function) = world.neighbour(1).await;
        world.submit_as(neighbour, function, 3, |_| {}).await;
        let running = world.claim(1).await.remove(0);
        let name = AccountName::parse("neighbour").expect("a name");
        assert!(world.store.account_delete(&name).await.expect("it answers"));
        assert_eq!(world.store.job_cancel_requested().await.expect("it answers"), [running.assignment.job]);
        purge(world, None).await;
        assert_eq!(
            world.finish(&running, failed(FailureCode::Cancelled), &[]).await,
            1,
            "its end has a place"
        );
        purge(world, None).await;
        assert_eq!(world.store.purge(None, at(60)).await.expect("it answers"), Purged::Nothing);
        assert_eq!(world.finish(&running, failed(FailureCode::Cancelled), &[]).await, 0, "now it has none");
    }

    pub(super) async fn runs_are_kept_for_their_time(world: &World) {
        let old = over(world, 1).await;
        let young = world.submit(1).await;
        purge(world, Some(at(12))).await;
        assert!(
            world.store.run_get(world.account, old).await.expect("it answers").is_some(),
            "to the moment"
        );
        purge(world, Some(at(13))).await;
        assert!(world.store.run_get(world.account, old).await.expect("it answers").is_none());
        assert!(
            world.store.run_get(world.account, young).await.expect("it answers").is_some(),
            "it is not over"
        );
    }
}
