//! Runtimes and their versions.

crate::scenarios! {
    the_last_component_builds_and_a_known_one_is_its_version_again
    a_removed_runtime_is_not_there_and_is_known
}

mod scenarios {
    use skep_domain::Code;
    use skep_domain::model::id::Sha256;
    use skep_domain::model::runtime::Runtime;
    use skep_domain::port::store::Uploaded;

    use crate::world::{World, at, name};

    async fn add(world: &World, runtime: &str, bytes: &[u8]) -> (Runtime, Uploaded) {
        let added = world.store.runtime_add(&name(runtime), Sha256::of(bytes), 5, 2, at(1)).await;
        added.expect("it is written")
    }

    async fn numbers(world: &World, runtime: &str) -> Vec<u32> {
        let versions = world.store.runtime_get(&name(runtime)).await.expect("it answers");
        versions.iter().map(|version| version.number).collect()
    }

    pub(super) async fn the_last_component_builds_and_a_known_one_is_its_version_again(world: &World) {
        assert_eq!(add(world, "python", b"first").await.1, Uploaded::New);
        let (second, uploaded) = add(world, "python", b"second").await;
        assert_eq!((second.label().as_str(), uploaded), ("python@2", Uploaded::New));
        assert_eq!(numbers(world, "python").await, [2, 1]);
        let (first, uploaded) = add(world, "python", b"first").await;
        assert_eq!((first.number, uploaded), (1, Uploaded::Known));
        assert_eq!(numbers(world, "python").await, [1, 2]);
        add(world, "c", b"first").await;
        let third = world.store.runtime_add(&name("go"), Sha256::of(b"x"), 5, 2, at(1)).await;
        assert_eq!(third.expect_err("two are allowed").code(), Code::TooLarge);
        let listed = world.store.runtime_list().await.expect("it answers");
        assert_eq!(listed.iter().map(Runtime::label).collect::<Vec<_>>(), ["c@1", "python@1"]);
    }

    pub(super) async fn a_removed_runtime_is_not_there_and_is_known(world: &World) {
        add(world, "python", b"first").await;
        assert!(world.store.runtime_remove(&name("python")).await.expect("it answers"));
        assert!(!world.store.runtime_remove(&name("python")).await.expect("it answers"));
        assert!(numbers(world, "python").await.is_empty());
        assert!(world.store.runtime_list().await.expect("it answers").is_empty());
        let known = async |bytes| {
            world.store.runtime_known(&name("python"), Sha256::of(bytes)).await.expect("it answers")
        };
        assert!(known(b"first").await);
        assert!(!known(b"second").await);
        assert_eq!(add(world, "python", b"second").await.0.number, 2);
        assert_eq!(numbers(world, "python").await, [2, 1]);
    }
}
