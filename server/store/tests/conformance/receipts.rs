//! What is done once.

crate::scenarios! {
    the_same_request_finds_its_receipt_and_writes_nothing
    a_refused_request_leaves_no_receipt
    receipts_are_forgotten_after_their_time
}

mod scenarios {
    use skep_domain::model::id::{FunctionId, RunId, Sha256};
    use skep_domain::model::page::Page;
    use skep_domain::model::receipt::{Kept, Receipt, RequestName};
    use skep_domain::port::store::{RunFilter, Written};

    use crate::world::{START, World, at};

    fn receipt(world: &World, key: &str, kept: Kept) -> Receipt {
        let (route, key) = ("POST /v1/runs".to_owned(), key.to_owned());
        let request = RequestName { account: world.account, route, key };
        Receipt { request, body: Sha256::of(b"body"), kept, at: START }
    }

    fn sealed(body: &[u8]) -> Kept {
        Kept::Sealed { status: 201, body: body.to_vec() }
    }

    async fn runs(world: &World) -> Vec<RunId> {
        let page = Page { limit: 100, after: None };
        let listed =
            world.store.run_list(world.account, RunFilter::default(), page).await.expect("it answers");
        listed.items.into_iter().map(|run| run.id).collect()
    }

    pub(super) async fn the_same_request_finds_its_receipt_and_writes_nothing(world: &World) {
        let first = receipt(world, "k", sealed(b"first"));
        assert!(world.store.receipt_find(&first.request).await.expect("it answers").is_none());
        let create = |receipt: &Receipt| {
            world.store.run_create(world.new_run(2, |run| run.receipt = Some(receipt.clone())))
        };
        assert_eq!(create(&first).await.expect("it is written"), Written::Now);
        let again = create(&receipt(world, "k", sealed(b"second"))).await.expect("it answers");
        assert_eq!(again, Written::Before(first.clone()));
        assert_eq!(runs(world).await.len(), 1);
        assert_eq!(world.store.receipt_find(&first.request).await.expect("it answers"), Some(first.clone()));
        // Another key, route or account is another request.
        let job = Kept::Job(world.ids.next(START));
        assert_eq!(create(&receipt(world, "l", job.clone())).await.expect("it is written"), Written::Now);
        let kept =
            world.store.receipt_find(&receipt(world, "l", job.clone()).request).await.expect("it answers");
        assert_eq!(kept.map(|receipt| receipt.kept), Some(job));
        let elsewhere = RequestName { route: "POST /v1/jobs".into(), ..first.request.clone() };
        assert!(world.store.receipt_find(&elsewhere).await.expect("it answers").is_none());
        let (neighbour, _) = world.neighbour(1).await;
        let theirs = RequestName { account: neighbour, ..first.request };
        assert!(world.store.receipt_find(&theirs).await.expect("it answers").is_none());
    }

    pub(super) async fn a_refused_request_leaves_no_receipt(world: &World) {
        let first = receipt(world, "k", sealed(b"first"));
        let nothing: FunctionId = world.ids.next(START);
        let run = world.new_run(1, |run| (run.function, run.receipt) = (nothing, Some(first.clone())));
        assert!(world.store.run_create(run).await.is_err());
        assert!(world.store.receipt_find(&first.request).await.expect("it answers").is_none());
    }

    pub(super) async fn receipts_are_forgotten_after_their_time(world: &World) {
        let first = receipt(world, "k", sealed(b"first"));
        let run = world.new_run(1, |run| run.receipt = Some(first.clone()));
        world.store.run_create(run).await.expect("it is written");
        assert_eq!(world.store.receipt_purge(START).await.expect("it answers"), 0);
        assert_eq!(world.store.receipt_purge(at(1)).await.expect("it answers"), 1);
        assert!(world.store.receipt_find(&first.request).await.expect("it answers").is_none());
    }
}
