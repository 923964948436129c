//! Jobs: claimed once, ended once, returned after a crash.

crate::scenarios! {
    a_job_is_claimed_once_and_ended_once
    a_late_end_changes_nothing
    the_highest_bid_goes_first_and_then_the_oldest
    of_what_bids_the_same_the_highest_priority_goes_first
    how_far_a_job_is_is_its_running_attempts_word
    accounts_share_by_weight_and_have_a_maximum
    a_retry_waits_for_its_time
    what_ran_when_the_node_died_is_returned
    a_job_that_nobody_holds_is_released
    a_cancel_that_comes_in_between_wins_over_a_retry
    logs_go_on_over_attempts_and_are_read_from_a_place
    a_call_is_written_at_once_with_its_end
    a_list_is_filtered_and_keeps_its_order
}

mod scenarios {
    use skep_domain::Code;
    use skep_domain::model::attempt::{FailureCode, Outcome};
    use skep_domain::model::job::{Progress, ResultType, Status};
    use skep_domain::model::money::Nanodollars;
    use skep_domain::model::page::{Order, Page, SortBy};
    use skep_domain::model::retry::Policy;
    use skep_domain::model::run::{Common, Source};
    use skep_domain::model::step;
    use skep_domain::port::store::{JobFilter, NewJob, NewRun};

    use crate::world::{START, World, at, failed, room, succeeded};
    use skep_domain::model::log::Start;

    pub(super) async fn a_job_is_claimed_once_and_ended_once(world: &World) {
        world.submit(1).await;
        let claimed = world.claim(5).await;
        assert_eq!(claimed.len(), 1);
        assert!(world.claim(5).await.is_empty());
        let assignment = &claimed[0].assignment;
        assert_eq!((assignment.attempt, assignment.arguments.as_str()), (1, "[0]"));
        assert_eq!(assignment.recipe.function, "f");
        assert_eq!(world.finish(&claimed[0], succeeded("42"), &[]).await, 1);
        assert_eq!(world.finish(&claimed[0], failed(FailureCode::Trap), &[]).await, 0);
        let job = world.job(assignment.job).await;
        assert_eq!((job.progress.status, job.progress.attempts), (Status::Succeeded, 1));
        let last = job.last.expect("it is over");
        assert_eq!((last.outcome, last.usage.cpu_nanos), (succeeded("42"), 12_345));
        assert_eq!(
            (job.assigned_at, job.started_at, job.completed_at),
            (Some(at(10)), Some(at(11)), Some(at(12)))
        );
    }

    pub(super) async fn a_late_end_changes_nothing(world: &World) {
        let run = world.submit(1).await;
        let late = world.claim(1).await.remove(0);
        world.store.job_recover(at(20)).await.expect("it answers");
        let second = world.claim_at(1, at(30)).await.remove(0);
        assert_eq!(second.assignment.attempt, 2);
        assert_eq!(world.finish(&late, succeeded("1"), &["late"]).await, 0);
        assert_eq!(world.job(late.assignment.job).await.progress.status, Status::Running);
        assert_eq!(world.finish(&second, succeeded("2"), &[]).await, 1);
        assert_eq!(world.run(run).await.counts.of(Status::Succeeded), 1);
        let log = world
            .store
            .log_list(world.account, late.assignment.job, Start::at(0), 10)
            .await
            .expect("it answers");
        assert!(log.expect("it is there").is_empty());
    }

    pub(super) async fn the_highest_bid_goes_first_and_then_the_oldest(world: &World) {
        let bid = async |bid: Option<u64>| {
            world.submit_as(world.account, world.function, 1, |run| run.bid = bid.map(Nanodollars)).await
        };
        let (none, low, high) = (bid(None).await, bid(Some(1)).await, bid(Some(9)).await);
        let later = bid(Some(9)).await;
        let mut order = Vec::new();
        for _ in 0..4 {
            let job = world.claim(1).await[0].assignment.job;
            order.push(world.job(job).await.run);
        }
        assert_eq!(order, [high, later, low, none]);
    }

    pub(super) async fn of_what_bids_the_same_the_highest_priority_goes_first(world: &World) {
        let mut expected = Vec::new();
        for (bid, priority) in [(None, 0), (None, 9), (Some(1), 0), (Some(1), 3), (None, 9)] {
            let run = world.submit_as(world.account, world.function, 1, |run| {
                run.bid = bid.map(Nanodollars);
                run.common.priority = priority;
            });
            expected.push(run.await);
        }
        let mut order = Vec::new();
        for _ in 0..5 {
            let job = world.claim(1).await[0].assignment.job;
            order.push(world.job(job).await.run);
        }
        assert_eq!(order, [3, 2, 1, 4, 0].map(|index| expected[index]));
    }

    pub(super) async fn how_far_a_job_is_is_its_running_attempts_word(world: &World) {
        world.submit(1).await;
        let first = &world.claim(1).await[0];
        let job = first.assignment.job;
        let progress = |attempt, percent| world.store.job_progress(job, attempt, percent, at(11));
        assert_eq!(world.job(job).await.percent(), 0);
        progress(1, 40).await.expect("it is written");
        assert_eq!((world.job(job).await.percent(), world.job(job).await.updated_at), (40, at(11)));
        progress(2, 50).await.expect_err("there is no such attempt");
        world.finish(first, failed(FailureCode::Host), &[]).await;
        progress(1, 60).await.expect_err("it is over");
        assert_eq!(world.job(job).await.percent(), 40, "what the last attempt said");
        let second = &world.claim_at(1, at(100_000)).await[0];
        assert_eq!(world.job(job).await.percent(), 0, "another attempt begins anew");
        progress(2, 10).await.expect("it is written");
        world.finish(second, succeeded("1"), &[]).await;
        assert_eq!(world.job(job).await.percent(), 100);
        let unknown = world.store.job_progress(world.ids.next(START), 1, 1, at(11)).await;
        unknown.expect_err("it has no row");
    }

    pub(super) async fn accounts_share_by_weight_and_have_a_maximum(world: &World) {
        let (neighbour, function) = world.neighbour(2).await;
        world.submit(100).await;
        world.submit_as(neighbour, function, 100, |_| {}).await;
        let limits = room(30, 1000);
        let claim = world.store.job_claim(limits, at(10)).await.expect("it answers");
        let theirs = claim.jobs.iter().filter(|job| job.assignment.account == neighbour).count();
        assert_eq!((claim.jobs.len(), theirs), (30, 20));
        let limits = room(100, 25);
        let claim = world.store.job_claim(limits, at(10)).await.expect("it answers");
        let theirs = claim.jobs.iter().filter(|job| job.assignment.account == neighbour).count();
        assert_eq!((claim.jobs.len(), theirs, claim.left), (20, 5, true));
        // Whose guests want the threads already, gets no more; another does.
        let mut limits = room(10, 1000);
        limits.account_backlog_max = 4;
        limits.backlogs.insert(neighbour, 3);
        let claim = world.store.job_claim(limits, at(10)).await.expect("it answers");
        let theirs = claim.jobs.iter().filter(|job| job.assignment.account == neighbour).count();
        assert_eq!((claim.jobs.len(), theirs), (5, 1));
    }

    pub(super) async fn a_retry_waits_for_its_time(world: &World) {
        let retry = Policy { limit: 1, backoff_ms: 1000, backoff_max_ms: 1000, on: vec![] };
        let common = Common { retry: Some(retry), ..Common::default() };
        world.submit_as(world.account, world.function, 1, |run| run.common = common).await;
        let first = world.claim(1).await.remove(0);
        world.finish(&first, failed(FailureCode::Trap), &[]).await;
        let job = world.job(first.assignment.job).await;
        assert_eq!((job.progress.status, job.progress.due_at), (Status::Retrying, Some(at(1012))));
        let limits = room(1, 1);
        let early = world.store.job_claim(limits, at(1011)).await.expect("it answers");
        assert_eq!((early.jobs.len(), early.next_due), (0, Some(at(1012))));
        let second = world.claim_at(1, at(1012)).await.remove(0);
        assert_eq!(second.assignment.attempt, 2);
        world.finish(&second, failed(FailureCode::Trap), &[]).await;
        assert_eq!(world.job(first.assignment.job).await.progress.status, Status::Failed);
        let attempts =
            world.store.attempt_list(world.account, first.assignment.job).await.expect("it answers");
        assert_eq!(attempts.expect("it is there").len(), 2);
    }

    pub(super) async fn what_ran_when_the_node_died_is_returned(world: &World) {
        let run = world.submit(3).await;
        let claimed = world.claim(2).await;
        let marked = claimed[1].assignment.job;
        world.store.job_cancel(world.account, marked, at(15)).await.expect("it runs").expect("it is there");
        assert_eq!(world.store.job_recover(at(20)).await.expect("it answers"), 2);
        assert_eq!(world.store.job_recover(at(21)).await.expect("it answers"), 0);
        let counts = world.run(run).await.counts;
        assert_eq!((counts.of(Status::Queued), counts.of(Status::Cancelled)), (2, 1));
        let attempts =
            world.store.attempt_list(world.account, claimed[0].assignment.job).await.expect("it answers");
        let attempts = attempts.expect("it is there");
        let Outcome::Failed(failure) = &attempts[0].attempt.outcome else { panic!("it was cut off") };
        assert_eq!(failure.code, FailureCode::Interrupted);
        assert_eq!(world.claim_at(5, at(30)).await.len(), 2);
    }

    pub(super) async fn a_job_that_nobody_holds_is_released(world: &World) {
        world.submit(3).await;
        let claimed = world.claim(3).await;
        let held = claimed[..2].iter().map(|job| job.assignment.job).collect();
        assert_eq!(world.store.job_release(held, at(20)).await.expect("it answers"), 1);
        assert_eq!(world.job(claimed[2].assignment.job).await.progress.status, Status::Queued);
        assert_eq!(world.job(claimed[0].assignment.job).await.progress.status, Status::Running);
        assert_eq!(world.finish(&claimed[0], succeeded("1"), &[]).await, 1);
    }

    pub(super) async fn a_cancel_that_comes_in_between_wins_over_a_retry(world: &World) {
        let common = Common { retry: Some(Policy { limit: 5, ..Policy::default() }), ..Common::default() };
        world.submit_as(world.account, world.function, 1, |run| run.common = common).await;
        let claimed = world.claim(1).await.remove(0);
        let job = claimed.assignment.job;
        world.store.job_cancel(world.account, job, at(11)).await.expect("it runs").expect("it is there");
        assert_eq!(world.finish(&claimed, failed(FailureCode::Trap), &[]).await, 1);
        assert_eq!(world.job(job).await.progress.status, Status::Cancelled);
        let again = world.store.job_cancel(world.account, job, at(13)).await;
        assert_eq!(again.expect_err("it is over").code(), Code::Conflict);
    }

    pub(super) async fn logs_go_on_over_attempts_and_are_read_from_a_place(world: &World) {
        world.submit(1).await;
        let first = world.claim(1).await.remove(0);
        let job = first.assignment.job;
        let early = world.end(&first, succeeded("1"), &["early"]).lines;
        world.store.log_append(job, 1, early).await.expect("it is written");
        let many: Vec<String> = (0..2500).map(|number| format!("line {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        world.finish(&first, succeeded("1"), &many).await;
        let read = async |from, limit| {
            let entries =
                world.store.log_list(world.account, job, Start::at(from), limit).await.expect("it answers");
            entries.expect("it is there")
        };
        let all = read(0, 10_000).await;
        assert_eq!(all.len(), 2501);
        assert!(all.iter().enumerate().all(|(seq, entry)| entry.seq == seq as u64));
        assert_eq!((all[0].line.text.as_str(), all[2500].line.text.as_str()), ("early", "line 2499"));
        let part = read(1500, 3).await;
        assert_eq!(part.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1500, 1501, 1502]);
    }

    pub(super) async fn a_call_is_written_at_once_with_its_end(world: &World) {
        let run = NewRun {
            id: world.ids.next(START),
            account: world.account,
            source: Source::Invoke,
            function: world.function,
            version: 1,
            common: Common::default(),
            bid: None,
            receipt: None,
            trace: None,
            stage: None,
            jobs: vec![NewJob::new(world.ids.next(START), "[1]".into())],
            run_at: None,
            at: START,
        };
        world.submit(1).await;
        let mut claimed = world.claim(1).await.remove(0);
        claimed.assignment.job = run.jobs[0].id;
        claimed.progress = step::claim(Progress::new(None));
        let finished = world.end(&claimed, succeeded("2"), &["said"]);
        let (id, job) = (run.id, run.jobs[0].id);
        world.store.job_record(run, finished).await.expect("it is written");
        let run = world.run(id).await;
        assert_eq!((run.counts.status(false), run.completed_at), (Status::Succeeded, Some(at(12))));
        let shown = world.job(job).await;
        assert_eq!((shown.progress.status, shown.progress.attempts), (Status::Succeeded, 1));
        assert_eq!(shown.last.expect("it is over").outcome, succeeded("2"));
        let log = world
            .store
            .log_list(world.account, job, Start::at(0), 10)
            .await
            .expect("it answers")
            .expect("it is there");
        assert_eq!(log[0].line.text, "said");
    }

    pub(super) async fn a_list_is_filtered_and_keeps_its_order(world: &World) {
        let run = world.submit(5).await;
        world.submit(2).await;
        let (neighbour, function) = world.neighbour(1).await;
        world.submit_as(neighbour, function, 1, |_| {}).await;
        let claimed = world.claim_at(100, at(10)).await;
        let mine: Vec<_> = claimed.iter().filter(|job| job.assignment.account == world.account).collect();
        world.finish(mine[0], failed(FailureCode::Trap), &[]).await;
        world.finish(mine[1], succeeded("1"), &[]).await;
        let list = async |filter: JobFilter| {
            let page = Page { limit: 100, after: None };
            let listed = world.store.job_list(world.account, filter, page).await.expect("it answers");
            listed.items.into_iter().map(|job| job.id).collect::<Vec<_>>()
        };
        let newest = list(JobFilter::default()).await;
        assert_eq!(newest.len(), 7);
        assert!(newest.is_sorted_by(|a, b| a > b));
        let oldest =
            list(JobFilter { run: Some(run), order: Order::Ascending, ..JobFilter::default() }).await;
        assert!(oldest.len() == 5 && oldest.is_sorted_by(|a, b| a < b));
        let failed = list(JobFilter { status: Some(Status::Failed), ..JobFilter::default() }).await;
        assert_eq!(failed, [mine[0].assignment.job]);
        let json = list(JobFilter { result_type: Some(ResultType::Json), ..JobFilter::default() }).await;
        assert_eq!(json, [mine[1].assignment.job]);
        let changed = list(JobFilter { sort_by: SortBy::UpdatedAt, ..JobFilter::default() }).await;
        assert!(
            changed[..2].contains(&mine[0].assignment.job) && changed[..2].contains(&mine[1].assignment.job)
        );
        assert!(list(JobFilter { job_type: Some("g".into()), ..JobFilter::default() }).await.is_empty());
    }
}
