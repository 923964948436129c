//! What every store must do, written once: each scenario takes a `&dyn Store` and an empty world.
//!
//! A new store adds a line to [`stores`] and gets them all.

mod accounts;
mod builds;
mod functions;
mod jobs;
mod lists;
mod money;
mod plans;
mod purge;
mod receipts;
mod runs;
mod runtimes;
mod schedules;
mod searches;
mod selections;
mod webhooks;
mod workers;
mod world;

use skep_domain::port::store::Store;
use skep_store::SqliteStore;

use crate::world::World;

/// Runs a scenario on every store there is.
fn on_every_store(scenario: impl AsyncFn(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    for store in stores(directory.path()) {
        runtime.block_on(async {
            let world = World::new(store).await;
            scenario(&world).await;
        });
    }
}

fn stores(directory: &std::path::Path) -> Vec<Box<dyn Store>> {
    vec![Box::new(SqliteStore::open(&directory.join("skep.db")).expect("a store"))]
}

/// Names each scenario as a test.
#[macro_export]
macro_rules! scenarios {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            $crate::on_every_store(scenarios::$name);
        }
    )*};
}
