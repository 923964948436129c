//! Plans, their stages, and what ends with them.

crate::scenarios! {
    a_turn_is_written_once_and_as_a_whole
    the_end_of_a_run_is_news_to_its_stage_and_so_is_its_first_failure
    a_stage_of_many_items_sets_a_variable_for_each
    a_cancelled_plan_takes_its_runs_and_plans_with_it_and_tells_the_one_it_is_in
    a_plan_begins_again_where_it_ended
    a_plan_waits_for_its_time_and_each_has_its_turn
    what_a_deleted_account_leaves_holds_up_nobody
    what_is_deleted_or_has_had_its_time_is_purged_with_its_runs
    an_account_sees_its_own_plans_by_word_and_status
}

mod scenarios {
    use std::collections::HashSet;

    use skep_domain::model::account::AccountName;
    use skep_domain::model::attempt::{FailureCode, Output};
    use skep_domain::model::id::{PlanId, RunId, StageId};
    use skep_domain::model::job::Status;
    use skep_domain::model::page::Page;
    use skep_domain::model::plan::{
        Call, Does, Head, Kind, Names, Plan, Stage, StageStatus, Style, VARIABLES_BYTES_MAX,
    };
    use skep_domain::model::run::Source;
    use skep_domain::model::search::Search;
    use skep_domain::model::time::Millis;
    use skep_domain::port::store::{
        Begun, Came, Changed, End, NewPlan, NewRun, NewStage, News, NewsAsk, PlanFilter, Purged, StageState,
        Turn,
    };
    use skep_domain::{Code, Result};

    use crate::world::{START, World, at, failed, succeeded};

    const ALL: Page = Page { limit: 100, after: None };

    fn call(name: &str) -> Stage {
        let call = Call { function: "f".into(), ..Call::default() };
        Stage { name: name.into(), when: None, var: None, noted: None, does: Does::Call(Box::new(call)) }
    }

    fn new_stage(world: &World, parent: Option<StageId>, position: u32, stage: Stage) -> NewStage {
        let (id, kind) = (world.ids.next(START), stage.does.kind());
        NewStage { id, parent, position, kind, stage: Some(stage), scope: None }
    }

    fn new_plan(world: &World, called: &str, change: impl FnOnce(&mut NewPlan)) -> NewPlan {
        let stages = vec![call("a"), call("b")];
        let root = Stage { does: Does::Sequence(stages), ..call("root") };
        let mut plan = NewPlan {
            id: world.ids.next(START),
            account: world.account,
            of: None,
            is_detached: false,
            head: Head { name: called.into(), ..Head::default() },
            secrets: Vec::new(),
            sealed: None,
            schedule: None,
            webhooks: Vec::new(),
            root: new_stage(world, None, 0, root),
            run_at: None,
            at: START,
            receipt: None,
        };
        change(&mut plan);
        plan
    }

    async fn create(world: &World, change: impl FnOnce(&mut NewPlan)) -> PlanId {
        let plan = new_plan(world, "nightly report", change);
        let id = plan.id;
        world.store.plan_create(plan, 5).await.expect("it is written");
        id
    }

    async fn get(world: &World, id: PlanId) -> Plan {
        world.store.plan_get(world.account, id).await.expect("it answers").expect("it is there")
    }

    async fn read(world: &World, plans_max: u32, now: Millis) -> News {
        let ask = NewsAsk { plans_max, stages_max: 100, except: HashSet::new() };
        world.store.plan_news(ask, now).await.expect("it answers")
    }

    /// A plan of which there is news.
    async fn begun(world: &World, id: PlanId) -> Begun {
        let found = read(world, 10, at(1000)).await.plans.into_iter().find(|(plan, _)| *plan == id);
        found.expect("there is news of it").1.expect("it can be read")
    }

    async fn news(world: &World, now: Millis) -> Vec<PlanId> {
        read(world, 10, now).await.plans.into_iter().map(|(plan, _)| plan).collect()
    }

    fn turn(plan: PlanId, revision: u64) -> Turn {
        Turn {
            plan,
            revision,
            at: at(5),
            stages: Vec::new(),
            parts: Vec::new(),
            runs: Vec::new(),
            plans: Vec::new(),
            variables: Vec::new(),
            collected: Vec::new(),
            end: None,
        }
    }

    fn changed(state: &StageState, status: StageStatus) -> Changed {
        let state = StageState { status, ..state.clone() };
        Changed { state, name: Some("named".into()), error: None, again: false }
    }

    fn run_of(world: &World, stage: StageId, jobs: u32) -> NewRun {
        world.new_run(jobs, |run| (run.source, run.stage) = (Source::Plan, Some(stage)))
    }

    /// Begins with a plan: two parts, the first of which makes a run of so many jobs.
    async fn begin(world: &World, id: PlanId, jobs: u32) -> (StageId, StageId, RunId) {
        let begun = begun(world, id).await;
        let mut root = changed(&begun.news[0], StageStatus::Running);
        (root.state.total, root.state.begun) = (2, 1);
        let parent = Some(root.state.id);
        let parts = [new_stage(world, parent, 0, call("a")), new_stage(world, parent, 1, call("b"))];
        let first = StageState {
            id: parts[0].id,
            parent,
            position: 0,
            kind: Kind::Call,
            status: StageStatus::Running,
            total: 0,
            begun: 0,
            over: 0,
            concurrency: 0,
            var: None,
            scope: None,
            news: 0,
        };
        let run = run_of(world, parts[0].id, jobs);
        let (root_id, stage, run_id) = (root.state.id, parts[0].id, run.id);
        let stages = vec![root, changed(&first, StageStatus::Running)];
        let turn = Turn { stages, parts: parts.into(), runs: vec![run], ..turn(id, begun.revision) };
        assert!(world.store.plan_turn(turn).await.expect("it answers"));
        (root_id, stage, run_id)
    }

    pub(super) async fn a_turn_is_written_once_and_as_a_whole(world: &World) {
        let id = create(world, |_| {}).await;
        let before = begun(world, id).await;
        assert_eq!((before.news.len(), before.news[0].kind), (1, Kind::Sequence));
        let (root, stage, run) = begin(world, id, 1).await;
        let stale = Turn { runs: vec![run_of(world, stage, 1)], ..turn(id, before.revision) };
        assert!(!world.store.plan_turn(stale).await.expect("it answers"), "the plan has gone on");
        let plan = get(world, id).await;
        assert_eq!((plan.status, plan.total, plan.begun, plan.over), (Status::Running, 2, 1, 0));
        assert!(news(world, at(6)).await.is_empty());
        assert_eq!(world.run(run).await.counts.total(), 1);
        let second = world.store.stage_part(root, 1).await.expect("it answers").expect("it is there");
        assert_eq!(second.status, StageStatus::Waiting);
        let definition = world.store.stage_definition(second.id).await.expect("it answers");
        assert_eq!(definition.map(|stage| stage.name), Some("b".into()));
        let shown =
            world.store.plan_stages(world.account, id, ALL).await.expect("it answers").expect("there");
        assert_eq!(shown.items.len(), 1, "what waits is not shown, nor what goes through all");
        assert_eq!((shown.items[0].parent, shown.items[0].runs[0].0), (None, run));
        let too_many = (0..5).map(|_| world.store.plan_create(new_plan(world, "p", |_| {}), 5));
        let last = futures_last(too_many).await;
        assert_eq!(last.map_err(|error| error.code()).expect_err("there are enough"), Code::TooMany);
    }

    async fn futures_last<T>(all: impl Iterator<Item = impl Future<Output = Result<T>>>) -> Result<T> {
        let mut last = None;
        for one in all {
            last = Some(one.await);
        }
        last.expect("there is one")
    }

    pub(super) async fn the_end_of_a_run_is_news_to_its_stage_and_so_is_its_first_failure(world: &World) {
        let id = create(world, |_| {}).await;
        let (_, stage, _) = begin(world, id, 1).await;
        let came = async || world.store.stage_came(stage).await.expect("it answers");
        assert_eq!(came().await, Came::Nothing);
        let claimed = world.claim(1).await.remove(0);
        assert!(claimed.assignment.recipe.is_staged);
        world.finish(&claimed, succeeded("7"), &[]).await;
        assert_eq!(news(world, at(13)).await, [id]);
        assert_eq!(begun(world, id).await.news[0].news, 1);
        assert_eq!(came().await, Came::Well(Some(Output::Json("7".into()))));

        let id = create(world, |_| {}).await;
        let (_, stage, _) = begin(world, id, 3).await;
        let claimed = world.claim(2).await;
        world.finish(&claimed[0], succeeded("1"), &[]).await;
        assert!(!news(world, at(13)).await.contains(&id), "it is neither over nor bad");
        world.finish(&claimed[1], failed(FailureCode::GuestError), &[]).await;
        assert_eq!(begun(world, id).await.news.len(), 1);
        let came = world.store.stage_came(stage).await.expect("it answers");
        assert!(matches!(&came, Came::Failed(why) if !why.is_empty()), "{came:?}");
    }

    pub(super) async fn a_stage_of_many_items_sets_a_variable_for_each(world: &World) {
        let id = create(world, |plan| plan.head.style = Style::Text).await;
        let (_, stage, _) = begin(world, id, 1).await;
        let mut run = run_of(world, stage, 2);
        for (job, var) in run.jobs.iter_mut().zip(["x", "y"]) {
            job.var = Some(var.into());
        }
        let first = Turn { runs: vec![run], variables: vec![("z".into(), "1".into())], ..turn(id, 1) };
        assert!(world.store.plan_turn(first).await.expect("it answers"));
        for (claimed, result) in world.claim(3).await.iter().zip(["0", "5", "\"six\""]) {
            world.finish(claimed, succeeded(result), &[]).await;
        }
        let second = Turn { collected: vec![stage], ..turn(id, 2) };
        assert!(world.store.plan_turn(second).await.expect("it answers"));
        let all = world.store.plan_variables(id, Names::All).await.expect("it answers");
        let all: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(all, [("x", "\"5\""), ("y", "\"\\\"six\\\"\""), ("z", "1")]);
        let one = Names::Some(["y".to_owned()].into());
        assert_eq!(world.store.plan_variables(id, one).await.expect("it answers").len(), 1);

        let much = "x".repeat(VARIABLES_BYTES_MAX as usize);
        let much = Turn { variables: vec![("much".into(), much)], ..turn(id, 3) };
        assert!(world.store.plan_turn(much).await.expect("it answers"));
        let plan = get(world, id).await;
        assert_eq!(plan.status, Status::Failed);
        assert!(plan.error.expect("it says why").contains("variables"));
    }

    pub(super) async fn a_cancelled_plan_takes_its_runs_and_plans_with_it_and_tells_the_one_it_is_in(
        world: &World,
    ) {
        let outer = create(world, |_| {}).await;
        let (_, stage, run) = begin(world, outer, 2).await;
        let of_it = |is_detached| {
            new_plan(world, "inner", |plan| (plan.of, plan.is_detached) = (Some(stage), is_detached))
        };
        let (inner, detached) = (of_it(false), of_it(true));
        let (inner_id, detached_id) = (inner.id, detached.id);
        let made = Turn { plans: vec![inner, detached], ..turn(outer, 1) };
        assert!(world.store.plan_turn(made).await.expect("it answers"));
        assert_eq!(get(world, inner_id).await.parent, Some(outer));
        let cancelled = world.store.plan_cancel(world.account, outer, at(20)).await.expect("it answers");
        assert_eq!(cancelled.map(|plan| plan.status), Some(Status::Cancelled));
        assert_eq!(get(world, inner_id).await.status, Status::Cancelled);
        assert_eq!(get(world, detached_id).await.status, Status::Queued);
        let counts = world.run(run).await.counts;
        assert_eq!(counts.of(Status::Cancelled), 2);
        let again = world.store.plan_cancel(world.account, outer, at(21)).await;
        assert_eq!(again.expect_err("it is over").code(), Code::Conflict);
        assert_eq!(news(world, at(22)).await, [detached_id]);

        let outer = create(world, |_| {}).await;
        let (_, stage, _) = begin(world, outer, 1).await;
        let inner = new_plan(world, "inner", |plan| plan.of = Some(stage));
        let inner_id = inner.id;
        world.store.plan_turn(Turn { plans: vec![inner], ..turn(outer, 1) }).await.expect("it answers");
        world.store.plan_cancel(world.account, inner_id, at(30)).await.expect("it answers");
        assert_eq!(self::begun(world, outer).await.news.len(), 1, "the outer plan is told");
        assert_eq!(world.store.stage_came(stage).await.expect("it answers"), Came::Cancelled);
    }

    pub(super) async fn a_plan_begins_again_where_it_ended(world: &World) {
        let id = create(world, |_| {}).await;
        let (root, stage, _) = begin(world, id, 1).await;
        let restart =
            async || world.store.plan_restart(world.account, id, world.ids.next(START), at(40)).await;
        assert_eq!(restart().await.expect_err("it runs").code(), Code::Conflict);
        let claimed = world.claim(1).await.remove(0);
        world.finish(&claimed, failed(FailureCode::GuestError), &[]).await;
        let begun = begun(world, id).await;
        let end = End { status: Status::Failed, error: Some("boom".into()), result: None };
        let stages = vec![changed(&begun.news[0], StageStatus::Failed)];
        world
            .store
            .plan_turn(Turn { stages, end: Some(end), ..turn(id, begun.revision) })
            .await
            .expect("it answers");
        let plan = get(world, id).await;
        assert_eq!((plan.status, plan.error.as_deref()), (Status::Failed, Some("boom")));
        let plan = restart().await.expect("it answers").expect("it is there");
        assert_eq!((plan.status, plan.error, plan.completed_at), (Status::Running, None, None));
        let again = self::begun(world, id).await;
        let waiting: Vec<_> = again.news.iter().filter(|state| state.id != root).collect();
        assert_eq!((waiting.len(), waiting[0].position, waiting[0].status), (1, 0, StageStatus::Waiting));
        assert_ne!(waiting[0].id, stage, "it is another stage, in the same place");
        let part = world.store.stage_part(root, 0).await.expect("it answers").expect("there");
        assert_eq!(part.id, waiting[0].id);
    }

    pub(super) async fn a_plan_waits_for_its_time_and_each_has_its_turn(world: &World) {
        let later = create(world, |plan| plan.run_at = Some(at(100))).await;
        let early = read(world, 10, at(50)).await;
        assert_eq!((early.plans.len(), early.has_more, early.next_due), (0, false, Some(at(100))));
        assert_eq!(news(world, at(100)).await, [later]);
        assert_eq!(begun(world, later).await.news.len(), 1);
        begin(world, later, 1).await;
        let (one, two) = (create(world, |_| {}).await, create(world, |_| {}).await);
        let first = async || read(world, 1, at(101)).await.plans[0].0;
        assert_eq!([first().await, first().await, first().await], [one, two, one]);
        let ask = NewsAsk { plans_max: 1, stages_max: 100, except: [two].into() };
        let but_one = world.store.plan_news(ask, at(101)).await.expect("it answers");
        assert_eq!((but_one.plans.len(), but_one.plans[0].0, but_one.has_more), (1, one, true));
    }

    pub(super) async fn what_a_deleted_account_leaves_holds_up_nobody(world: &World) {
        let (neighbour, _) = world.neighbour(1).await;
        for _ in 0..5 {
            create(world, |plan| plan.account = neighbour).await;
        }
        let own = create(world, |_| {}).await;
        assert_eq!(read(world, 2, at(10)).await.plans.len(), 2);
        let called = AccountName::parse("neighbour").expect("a name");
        assert!(world.store.account_delete(&called).await.expect("it is written"));
        for _ in 0..2 {
            let found: Vec<_> =
                read(world, 2, at(12)).await.plans.into_iter().map(|(plan, _)| plan).collect();
            assert_eq!(found, [own]);
        }
    }

    pub(super) async fn what_is_deleted_or_has_had_its_time_is_purged_with_its_runs(world: &World) {
        let id = create(world, |_| {}).await;
        let (_, stage, run) = begin(world, id, 1).await;
        let delete = async || world.store.plan_delete(world.account, id).await;
        assert_eq!(delete().await.expect_err("it runs").code(), Code::Conflict);
        world.store.plan_cancel(world.account, id, at(20)).await.expect("it answers");
        assert!(delete().await.expect("it answers"));
        assert!(!delete().await.expect("it answers"));
        assert!(world.store.plan_get(world.account, id).await.expect("it answers").is_none());
        let kept = create(world, |plan| plan.head.kept_ms = Some(1000)).await;
        world.store.plan_cancel(world.account, kept, at(20)).await.expect("it answers");
        while world.store.purge(None, at(30)).await.expect("it answers") == Purged::Some {}
        assert!(world.store.stage_get(world.account, stage).await.expect("it answers").is_none());
        assert!(world.store.run_get(world.account, run).await.expect("it answers").is_none());
        assert!(world.store.plan_get(world.account, kept).await.expect("it answers").is_some());
        while world.store.purge(None, at(2000)).await.expect("it answers") == Purged::Some {}
        assert!(world.store.plan_get(world.account, kept).await.expect("it answers").is_none());
    }

    pub(super) async fn an_account_sees_its_own_plans_by_word_and_status(world: &World) {
        let id = create(world, |plan| plan.head.tags = ["blue".to_owned()].into()).await;
        let other = create(world, |plan| plan.head.name = "weekly".into()).await;
        world.store.plan_cancel(world.account, other, at(20)).await.expect("it answers");
        let found = async |status, text: &str| {
            let search = (!text.is_empty()).then(|| Search::parse(text).expect("a search"));
            let filter = PlanFilter { status, search, ..PlanFilter::default() };
            let listed = world.store.plan_list(world.account, filter.clone(), ALL).await.expect("it answers");
            let count = world.store.plan_count(world.account, filter).await.expect("it answers");
            assert_eq!(count, listed.items.len() as u64);
            listed.items.into_iter().map(|plan| plan.id).collect::<Vec<_>>()
        };
        assert_eq!(found(None, "").await, [other, id]);
        assert_eq!(found(Some(Status::Cancelled), "").await, [other]);
        assert_eq!(found(None, "report tag:blue").await, [id]);
        assert!(found(Some(Status::Cancelled), "report").await.is_empty());
        let (neighbour, _) = world.neighbour(1).await;
        assert!(world.store.plan_get(neighbour, id).await.expect("it answers").is_none());
        let theirs = world.store.plan_list(neighbour, PlanFilter::default(), ALL).await.expect("it answers");
        assert!(theirs.items.is_empty());
    }
}
