//! Runs found by words and tags.

crate::scenarios! {
    a_run_is_found_by_all_its_words_and_tags
    pages_of_what_is_found_go_both_ways_and_keep_to_other_filters
    what_is_anothers_or_deleted_is_not_found
}

mod scenarios {
    use skep_domain::model::id::{AccountId, RunId};
    use skep_domain::model::page::{Order, Page};
    use skep_domain::model::run::Source;
    use skep_domain::model::search::Search;
    use skep_domain::port::store::{Purged, RunFilter};

    use crate::world::{World, at, succeeded};

    async fn submit(world: &World, name: Option<&str>, tags: &[&str]) -> RunId {
        let run = world.new_run(1, |run| {
            run.common.name = name.map(str::to_owned);
            run.common.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        });
        let id = run.id;
        world.store.run_create(run).await.expect("it is written");
        id
    }

    async fn find(
        world: &World,
        account: AccountId,
        text: &str,
        change: impl FnOnce(&mut RunFilter),
    ) -> Vec<RunId> {
        let search = Some(Search::parse(text).expect("a search"));
        let mut filter = RunFilter { search, ..RunFilter::default() };
        change(&mut filter);
        let listed = world.store.run_list(account, filter, Page { limit: 100, after: None }).await;
        listed.expect("it answers").items.into_iter().map(|run| run.id).collect()
    }

    pub(super) async fn a_run_is_found_by_all_its_words_and_tags(world: &World) {
        let nightly = submit(world, Some("Nightly report, Köln"), &["team-a", "9%"]).await;
        let weekly = submit(world, Some("weekly REPORT"), &["team-b"]).await;
        submit(world, None, &[]).await;
        for (text, expected) in [
            ("report", vec![weekly, nightly]),
            ("REPORT nightly", vec![nightly]),
            ("koln", vec![nightly]),
            ("tag:team-a", vec![nightly]),
            ("tag:9%", vec![nightly]),
            ("tag:team", vec![]),
            ("team-a", vec![]),
            ("tags:team-a,team-b", vec![weekly, nightly]),
            ("tags:team-a,team-b weekly", vec![weekly]),
            ("tag:team-a tag:team-b", vec![]),
            ("monthly", vec![]),
            ("owner:a1", vec![]),
            ("\"report\" OR", vec![]),
            ("rep*", vec![]),
        ] {
            assert_eq!(find(world, world.account, text, |_| {}).await, expected, "{text}");
        }
    }

    pub(super) async fn pages_of_what_is_found_go_both_ways_and_keep_to_other_filters(world: &World) {
        let mut made = Vec::new();
        for number in 0..5 {
            made.push(submit(world, Some(&format!("run {number}")), &["t"]).await);
        }
        let ascending = find(world, world.account, "run", |filter| filter.order = Order::Ascending).await;
        assert_eq!(ascending, made);
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let filter =
                RunFilter { search: Some(Search::parse("tag:t").expect("a search")), ..RunFilter::default() };
            let listed = world
                .store
                .run_list(world.account, filter, Page { limit: 2, after })
                .await
                .expect("it answers");
            pages.push(listed.items.into_iter().map(|run| run.id).collect::<Vec<_>>());
            after = listed.next;
            if after.is_none() {
                break;
            }
        }
        made.reverse();
        assert_eq!(pages.concat(), made);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        assert!(
            find(world, world.account, "run", |filter| filter.source = Some(Source::Job)).await.is_empty()
        );
        assert!(find(world, world.account, "run", |filter| filter.date_from = Some(at(1))).await.is_empty());
        assert!(
            find(world, world.account, "run", |filter| filter.function = Some("g".into())).await.is_empty()
        );
        assert_eq!(
            find(world, world.account, "run", |filter| filter.function = Some("f".into())).await.len(),
            5
        );
    }

    pub(super) async fn what_is_anothers_or_deleted_is_not_found(world: &World) {
        let run = submit(world, Some("report"), &["t"]).await;
        let (other, _) = world.neighbour(1).await;
        assert!(find(world, other, "report", |_| {}).await.is_empty());
        let claimed = world.claim(1).await.remove(0);
        world.finish(&claimed, succeeded("1"), &[]).await;
        assert_eq!(find(world, world.account, "report", |_| {}).await, [run]);
        assert!(world.store.run_delete(world.account, run).await.expect("it answers"));
        assert!(find(world, world.account, "report", |_| {}).await.is_empty());
        while world.store.purge(None, at(20)).await.expect("it answers") == Purged::Some {}
        // A later run may have its key.
        let next = submit(world, None, &["u"]).await;
        assert!(find(world, world.account, "report", |_| {}).await.is_empty());
        assert_eq!(find(world, world.account, "tag:u", |_| {}).await, [next]);
    }
}
