//! Workers and the jobs that they have.

crate::scenarios! {
    a_worker_takes_what_fits_it_the_highest_bid_first
    a_worker_takes_as_many_as_it_has_places_for_while_it_is_open
    what_a_worker_has_is_neither_the_nodes_nor_lost_with_it
    what_a_worker_has_goes_back_when_it_is_silent_stopped_started_anew_or_gone
    a_worker_that_speaks_of_a_job_keeps_it_and_no_other
    an_attempt_that_was_lost_is_not_heard_of_as_the_next
    many_runs_that_do_not_fit_hide_none_that_does
    what_a_deleted_worker_did_names_it_until_it_is_purged
    a_cancelled_job_ends_though_a_worker_has_it
    a_report_ends_an_attempt_once
    a_worker_is_its_accounts_own
    a_profile_is_changed_from_what_was_seen
}

mod scenarios {
    use std::collections::BTreeSet;

    use skep_domain::model::account::AccountName;
    use skep_domain::model::attempt::{FailureCode, Outcome};
    use skep_domain::model::id::{AccountId, FunctionId, JobId, RunId, Sha256};
    use skep_domain::model::job::Status;
    use skep_domain::model::labels::Labels;
    use skep_domain::model::money::Nanodollars;
    use skep_domain::model::price::Price;
    use skep_domain::model::step;
    use skep_domain::model::time::Millis;
    use skep_domain::model::worker::{Profile, Worker};
    use skep_domain::port::store::{Finished, Lost, NewRun, Purged, Taken};

    use crate::world::{START, World, at, attempt, build, room, succeeded, upload};

    const NOTHING_IS_LATE: Lost = Lost { heard_before: Millis(0), taken_before: Millis(0) };

    fn set(offers: &[&str]) -> BTreeSet<String> {
        offers.iter().map(|offer| (*offer).to_owned()).collect()
    }

    /// A worker that asks 10, with two places, that was opened.
    async fn worker(world: &World, offers: &[&str]) -> Worker {
        let profile = Profile {
            name: "box".into(),
            ask: Nanodollars(10),
            places: 2,
            offers: set(offers),
            labels: Labels::new(),
        };
        let worker = Worker {
            id: world.ids.next(START),
            account: world.account,
            profile,
            is_open: false,
            seen_at: None,
            running: 0,
            created_at: START,
            updated_at: START,
        };
        world.store.worker_create(worker.clone(), 10).await.expect("it is written");
        open(world, &worker, true, at(5)).await
    }

    async fn open(world: &World, worker: &Worker, is_open: bool, now: Millis) -> Worker {
        turn(world, worker, is_open, now).await.0
    }

    /// The same, with the jobs that went back.
    async fn turn(world: &World, worker: &Worker, is_open: bool, now: Millis) -> (Worker, Vec<JobId>) {
        let opened = world.store.worker_open(world.account, worker.id, is_open, now).await;
        let (worker, returned) = opened.expect("it is written").expect("it is there");
        (worker, returned.into_iter().map(|(job, _)| job).collect())
    }

    /// A function from source, which a worker can run.
    async fn source(world: &World) -> FunctionId {
        let function = upload(world, world.account, "source", b"source").await.0.id;
        build(world, Some(b"script")).await;
        function
    }

    async fn submit(world: &World, function: FunctionId, bid: u64, requires: &[&str]) -> RunId {
        let change = |run: &mut NewRun| {
            run.bid = Some(Nanodollars(bid));
            run.common.requires = set(requires);
        };
        world.submit_as(world.account, function, 1, change).await
    }

    async fn take(world: &World, worker: &Worker, now: Millis) -> Vec<Taken> {
        let taken = world.store.worker_take(world.account, worker.id, 1000, now).await;
        taken.expect("it answers").expect("it is there")
    }

    async fn reap(world: &World, lost: Lost, now: Millis) -> Vec<JobId> {
        let reaped = world.store.worker_reap(lost, now).await.expect("it answers");
        reaped.into_iter().map(|(job, _)| job).collect()
    }

    fn runs(taken: &[Taken]) -> Vec<RunId> {
        taken.iter().map(|taken| taken.held.run).collect()
    }

    pub(super) async fn a_worker_takes_what_fits_it_the_highest_bid_first(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a", "b"]).await;
        submit(world, function, 9, &["a"]).await;
        submit(world, function, 50, &["a", "c"]).await;
        submit(world, function, 50, &[]).await;
        submit(world, world.function, 50, &["a"]).await;
        world.submit_as(world.account, function, 1, |run| run.common.requires = set(&["a"])).await;
        let (low, high) =
            (submit(world, function, 10, &["a"]).await, submit(world, function, 20, &["a", "b"]).await);
        let taken = take(world, &worker, at(10)).await;
        assert_eq!(runs(&taken), [high, low]);
        assert_eq!((taken[0].arguments.as_str(), &taken[0].requires), ("[0]", &set(&["a", "b"])));
        let job = world.job(taken[0].held.job).await;
        assert_eq!((job.progress.status, job.worker), (Status::Running, Some(worker.id)));
        assert_eq!((job.assigned_at, taken[0].held.assigned_at), (Some(at(10)), at(10)));
        assert_eq!(world.run(high).await.counts.of(Status::Running), 1);
        assert_eq!(taken[0].source, Sha256::of(b"source"));
    }

    pub(super) async fn a_worker_takes_as_many_as_it_has_places_for_while_it_is_open(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        for _ in 0..3 {
            submit(world, function, 20, &["a"]).await;
        }
        open(world, &worker, false, at(6)).await;
        assert!(take(world, &worker, at(7)).await.is_empty());
        open(world, &worker, true, at(8)).await;
        assert_eq!(take(world, &worker, at(9)).await.len(), 2);
        assert!(take(world, &worker, at(10)).await.is_empty());
        let worker =
            world.store.worker_get(world.account, worker.id).await.expect("it answers").expect("there");
        assert_eq!((worker.running, worker.seen_at), (2, Some(at(10))));
    }

    pub(super) async fn what_a_worker_has_is_neither_the_nodes_nor_lost_with_it(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        submit(world, function, 20, &["a"]).await;
        let job = take(world, &worker, at(10)).await[0].held.job;
        assert!(world.claim(10).await.is_empty());
        assert_eq!(world.store.job_recover(at(11)).await.expect("it answers"), 0);
        assert_eq!(world.store.job_release([].into(), at(11)).await.expect("it answers"), 0);
        assert!(reap(world, NOTHING_IS_LATE, at(11)).await.is_empty());
        assert_eq!(world.job(job).await.progress.status, Status::Running);
        // Nor does it take the account's places here.
        world.submit(1).await;
        assert_eq!(world.store.job_claim(room(10, 1), at(12)).await.expect("it answers").jobs.len(), 1);
    }

    pub(super) async fn what_a_worker_has_goes_back_when_it_is_silent_stopped_started_anew_or_gone(
        world: &World,
    ) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        submit(world, function, 20, &["a"]).await;
        let mut now = 10;
        for (case, why) in [
            ("silent", "said nothing"),
            ("held", "for too long"),
            ("stopped", "stopped"),
            ("opened", "started anew"),
            ("gone", "deleted"),
        ] {
            now += 10;
            let job = take(world, &worker, at(now)).await[0].held.job;
            assert!(
                reap(world, Lost { heard_before: at(now), taken_before: at(now) }, at(now)).await.is_empty()
            );
            let later = at(now + 1);
            let returned = match case {
                "silent" => reap(world, Lost { heard_before: later, ..NOTHING_IS_LATE }, later).await,
                "held" => reap(world, Lost { taken_before: later, ..NOTHING_IS_LATE }, later).await,
                "stopped" => turn(world, &worker, false, later).await.1,
                "opened" => turn(world, &worker, true, later).await.1,
                _ => {
                    let deleted = world.store.worker_delete(world.account, worker.id, later).await;
                    deleted
                        .expect("it answers")
                        .expect("it is there")
                        .into_iter()
                        .map(|(job, _)| job)
                        .collect()
                }
            };
            assert_eq!(returned, [job], "{case}");
            assert_eq!(world.job(job).await.progress.status, Status::Queued, "{case}");
            let attempts =
                world.store.attempt_list(world.account, job).await.expect("it answers").expect("there");
            let last = attempts.last().expect("an attempt");
            let Outcome::Failed(failure) = &last.attempt.outcome else { panic!("{case}: {last:?}") };
            assert_eq!(failure.code, FailureCode::Interrupted);
            assert!(failure.message.contains(why), "{case}: {}", failure.message);
            if case == "stopped" {
                open(world, &worker, true, later).await;
            }
        }
        let claimed = world.claim(1).await;
        assert_eq!(claimed[0].progress.attempts, 6, "the node takes what no worker has");
        assert_eq!(world.job(claimed[0].assignment.job).await.worker, None);
    }

    pub(super) async fn a_worker_that_speaks_of_a_job_keeps_it_and_no_other(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        for _ in 0..2 {
            submit(world, function, 20, &["a"]).await;
        }
        let taken = take(world, &worker, at(10)).await;
        let (kept, lost) = (taken[0].held.job, taken[1].held.job);
        world
            .store
            .worker_heard(world.account, kept, 1, at(50))
            .await
            .expect("it answers")
            .expect("it has it");
        take(world, &worker, at(60)).await;
        let late = Lost { heard_before: at(40), ..NOTHING_IS_LATE };
        assert_eq!(reap(world, late, at(70)).await, [lost], "asking for jobs says nothing of those it has");
    }

    pub(super) async fn an_attempt_that_was_lost_is_not_heard_of_as_the_next(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        submit(world, function, 20, &["a"]).await;
        let job = take(world, &worker, at(10)).await[0].held.job;
        turn(world, &worker, true, at(20)).await;
        assert_eq!(take(world, &worker, at(30)).await[0].held.progress.attempts, 2);
        let heard = async |attempt| {
            world.store.worker_heard(world.account, job, attempt, at(40)).await.expect("it answers")
        };
        assert!(heard(1).await.is_none() && heard(2).await.is_some());
    }

    pub(super) async fn many_runs_that_do_not_fit_hide_none_that_does(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        world.submit_as(world.account, function, 3000, |run| run.bid = Some(Nanodollars(50))).await;
        for _ in 0..20 {
            submit(world, function, 40, &["b"]).await;
        }
        let change = |run: &mut NewRun| {
            run.bid = Some(Nanodollars(30));
            run.common.requires = set(&["a"]);
            run.jobs[0].arguments = format!("[{}1]", " ".repeat(1000));
        };
        let wanted = world.submit_as(world.account, function, 2, change).await;
        let taken = take(world, &worker, at(10)).await;
        assert_eq!(runs(&taken), [wanted], "its first job is too large");
        assert_eq!(taken[0].arguments, "[1]");
    }

    pub(super) async fn what_a_deleted_worker_did_names_it_until_it_is_purged(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        let run = submit(world, function, 20, &["a"]).await;
        let job = take(world, &worker, at(10)).await[0].held.job;
        world.store.run_cancel(world.account, run, at(11)).await.expect("it answers");
        reap(world, NOTHING_IS_LATE, at(12)).await;
        world
            .store
            .worker_delete(world.account, worker.id, at(13))
            .await
            .expect("it answers")
            .expect("it is there");
        assert_eq!(world.job(job).await.worker, Some(worker.id));
        assert_eq!(world.store.purge(None, at(14)).await.expect("it answers"), Purged::Nothing);
        assert!(world.store.run_delete(world.account, run).await.expect("it answers"));
        while world.store.purge(None, at(15)).await.expect("it answers") == Purged::Some {}
        assert_eq!(world.store.purge(None, at(16)).await.expect("it answers"), Purged::Nothing);
    }

    pub(super) async fn a_cancelled_job_ends_though_a_worker_has_it(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        let run = submit(world, function, 20, &["a"]).await;
        let job = take(world, &worker, at(10)).await[0].held.job;
        world.store.run_cancel(world.account, run, at(11)).await.expect("it answers");
        assert_eq!(
            world.store.job_cancel_requested().await.expect("it answers"),
            [],
            "it is no guest of the node's"
        );
        assert_eq!(reap(world, NOTHING_IS_LATE, at(12)).await, [job]);
        assert_eq!(world.job(job).await.progress.status, Status::Cancelled);
        assert_eq!(world.run(run).await.counts.status(true), Status::Cancelled);
    }

    pub(super) async fn a_report_ends_an_attempt_once(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        submit(world, function, 20, &["a"]).await;
        let job = take(world, &worker, at(10)).await[0].held.job;
        let heard =
            async || world.store.worker_heard(world.account, job, 1, at(20)).await.expect("it answers");
        let held = heard().await.expect("it has it");
        assert_eq!((held.bid, held.assigned_at, held.progress.attempts), (Some(Nanodollars(20)), at(10), 1));
        let seen = world
            .store
            .worker_get(world.account, worker.id)
            .await
            .expect("it answers")
            .expect("there")
            .seen_at;
        assert_eq!(seen, Some(at(20)));
        let finished = Finished {
            run: held.run,
            job,
            step: step::finish(held.progress, attempt(1, succeeded("1")), &held.retry, 0.0, at(21)),
            price: Price::default(),
            lines: Vec::new(),
            is_build: false,
            is_staged: false,
            made: None,
        };
        for written in [1, 0] {
            let answer = world.store.job_finish([finished.clone()].into()).await;
            assert_eq!(answer.expect("it answers").written, written);
        }
        assert!(heard().await.is_none());
        let over = world.job(job).await;
        assert_eq!((over.progress.status, over.worker), (Status::Succeeded, Some(worker.id)));
    }

    pub(super) async fn a_worker_is_its_accounts_own(world: &World) {
        let function = source(world).await;
        let worker = worker(world, &["a"]).await;
        submit(world, function, 20, &["a"]).await;
        let (other, _): (AccountId, _) = world.neighbour(1).await;
        let store = &world.store;
        assert!(store.worker_get(other, worker.id).await.expect("it answers").is_none());
        assert!(store.worker_list(other).await.expect("it answers").is_empty());
        assert!(store.worker_take(other, worker.id, 1000, at(10)).await.expect("it answers").is_none());
        assert!(store.worker_open(other, worker.id, false, at(10)).await.expect("it answers").is_none());
        assert!(store.worker_delete(other, worker.id, at(10)).await.expect("it answers").is_none());
        let job = take(world, &worker, at(10)).await[0].held.job;
        assert!(store.worker_heard(other, job, 1, at(11)).await.expect("it answers").is_none());
        for _ in 1..3 {
            let copy = Worker { id: world.ids.next(START), ..worker.clone() };
            store.worker_create(copy, 3).await.expect("there is room");
        }
        let copy = Worker { id: world.ids.next(START), ..worker.clone() };
        assert!(
            store.worker_create(copy, 3).await.expect_err("there is none").message().contains("3 workers")
        );
        let account = AccountName::parse("admin").expect("a name");
        assert!(store.account_delete(&account).await.expect("it answers"));
        assert!(store.worker_get(world.account, worker.id).await.expect("it answers").is_none());
        assert_eq!(reap(world, NOTHING_IS_LATE, at(12)).await, [job]);
    }

    pub(super) async fn a_profile_is_changed_from_what_was_seen(world: &World) {
        let worker = worker(world, &["a"]).await;
        let to = Profile { name: "other".into(), places: 5, ..worker.profile.clone() };
        let change = async |from: &Profile, to: &Profile| {
            world.store.worker_change(world.account, worker.id, from.clone(), to.clone(), at(10)).await
        };
        let changed = change(&worker.profile, &to).await.expect("it is written").expect("it is there");
        assert_eq!((&changed.profile, changed.updated_at, changed.is_open), (&to, at(10), true));
        assert!(
            change(&worker.profile, &to).await.expect_err("it is another").message().contains("meanwhile")
        );
    }
}
