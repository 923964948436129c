//! Schedules and the runs that they make.

crate::scenarios! {
    a_time_makes_one_run_however_often_it_is_told
    what_was_changed_meanwhile_makes_no_run
    those_due_come_in_order_and_the_next_time_is_known
    a_schedule_keeps_its_past_when_it_is_put_again
    a_schedule_is_its_accounts_own_and_goes_with_it
}

mod scenarios {
    use skep_domain::model::account::AccountName;
    use skep_domain::model::id::{RunId, ScheduleId};
    use skep_domain::model::run::{Common, Source};
    use skep_domain::model::schedule::{Missed, Planned, Schedule, Timing, UTC, What};
    use skep_domain::model::time::Millis;
    use skep_domain::port::store::{Fired, Past, RunFilter, Submitted};

    use crate::world::{START, World, at, name};

    fn schedule(world: &World, called: &str, next_at: Option<Millis>) -> Schedule {
        Schedule {
            id: world.ids.next(START),
            account: world.account,
            name: name(called),
            timing: Timing::parse("@every 1h", UTC).expect("an expression"),
            missed: Missed::Once,
            what: What::Run(Box::new(Planned {
                function: "f".into(),
                version: None,
                tuples: vec![serde_json::value::to_raw_value(&[1]).expect("JSON")],
                common: Common::default(),
                bid: None,
            })),
            next_at,
            last_at: None,
            last: None,
            last_error: None,
            created_at: START,
            updated_at: START,
        }
    }

    async fn put(world: &World, called: &str, next_at: Option<Millis>) -> Schedule {
        world.store.schedule_put(schedule(world, called, next_at), 3).await.expect("it is written").0
    }

    async fn get(world: &World, called: &str) -> Schedule {
        let found = world.store.schedule_get(world.account, &name(called)).await;
        found.expect("it answers").expect("it is there")
    }

    async fn fire(world: &World, id: ScheduleId, due: Millis, next: Millis) -> bool {
        let run = world.new_run(1, |run| run.source = Source::Schedule);
        let fired =
            Fired { id, due, next: Some(next), made: Some(Submitted::Run(Box::new(run))), error: None };
        world.store.schedule_fire(fired).await.expect("it answers")
    }

    async fn runs(world: &World) -> usize {
        let page = skep_domain::model::page::Page { limit: 100, after: None };
        let listed = world.store.run_list(world.account, RunFilter::default(), page).await;
        listed.expect("it answers").items.len()
    }

    pub(super) async fn a_time_makes_one_run_however_often_it_is_told(world: &World) {
        let made = put(world, "s", Some(at(10))).await;
        assert!(fire(world, made.id, at(10), at(20)).await);
        assert!(!fire(world, made.id, at(10), at(20)).await, "as after a restart in between");
        assert_eq!(runs(world).await, 1);
        let after = get(world, "s").await;
        assert_eq!((after.next_at, after.last_at), (Some(at(20)), Some(at(10))));
        let run = world.run(RunId::from_bytes(after.last.expect("a run").to_bytes())).await;
        assert_eq!((run.source, run.counts.total()), (Source::Schedule, 1));
    }

    pub(super) async fn what_was_changed_meanwhile_makes_no_run(world: &World) {
        let made = put(world, "s", Some(at(10))).await;
        let paused = world.store.schedule_turn(world.account, &made.name, None, at(11)).await;
        assert_eq!(paused.expect("it is written").expect("it is there").next_at, None);
        assert!(!fire(world, made.id, at(10), at(20)).await);
        world
            .store
            .schedule_turn(world.account, &made.name, Some(at(30)), at(12))
            .await
            .expect("it is written");
        assert!(!fire(world, made.id, at(10), at(20)).await);
        assert!(
            world
                .store
                .schedule_delete(world.account, &made.name, Past::Stays, at(0))
                .await
                .expect("it answers")
        );
        assert!(!fire(world, made.id, at(30), at(40)).await);
        assert_eq!(runs(world).await, 0);
    }

    pub(super) async fn those_due_come_in_order_and_the_next_time_is_known(world: &World) {
        put(world, "late", Some(at(20))).await;
        put(world, "early", Some(at(10))).await;
        put(world, "paused", None).await;
        let due = async |now, limit| {
            let due = world.store.schedule_due(limit, now).await.expect("it answers");
            let names: Vec<_> = due.schedules.iter().map(|one| one.name.as_str().to_owned()).collect();
            (names.join(" "), due.next)
        };
        assert_eq!(due(at(9), 10).await, (String::new(), Some(at(10))));
        assert_eq!(due(at(10), 10).await, ("early".into(), Some(at(20))));
        assert_eq!(due(at(20), 10).await, ("early late".into(), None));
        assert_eq!(due(at(20), 1).await, ("early".into(), None));
        let more = world.store.schedule_put(schedule(world, "more", None), 3).await;
        assert!(more.expect_err("there are three").message().contains("3 schedules"));
    }

    pub(super) async fn a_schedule_keeps_its_past_when_it_is_put_again(world: &World) {
        let made = put(world, "s", Some(at(10))).await;
        let error = Some("function not found".to_owned());
        let fired = Fired { id: made.id, due: at(10), next: Some(at(20)), made: None, error: error.clone() };
        assert!(world.store.schedule_fire(fired).await.expect("it answers"));
        let again =
            Schedule { missed: Missed::Skip, updated_at: at(30), ..schedule(world, "s", Some(at(40))) };
        let (again, is_new) = world.store.schedule_put(again, 1).await.expect("it is written");
        assert!(!is_new);
        assert_eq!((again.id, again.last_at, again.last_error), (made.id, Some(at(10)), error));
        assert_eq!((again.missed, again.next_at, again.created_at), (Missed::Skip, Some(at(40)), START));
        let What::Run(planned) = &again.what else { panic!("it submits a run") };
        assert_eq!((again.updated_at, planned.tuples[0].get()), (at(30), "[1]"));
    }

    pub(super) async fn a_schedule_is_its_accounts_own_and_goes_with_it(world: &World) {
        let made = put(world, "s", Some(at(10))).await;
        let (other, _) = world.neighbour(1).await;
        let store = &world.store;
        assert!(store.schedule_get(other, &made.name).await.expect("it answers").is_none());
        assert!(store.schedule_list(other).await.expect("it answers").is_empty());
        assert!(store.schedule_turn(other, &made.name, None, at(1)).await.expect("it answers").is_none());
        assert!(!store.schedule_delete(other, &made.name, Past::Stays, at(0)).await.expect("it answers"));
        let account = AccountName::parse("admin").expect("a name");
        assert!(store.account_delete(&account).await.expect("it answers"));
        assert!(store.schedule_due(10, at(10)).await.expect("it answers").schedules.is_empty());
    }
}
