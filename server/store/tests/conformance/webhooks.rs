//! Webhooks, and what is to be told.

crate::scenarios! {
    what_happens_to_a_run_is_to_be_told_once_and_in_order
    a_delivery_is_tried_again_given_up_and_replayed
    a_webhook_is_its_accounts_own_and_goes_with_what_it_had_to_tell
    what_is_disabled_is_told_of_nothing_new
    each_account_has_its_turn
}

mod scenarios {
    use skep_domain::model::id::{AccountId, FunctionId};
    use skep_domain::model::page::Page;
    use skep_domain::model::plan::Style;
    use skep_domain::model::time::Millis;
    use skep_domain::model::webhook::{Delivery, DeliveryStatus, Event, Events, Hook, Webhook};
    use skep_domain::port::store::{DueDelivery, NewWebhook, Tried};

    use crate::world::{World, at, succeeded};

    async fn hook(world: &World, account: AccountId, events: &[&str]) -> Webhook {
        let hook = Hook {
            url: "https://example.org/told".into(),
            events: Events::parse(events.iter().copied()).expect("events"),
            ..Hook::default()
        };
        let new =
            NewWebhook { id: world.ids.next(at(0)), hook, sealed: b"sealed".to_vec(), style: Style::Json };
        world.store.webhook_create(account, new, 3, at(0)).await.expect("it is written")
    }

    async fn shown(world: &World, webhook: &Webhook) -> Webhook {
        let found = world.store.webhook_get(webhook.account, webhook.id).await;
        found.expect("it answers").expect("it is there")
    }

    async fn due(world: &World, now: Millis) -> (Vec<DueDelivery>, Option<Millis>) {
        world.store.delivery_due(10, 10, now).await.expect("it answers")
    }

    async fn tried(world: &World, due: &DueDelivery, tried: Tried) {
        world.store.delivery_tried(due.delivery.id, tried, at(20)).await.expect("it is written");
    }

    async fn listed(world: &World, webhook: &Webhook, status: DeliveryStatus) -> Vec<Delivery> {
        let page = Page { limit: 100, after: None };
        let found = world.store.delivery_list(webhook.account, webhook.id, Some(status), page).await;
        found.expect("it answers").expect("it is there").items
    }

    /// Runs a run of one job to its end.
    async fn run(world: &World, account: AccountId, function: FunctionId) {
        world.submit_as(account, function, 1, |_| {}).await;
        for claimed in world.claim(10).await {
            world.finish(&claimed, succeeded("1"), &[]).await;
        }
    }

    pub(super) async fn what_happens_to_a_run_is_to_be_told_once_and_in_order(world: &World) {
        run(world, world.account, world.function).await;
        assert!(due(world, at(100)).await.0.is_empty(), "nobody listened then");
        let all = hook(world, world.account, &["*"]).await;
        let ends = hook(world, world.account, &["run.succeeded"]).await;
        run(world, world.account, world.function).await;
        let (found, _) = due(world, at(100)).await;
        let of = |webhook: &Webhook| -> Vec<Event> {
            let own = found.iter().filter(|due| due.webhook.id == webhook.id);
            own.map(|due| due.delivery.event).collect()
        };
        assert_eq!(of(&all), [Event::JobStarted, Event::JobSucceeded, Event::RunSucceeded]);
        assert_eq!(of(&ends), [Event::RunSucceeded]);
        assert!(found.iter().all(|due| due.sealed == b"sealed"));
        for due in &found {
            tried(world, due, Tried::Delivered).await;
            tried(world, due, Tried::Delivered).await;
        }
        assert!(due(world, at(1_000_000)).await.0.is_empty());
        let counts = shown(world, &all).await.counts;
        assert_eq!((counts.waiting, counts.delivered, counts.dead), (0, 3, 0), "the second was too late");
    }

    pub(super) async fn a_delivery_is_tried_again_given_up_and_replayed(world: &World) {
        let made = hook(world, world.account, &["run.succeeded"]).await;
        run(world, world.account, world.function).await;
        let (found, _) = due(world, at(100)).await;
        tried(world, &found[0], Tried::Failed("deaf".into(), at(500))).await;
        assert!(
            matches!(due(world, at(100)).await, (none, Some(next)) if none.is_empty() && next == at(500))
        );
        let (again, _) = due(world, at(500)).await;
        assert_eq!((again[0].delivery.id, again[0].delivery.attempts), (found[0].delivery.id, 1));
        tried(world, &again[0], Tried::Dead("still deaf".into())).await;
        let dead = listed(world, &made, DeliveryStatus::Dead).await;
        assert_eq!((dead.len(), dead[0].attempts, dead[0].last.as_deref()), (1, 2, Some("still deaf")));
        assert!(listed(world, &made, DeliveryStatus::Waiting).await.is_empty());
        let replay = |delivery| world.store.delivery_replay(world.account, made.id, delivery, at(600));
        assert_eq!(replay(Some(dead[0].id)).await.expect("it is written"), Some(1));
        replay(Some(dead[0].id)).await.expect_err("it is dead no more");
        assert_eq!(replay(None).await.expect("it answers"), Some(0));
        let (replayed, _) = due(world, at(600)).await;
        assert_eq!((replayed[0].delivery.id, replayed[0].delivery.attempts), (dead[0].id, 0));
        tried(world, &replayed[0], Tried::Gone("nobody is there".into())).await;
        let shown = shown(world, &made).await;
        assert_eq!(shown.disabled.map(|(_, why)| why).as_deref(), Some("nobody is there"));
        assert_eq!((shown.counts.waiting, shown.counts.dead), (0, 1));
    }

    pub(super) async fn a_webhook_is_its_accounts_own_and_goes_with_what_it_had_to_tell(world: &World) {
        let (neighbour, function) = world.neighbour(1).await;
        let made = hook(world, world.account, &["*"]).await;
        run(world, neighbour, function).await;
        assert!(due(world, at(100)).await.0.is_empty(), "what is another's");
        let of = |account| world.store.webhook_get(account, made.id);
        assert!(of(neighbour).await.expect("it answers").is_none());
        assert!(!world.store.webhook_delete(neighbour, made.id).await.expect("it answers"));
        for _ in 0..2 {
            hook(world, world.account, &["*"]).await;
        }
        let new = NewWebhook {
            id: world.ids.next(at(0)),
            hook: Hook::default(),
            sealed: Vec::new(),
            style: Style::Json,
        };
        world
            .store
            .webhook_create(world.account, new, 3, at(0))
            .await
            .expect_err("one more than there may be");
        assert_eq!(world.store.webhook_list(world.account, None).await.expect("it answers").len(), 3);
        run(world, world.account, world.function).await;
        assert!(world.store.webhook_delete(world.account, made.id).await.expect("it is written"));
        assert!(of(world.account).await.expect("it answers").is_none());
        let (found, _) = due(world, at(100)).await;
        assert!(!found.is_empty() && found.iter().all(|due| due.webhook.id != made.id));
    }

    pub(super) async fn what_is_disabled_is_told_of_nothing_new(world: &World) {
        let made = hook(world, world.account, &["run.*"]).await;
        let turn = |why: Option<&str>| {
            world.store.webhook_turn(world.account, made.id, why.map(str::to_owned), at(1))
        };
        assert!(turn(Some("enough")).await.expect("it is written").expect("it is there").disabled.is_some());
        run(world, world.account, world.function).await;
        assert!(due(world, at(100)).await.0.is_empty());
        assert!(turn(None).await.expect("it is written").expect("it is there").disabled.is_none());
        run(world, world.account, world.function).await;
        assert_eq!(due(world, at(100)).await.0.len(), 1);
    }

    pub(super) async fn each_account_has_its_turn(world: &World) {
        let (neighbour, function) = world.neighbour(1).await;
        hook(world, world.account, &["run.succeeded"]).await;
        hook(world, neighbour, &["run.succeeded"]).await;
        for _ in 0..5 {
            run(world, world.account, world.function).await;
        }
        run(world, neighbour, function).await;
        let mut turns = Vec::new();
        for _ in 0..2 {
            let (found, _) = world.store.delivery_due(2, 2, at(100)).await.expect("it answers");
            turns.extend(found.into_iter().map(|due| due.webhook.account));
        }
        assert!(turns.contains(&neighbour) && turns.contains(&world.account), "{turns:?}");
    }
}
