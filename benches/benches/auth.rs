//! Who is asking, and may they: what a request with a key or token seen before pays for the answer.

use criterion::{Criterion, criterion_group, criterion_main};
use skep_benches as _;
use skep_domain::model::scope::Scope;
use skep_domain::service::auth::Proof;

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

fn auth(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let (services, _held) = skep::services(directory.path(), runtime.handle()).expect("the services");
    let token = runtime.block_on(async {
        services.auth.create_admin(KEY).await.expect("it is made");
        services.auth.give_token(Proof::Key(KEY.to_owned()), None, None).await.expect("it is given").token
    });
    let mut group = criterion.benchmark_group("auth");
    for (name, shown) in [("key", KEY), ("token", &token)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let caller = runtime.block_on(services.auth.caller(shown)).expect("it is known");
                caller.require(Scope::RunsWrite).expect("it may")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, auth);
criterion_main!(benches);
