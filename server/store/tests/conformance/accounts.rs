//! Accounts and keys.

crate::scenarios! {
    a_key_is_found_by_its_hash_and_by_its_id
    a_name_is_taken_once
    a_revoked_key_is_unknown_at_once
    a_change_is_seen_at_once
    a_deleted_account_has_nothing_any_more
    keys_are_listed_by_account
    the_key_of_a_login_ends_with_the_password
}

mod scenarios {
    use skep_domain::Code;
    use skep_domain::model::account::{Account, AccountName, Key, LOGIN_KEY};
    use skep_domain::model::id::{AccountId, Sha256};
    use skep_domain::model::page::Page;
    use skep_domain::model::scope::Scopes;
    use skep_domain::model::token::Subject;
    use skep_domain::port::store::{AccountChange, Identity};

    use crate::world::{START, World, make_account, name};

    fn account_name(text: &str) -> AccountName {
        AccountName::parse(text).expect("a name")
    }

    fn key(world: &World, account: AccountId, text: &str) -> Key {
        Key {
            id: world.ids.next(START),
            account,
            name: text.into(),
            scopes: Scopes::tenant(),
            expires_at: None,
            hash: Sha256::of(text.as_bytes()),
            created_at: START,
        }
    }

    async fn find(world: &World, identity: Identity) -> Option<(Account, Option<Key>)> {
        world.store.identity_find(identity).await.expect("it answers")
    }

    pub(super) async fn a_key_is_found_by_its_hash_and_by_its_id(world: &World) {
        for _ in 0..2 {
            let hash = Identity::KeyHash(Sha256::of(b"admin"));
            let (account, key) = find(world, hash).await.expect("it is there");
            let key = key.expect("by a key");
            assert_eq!(
                (account.id, account.name.as_str(), key.account),
                (world.account, "admin", world.account)
            );
            assert_eq!(find(world, Identity::Key(key.id)).await, Some((account.clone(), Some(key))));
            for subject in [Subject::Id(account.id), Subject::Name("admin".into())] {
                assert_eq!(find(world, Identity::Subject(subject)).await, Some((account.clone(), None)));
            }
        }
        assert!(find(world, Identity::KeyHash(Sha256::of(b"other"))).await.is_none());
        assert!(find(world, Identity::Subject(Subject::Name("no such name!".into()))).await.is_none());
    }

    pub(super) async fn a_name_is_taken_once(world: &World) {
        let account =
            world.store.account_get(&account_name("admin")).await.expect("it answers").expect("there");
        let again = Account { id: world.ids.next(START), ..account };
        let first = key(world, again.id, "another");
        let made = world.store.account_create(again.clone(), first.clone(), 100, None).await;
        assert_eq!(made.expect_err("it is taken").code(), Code::Conflict);
        let other = Account { name: account_name("other"), ..again };
        let full = world.store.account_create(other, first, 1, None).await;
        assert_eq!(full.expect_err("there is one").code(), Code::TooLarge);
        let page = Page { limit: 10, after: None };
        assert_eq!(world.store.account_list(page).await.expect("it answers").items.len(), 1);
    }

    pub(super) async fn a_revoked_key_is_unknown_at_once(world: &World) {
        let new = key(world, world.account, "new");
        let (id, hash) = (new.id, Identity::KeyHash(new.hash));
        world.store.key_create(new.clone(), 2, None).await.expect("there is room");
        assert_eq!(find(world, hash.clone()).await.and_then(|found| found.1), Some(new));
        let full = world.store.key_create(key(world, world.account, "third"), 2, None).await;
        assert_eq!(full.expect_err("there is none").code(), Code::TooLarge);
        let neighbour = make_account(&*world.store, &world.ids, "neighbour", 1).await;
        assert!(!world.store.key_delete(neighbour, id).await.expect("it answers"), "it is another's");
        assert!(world.store.key_delete(world.account, id).await.expect("it answers"));
        assert!(find(world, hash).await.is_none() && find(world, Identity::Key(id)).await.is_none());
        assert!(!world.store.key_delete(world.account, id).await.expect("it answers"));
    }

    pub(super) async fn the_key_of_a_login_ends_with_the_password(world: &World) {
        let change =
            |password: &str| AccountChange { password: Some(password.into()), ..AccountChange::default() };
        let changed = async |password| {
            world.store.account_change(&account_name("admin"), change(password)).await.expect("it answers");
        };
        let login = async |text: &str, password: &str| {
            let login = Key { name: LOGIN_KEY.into(), ..key(world, world.account, text) };
            world.store.key_login(login, password.into(), 2).await.expect("it answers")
        };
        let is_there =
            async |text: &str| find(world, Identity::KeyHash(Sha256::of(text.as_bytes()))).await.is_some();
        changed("one").await;
        assert!(!login("a", "other").await && !is_there("a").await, "it was changed meanwhile");
        assert!(login("a", "one").await && login("b", "one").await && login("c", "one").await);
        assert!(!is_there("a").await && is_there("b").await && is_there("c").await, "the oldest goes");
        let other = AccountChange { weight: Some(2), ..AccountChange::default() };
        world.store.account_change(&account_name("admin"), other).await.expect("it answers");
        assert!(is_there("b").await);
        changed("two").await;
        assert!(!is_there("b").await && !is_there("c").await);
        assert!(is_there("admin").await, "other keys stay");
    }

    pub(super) async fn a_change_is_seen_at_once(world: &World) {
        let hash = Identity::KeyHash(Sha256::of(b"admin"));
        find(world, hash.clone()).await;
        let change =
            AccountChange { weight: Some(7), scopes: Some(Scopes::tenant()), password: Some("hash".into()) };
        let changed = world.store.account_change(&account_name("admin"), change).await.expect("it answers");
        assert_eq!(find(world, hash).await.map(|found| found.0), changed);
        let changed = changed.expect("it is there");
        assert_eq!(
            (changed.weight, changed.scopes, changed.password.as_deref()),
            (7, Scopes::tenant(), Some("hash"))
        );
        let change = AccountChange { weight: Some(8), ..AccountChange::default() };
        let changed = world.store.account_change(&account_name("admin"), change).await.expect("it answers");
        assert_eq!(changed.expect("it is there").password.as_deref(), Some("hash"), "the rest stays");
        let nobody = world.store.account_change(&account_name("nobody"), AccountChange::default()).await;
        assert!(nobody.expect("it answers").is_none());
    }

    pub(super) async fn a_deleted_account_has_nothing_any_more(world: &World) {
        let (neighbour, function) = world.neighbour(1).await;
        let run = world.submit_as(neighbour, function, 2, |_| {}).await;
        world.store.function_get(neighbour, &name("f")).await.expect("it answers").expect("there");
        let hash = Identity::KeyHash(Sha256::of(b"neighbour"));
        find(world, hash.clone()).await.expect("it is there");
        assert!(world.store.account_delete(&account_name("neighbour")).await.expect("it answers"));
        assert!(find(world, hash).await.is_none());
        assert!(find(world, Identity::Subject(Subject::Id(neighbour))).await.is_none());
        assert!(!world.store.account_delete(&account_name("neighbour")).await.expect("it answers"));
        assert!(world.claim(10).await.is_empty(), "nothing of it is claimed");
        let late = world.new_run(1, |run| (run.account, run.function) = (neighbour, function));
        assert!(world.store.run_create(late).await.is_err(), "nothing is added to it");
        let late = world.store.key_create(key(world, neighbour, "late"), 10, None).await;
        assert_eq!(late.expect_err("there is no such account").code(), Code::NotFound);
        // The name is free, and who takes it has nothing of what was there.
        let fresh = make_account(&*world.store, &world.ids, "neighbour", 1).await;
        assert!(world.store.run_get(fresh, run).await.expect("it answers").is_none());
    }

    pub(super) async fn keys_are_listed_by_account(world: &World) {
        for text in ["a", "b", "c"] {
            world.store.key_create(key(world, world.account, text), 10, None).await.expect("there is room");
        }
        make_account(&*world.store, &world.ids, "neighbour", 1).await;
        let first =
            world.store.key_list(world.account, Page { limit: 3, after: None }).await.expect("it answers");
        let rest = world.store.key_list(world.account, Page { limit: 3, after: first.next }).await;
        let names = |keys: &[Key]| keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&first.items), ["c", "b", "a"]);
        assert_eq!(names(&rest.expect("it answers").items), ["first"]);
    }
}
