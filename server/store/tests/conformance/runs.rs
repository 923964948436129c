//! Runs and how they are counted.

crate::scenarios! {
    runs_of_a_function_are_counted_as_they_are_listed
    a_run_counts_its_jobs_through_their_lives
    a_cancelled_run_ends_what_waits_and_marks_what_runs
    a_run_is_deleted_only_when_it_is_over
    another_accounts_run_is_not_there
    lists_leave_out_what_was_not_asked_for
}

mod scenarios {
    use skep_domain::Code;
    use skep_domain::model::attempt::FailureCode;
    use skep_domain::model::job::Status;
    use skep_domain::model::page::Page;
    use skep_domain::model::run::Source;
    use skep_domain::port::store::RunFilter;

    use crate::world::{World, at, failed, succeeded};
    use skep_domain::model::log::Start;

    pub(super) async fn runs_of_a_function_are_counted_as_they_are_listed(world: &World) {
        world.submit(2).await;
        world.submit(1).await;
        world.call(succeeded("1")).await;
        let count = world.store.run_count(world.account, world.function).await.expect("it answers");
        assert_eq!(count, 2, "a call stands in no list");
        let (neighbour, _) = world.neighbour(1).await;
        assert_eq!(world.store.run_count(neighbour, world.function).await.expect("it answers"), 0);
    }

    pub(super) async fn a_run_counts_its_jobs_through_their_lives(world: &World) {
        let id = world.submit(3).await;
        let run = world.run(id).await;
        assert_eq!((run.counts.of(Status::Queued), run.started_at, run.completed_at), (3, None, None));
        assert_eq!(run.parameters.as_deref(), Some(&["[0]".to_owned(), "[1]".into(), "[2]".into()][..]));
        let claimed = world.claim(2).await;
        let run = world.run(id).await;
        assert_eq!((run.counts.of(Status::Queued), run.counts.of(Status::Running)), (1, 2));
        assert_eq!(run.started_at, Some(at(10)));
        world.finish(&claimed[0], succeeded("1"), &[]).await;
        world.finish(&claimed[1], failed(FailureCode::Trap), &[]).await;
        assert_eq!(world.run(id).await.completed_at, None);
        let last = world.claim(5).await;
        assert_eq!(last.len(), 1);
        world.finish(&last[0], succeeded("1"), &[]).await;
        let run = world.run(id).await;
        assert_eq!((run.counts.of(Status::Succeeded), run.counts.of(Status::Failed)), (2, 1));
        assert_eq!((run.counts.status(run.cancelled), run.completed_at), (Status::Failed, Some(at(12))));
        // A restart takes the end back.
        let job = claimed[1].assignment.job;
        world.store.job_restart(world.account, job, at(20)).await.expect("it failed").expect("it is there");
        let run = world.run(id).await;
        assert_eq!((run.counts.of(Status::Queued), run.completed_at), (1, None));
    }

    pub(super) async fn a_cancelled_run_ends_what_waits_and_marks_what_runs(world: &World) {
        let id = world.submit(3).await;
        let claimed = world.claim(1).await;
        let run =
            world.store.run_cancel(world.account, id, at(20)).await.expect("it runs").expect("it is there");
        assert_eq!((run.counts.of(Status::Cancelled), run.counts.of(Status::Running)), (2, 1));
        let running = claimed[0].assignment.job;
        assert_eq!(world.store.job_cancel_requested().await.expect("it answers"), [running]);
        // The claim was made before the mark: its end is written all the same, as a cancel.
        assert_eq!(world.finish(&claimed[0], failed(FailureCode::Cancelled), &[]).await, 1);
        let run = world.run(id).await;
        assert_eq!((run.counts.status(run.cancelled), run.completed_at.is_some()), (Status::Cancelled, true));
        let again = world.store.run_cancel(world.account, id, at(21)).await;
        assert_eq!(again.expect_err("it is over").code(), Code::Conflict);
    }

    pub(super) async fn a_run_is_deleted_only_when_it_is_over(world: &World) {
        let (id, other) = (world.submit(2).await, world.submit(1).await);
        let refused = world.store.run_delete(world.account, id).await;
        assert_eq!(refused.expect_err("it is not over").code(), Code::Conflict);
        let claimed = world.claim(2).await;
        for job in &claimed {
            world.finish(job, succeeded("1"), &["a line"]).await;
        }
        assert!(world.store.run_delete(world.account, id).await.expect("it is over"));
        assert!(world.store.run_get(world.account, id).await.expect("it answers").is_none());
        let job = claimed[0].assignment.job;
        assert!(world.store.job_get(world.account, job).await.expect("it answers").is_none());
        assert!(
            world.store.log_list(world.account, job, Start::at(0), 10).await.expect("it answers").is_none()
        );
        assert_eq!(world.run(other).await.counts.total(), 1, "its neighbour is whole");
        assert_eq!(world.claim(2).await.len(), 1);
    }

    pub(super) async fn another_accounts_run_is_not_there(world: &World) {
        let (neighbour, _) = world.neighbour(1).await;
        let id = world.submit(1).await;
        assert!(world.store.run_get(neighbour, id).await.expect("it answers").is_none());
        assert!(world.store.run_cancel(neighbour, id, at(1)).await.expect("it answers").is_none());
        assert!(!world.store.run_delete(neighbour, id).await.expect("it answers"));
        assert_eq!(world.run(id).await.counts.of(Status::Queued), 1);
    }

    pub(super) async fn lists_leave_out_what_was_not_asked_for(world: &World) {
        let first = world.submit(1).await;
        let invoke =
            world.submit_as(world.account, world.function, 1, |run| run.source = Source::Invoke).await;
        let later = world.submit_as(world.account, world.function, 1, |run| run.at = at(50)).await;
        let list = async |filter: RunFilter| {
            let page = Page { limit: 10, after: None };
            let listed = world.store.run_list(world.account, filter, page).await.expect("it answers");
            listed.items.into_iter().map(|run| run.id).collect::<Vec<_>>()
        };
        assert_eq!(list(RunFilter::default()).await, [later, first]);
        assert_eq!(list(RunFilter { source: Some(Source::Invoke), ..RunFilter::default() }).await, [invoke]);
        assert_eq!(list(RunFilter { date_from: Some(at(50)), ..RunFilter::default() }).await, [later]);
        assert_eq!(list(RunFilter { date_to: Some(at(49)), ..RunFilter::default() }).await, [first]);
        assert!(list(RunFilter { function: Some("g".into()), ..RunFilter::default() }).await.is_empty());
    }
}
