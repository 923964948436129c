//! Versions that are built of source.

crate::scenarios! {
    a_build_that_ends_well_makes_its_version_the_current_one
    a_build_that_fails_leaves_the_version_that_was
    a_build_that_is_cancelled_has_failed
    the_same_source_is_built_once_in_an_account
    what_was_uploaded_later_stays_whichever_build_ends_first
    a_build_that_has_failed_is_not_chosen_by_its_hash
}

mod scenarios {
    use skep_domain::model::attempt::{Outcome, Output};
    use skep_domain::model::function::{Interface, Made, State, Version};
    use skep_domain::model::id::{FunctionId, Sha256};
    use skep_domain::port::store::{Finished, Uploaded};

    use crate::world::{World, at, build, name, upload};

    async fn version(world: &World, function: FunctionId, number: u32) -> Version {
        world.store.version_get(function, number).await.expect("it answers").expect("it is there")
    }

    async fn current(world: &World, function: &str) -> Version {
        let function = world.store.function_get(world.account, &name(function)).await.expect("it answers");
        function.expect("it is there").current
    }

    pub(super) async fn a_build_that_ends_well_makes_its_version_the_current_one(world: &World) {
        let (function, made, uploaded) = upload(world, world.account, "f", b"source").await;
        assert_eq!((made.number, made.state, uploaded), (2, State::Building, Uploaded::New));
        assert_eq!(function.current.number, 1, "what is ready goes on meanwhile");
        let claimed = upload(world, world.account, "f", b"source").await;
        assert_eq!((claimed.1.number, claimed.2), (2, Uploaded::Known), "it is not built twice");
        build(world, Some(b"script")).await;
        let now = current(world, "f").await;
        assert_eq!((now.number, now.state), (2, State::Ready));
        assert_eq!(now.code.script, Some(Sha256::of(b"script")));
        assert_eq!(now.interface.kinds, ["exports"]);
        let logs = world.store.version_build_logs(function.id, 2).await.expect("it answers");
        assert_eq!(logs.as_deref(), Some("building\n"));
        assert!(world.claim(1).await.is_empty(), "the second upload made no job");
        let run = world.new_run(1, |run| run.version = 2);
        world.store.run_create(run).await.expect("it is written");
        let job = world.claim(1).await.remove(0);
        assert_eq!(job.assignment.recipe.code, now.code);
    }

    pub(super) async fn a_build_that_fails_leaves_the_version_that_was(world: &World) {
        let (function, ..) = upload(world, world.account, "f", b"source").await;
        build(world, None).await;
        assert_eq!(current(world, "f").await.number, 1);
        assert_eq!(version(world, function.id, 2).await.state, State::Failed);
        let logs = world.store.version_build_logs(function.id, 2).await.expect("it answers");
        assert_eq!(logs.as_deref(), Some("building\nSyntaxError: no\n"));
        // A function that has nothing else shows it, and is built again when it is asked for again.
        let (fresh, ..) = upload(world, world.account, "g", b"source").await;
        assert_eq!((fresh.current.number, fresh.current.state), (1, State::Building));
        build(world, None).await;
        assert_eq!(current(world, "g").await.state, State::Failed);
        let (_, again, uploaded) = upload(world, world.account, "g", b"source").await;
        assert_eq!((again.number, again.state, uploaded), (1, State::Building, Uploaded::Known));
        build(world, Some(b"script")).await;
        assert_eq!(current(world, "g").await.state, State::Ready);
    }

    pub(super) async fn a_build_that_is_cancelled_has_failed(world: &World) {
        let (_, made, _) = upload(world, world.account, "g", b"source").await;
        let job = made.build.expect("it is built").job;
        world.store.job_cancel(world.account, job, at(2)).await.expect("it answers");
        assert_eq!(current(world, "g").await.state, State::Failed);
    }

    pub(super) async fn the_same_source_is_built_once_in_an_account(world: &World) {
        upload(world, world.account, "g", b"source").await;
        build(world, Some(b"script")).await;
        let (_, other, uploaded) = upload(world, world.account, "h", b"source").await;
        assert_eq!((other.state, uploaded), (State::Ready, Uploaded::New));
        assert_eq!(other.code.script, Some(Sha256::of(b"script")));
        assert_eq!(current(world, "h").await.interface.kinds, ["exports"]);
        let (neighbour, _) = world.neighbour(1).await;
        let (_, theirs, _) = upload(world, neighbour, "h", b"source").await;
        assert_eq!(theirs.state, State::Building, "others' builds are theirs");
    }

    pub(super) async fn what_was_uploaded_later_stays_whichever_build_ends_first(world: &World) {
        upload(world, world.account, "g", b"slow").await;
        let slow = world.claim(1).await.remove(0);
        upload(world, world.account, "g", b"fast").await;
        build(world, Some(b"fast")).await;
        assert_eq!(current(world, "g").await.number, 2);
        let made = Made { code: Sha256::of(b"slow").into(), interface: Interface::default() };
        let finished =
            Finished { made: Some(made), ..world.end(&slow, Outcome::Succeeded(Output::None), &[]) };
        world.store.job_finish([finished].into()).await.expect("it answers");
        assert_eq!(current(world, "g").await.number, 2);
        // Whoever uploads the older one again means it.
        let (function, ..) = upload(world, world.account, "g", b"slow").await;
        assert_eq!(function.current.number, 1);
    }

    pub(super) async fn a_build_that_has_failed_is_not_chosen_by_its_hash(world: &World) {
        let (function, ..) = upload(world, world.account, "f", b"source").await;
        build(world, None).await;
        let hash = Sha256::of(b"source");
        let selected = world.store.version_select(world.account, &name("f"), hash, at(2)).await;
        assert!(selected.expect("it answers").is_none());
        assert_eq!(function.current.number, 1);
    }
}
