//! Functions and versions.

crate::scenarios! {
    the_same_hash_is_the_same_version
    versions_and_functions_have_their_limits
    another_accounts_function_is_not_there
    a_changed_setting_is_seen_at_once
    lists_are_cut_into_pages
}

mod scenarios {
    use skep_domain::Code;
    use skep_domain::model::id::Sha256;
    use skep_domain::model::page::Page;
    use skep_domain::model::settings::Settings;

    use crate::world::{World, at, name, new_version};

    pub(super) async fn the_same_hash_is_the_same_version(world: &World) {
        let create = |bytes: &'static [u8]| {
            let new = new_version(&world.ids, "f", bytes);
            async {
                world.store.version_create(world.account, new, 10, 10, at(1)).await.expect("it is written")
            }
        };
        let (function, second) = create(b"second").await;
        assert_eq!((second.number, function.current.number), (2, 2));
        let (function, again) = create(b"first").await;
        assert_eq!((again.number, function.current.number), (1, 1));
        let hash = Sha256::of(b"second");
        let selected =
            world.store.version_select(world.account, &name("f"), hash, at(2)).await.expect("it answers");
        assert_eq!(selected.expect("it is there").0.current.number, 2);
        let unknown = world.store.version_select(world.account, &name("f"), Sha256::of(b"?"), at(2)).await;
        assert!(unknown.expect("it answers").is_none());
        assert_eq!(
            world.store.version_get(world.function, 2).await.expect("it answers").expect("there").number,
            2
        );
    }

    pub(super) async fn versions_and_functions_have_their_limits(world: &World) {
        let create = |function: &'static str, bytes: &'static [u8]| {
            let new = new_version(&world.ids, function, bytes);
            world.store.version_create(world.account, new, 2, 2, at(1))
        };
        create("f", b"second").await.expect("two are allowed");
        assert_eq!(create("f", b"third").await.expect_err("three are not").code(), Code::TooLarge);
        create("g", b"first").await.expect("two are allowed");
        assert_eq!(create("h", b"first").await.expect_err("three are not").code(), Code::TooLarge);
        assert!(world.store.function_get(world.account, &name("h")).await.expect("it answers").is_none());
    }

    pub(super) async fn another_accounts_function_is_not_there(world: &World) {
        let (neighbour, function) = world.neighbour(1).await;
        assert_ne!(function, world.function);
        let theirs =
            world.store.function_get(neighbour, &name("f")).await.expect("it answers").expect("there");
        assert_eq!(theirs.id, function);
        let by_id = |account, id| world.store.function_find(account, id);
        assert_eq!(by_id(neighbour, function).await.expect("it answers"), Some(theirs));
        assert_eq!(by_id(world.account, function).await.expect("it answers"), None);
        assert!(world.store.function_delete(neighbour, &name("f")).await.expect("it answers"));
        assert!(world.store.function_get(world.account, &name("f")).await.expect("it answers").is_some());
    }

    pub(super) async fn a_changed_setting_is_seen_at_once(world: &World) {
        world.store.function_get(world.account, &name("f")).await.expect("it answers");
        let (f, old) = (name("f"), Settings::default());
        let mut settings = old.clone();
        settings.limits.timeout_ms = 7;
        let configure = || {
            let (from, to) = (old.clone(), settings.clone());
            world.store.function_configure(world.account, &f, from, to, at(5))
        };
        assert_eq!(configure().await.expect("it answers").expect("it is there").settings, settings);
        assert_eq!(configure().await.expect_err("they are others now").code(), Code::Conflict);
        let read =
            world.store.function_get(world.account, &name("f")).await.expect("it answers").expect("there");
        assert_eq!((read.settings, read.updated_at), (settings.clone(), at(5)));
        world.submit(1).await;
        assert_eq!(world.claim(1).await[0].assignment.recipe.settings, settings);
    }

    pub(super) async fn lists_are_cut_into_pages(world: &World) {
        for function in ["a", "b", "c"] {
            let new = new_version(&world.ids, function, b"first");
            world.store.version_create(world.account, new, 10, 10, at(1)).await.expect("it is written");
        }
        let mut names = Vec::new();
        let mut page = Page { limit: 3, after: None };
        loop {
            let listed = world.store.function_list(world.account, page).await.expect("it answers");
            names.extend(listed.items.into_iter().map(|function| function.name.as_str().to_owned()));
            page.after = listed.next;
            if listed.next.is_none() {
                break;
            }
        }
        assert_eq!(names, ["c", "b", "a", "f"], "the newest first, each once");
    }
}
