//! A store with an account and a function, and what scenarios do to it.

use skep_domain::model::account::{Account, AccountName, Key};
use skep_domain::model::attempt::{Attempt, Failure, FailureCode, Outcome, Output};
use skep_domain::model::function::{Code, Function, Interface, Made, Name, Version};
use skep_domain::model::id::{AccountId, FunctionId, Ids, JobId, RunId, Sha256};
use skep_domain::model::job::{Job, Progress};
use skep_domain::model::log::{Line, Stream};
use skep_domain::model::price::Prices;
use skep_domain::model::run::{Common, Run, Source};
use skep_domain::model::scope::Scopes;
use skep_domain::model::step;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::Usage;
use skep_domain::port::sandbox::Task;
use skep_domain::port::store::{
    ClaimLimits, Claimed, Finished, NewBuild, NewJob, NewRun, NewVersion, Store, Uploaded,
};

/// When everything begins.
pub(crate) const START: Millis = Millis(1_700_000_000_000);

pub(crate) struct World {
    pub(crate) store: Box<dyn Store>,
    pub(crate) ids: Ids,
    pub(crate) account: AccountId,
    pub(crate) function: FunctionId,
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// Limits of a claim for so many jobs, and so many of one account.
pub(crate) fn room(free: u32, account_running_max: u32) -> ClaimLimits {
    ClaimLimits { free, account_running_max, account_backlog_max: 1000, ..ClaimLimits::default() }
}

/// A time so many milliseconds after the beginning.
pub(crate) fn at(milliseconds: u64) -> Millis {
    START.plus(milliseconds)
}

pub(crate) fn failed(code: FailureCode) -> Outcome {
    Outcome::Failed(Failure::new(code, "no"))
}

pub(crate) fn succeeded(json: &str) -> Outcome {
    Outcome::Succeeded(Output::Json(json.to_owned()))
}

impl World {
    pub(crate) async fn new(store: Box<dyn Store>) -> Self {
        let ids = Ids::default();
        assert!(!store.account_any().await.expect("it answers"));
        let account = make_account(&*store, &ids, "admin", 1).await;
        let function = make_function(&*store, &ids, account, "f").await;
        Self { store, ids, account, function }
    }

    /// Another tenant, with a function of the same name.
    pub(crate) async fn neighbour(&self, weight: u32) -> (AccountId, FunctionId) {
        let account = make_account(&*self.store, &self.ids, "neighbour", weight).await;
        (account, make_function(&*self.store, &self.ids, account, "f").await)
    }

    /// A call that is over, of the world's own account.
    pub(crate) async fn call(&self, outcome: Outcome) -> RunId {
        let run = self.new_run(1, |run| run.source = Source::Invoke);
        let attempt = attempt(1, outcome);
        let finished = Finished {
            run: run.id,
            job: run.jobs[0].id,
            price: Prices::default().of(&attempt, None),
            step: step::finish_call(step::claim(Progress::new(None)), attempt, at(12)),
            lines: Vec::new(),
            is_build: false,
            is_staged: false,
            made: None,
        };
        let id = run.id;
        self.store.job_record(run, finished).await.expect("it is written");
        id
    }

    /// A run to be made, of the world's own account.
    pub(crate) fn new_run(&self, jobs: u32, change: impl FnOnce(&mut NewRun)) -> NewRun {
        let job = |number: u32| NewJob::new(self.ids.next(START), format!("[{number}]"));
        let mut run = NewRun {
            id: self.ids.next(START),
            account: self.account,
            source: Source::Run,
            function: self.function,
            version: 1,
            common: Common::default(),
            bid: None,
            jobs: (0..jobs).map(job).collect(),
            run_at: None,
            at: START,
            receipt: None,
            trace: None,
            stage: None,
        };
        change(&mut run);
        run
    }

    /// A run of so many jobs, of the world's own account.
    pub(crate) async fn submit(&self, jobs: u32) -> RunId {
        self.submit_as(self.account, self.function, jobs, |_| {}).await
    }

    pub(crate) async fn submit_as(
        &self,
        account: AccountId,
        function: FunctionId,
        jobs: u32,
        change: impl FnOnce(&mut NewRun),
    ) -> RunId {
        let run = self.new_run(jobs, |run| {
            (run.account, run.function) = (account, function);
            change(run);
        });
        let id = run.id;
        self.store.run_create(run).await.expect("it is written");
        id
    }

    pub(crate) async fn claim(&self, free: u32) -> Vec<Claimed> {
        self.claim_at(free, at(10)).await
    }

    pub(crate) async fn claim_at(&self, free: u32, now: Millis) -> Vec<Claimed> {
        self.store.job_claim(room(free, 1000), now).await.expect("it answers").jobs
    }

    /// Ends a claimed job's attempt; says how many ends were written.
    pub(crate) async fn finish(&self, claimed: &Claimed, outcome: Outcome, lines: &[&str]) -> usize {
        let finished = self.end(claimed, outcome, lines);
        self.store.job_finish([finished].into()).await.expect("it answers").written
    }

    pub(crate) fn end(&self, claimed: &Claimed, outcome: Outcome, lines: &[&str]) -> Finished {
        let attempt = attempt(claimed.progress.attempts, outcome);
        let retry = &claimed.assignment.recipe.settings.retry;
        let line = |text: &&str| Line { stream: Stream::Stdout, at: at(11), text: (*text).to_owned() };
        Finished {
            run: claimed.assignment.recipe.run,
            job: claimed.assignment.job,
            price: Prices::default().of(&attempt, claimed.bid),
            step: step::finish(claimed.progress, attempt, retry, 0.0, at(12)),
            lines: lines.iter().map(line).collect(),
            is_build: claimed.assignment.recipe.task != Task::Call,
            is_staged: claimed.assignment.recipe.is_staged,
            made: None,
        }
    }

    pub(crate) async fn run(&self, id: RunId) -> Run {
        self.store.run_get(self.account, id).await.expect("it answers").expect("it is there")
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        self.store.job_get(self.account, id).await.expect("it answers").expect("it is there")
    }
}

/// An attempt that used a little of everything.
pub(crate) fn attempt(number: u32, outcome: Outcome) -> Attempt {
    let usage = Usage { cpu_nanos: 12_345, wall_nanos: 23_456, log_bytes: 3, ..Usage::default() };
    Attempt {
        number,
        outcome,
        exit_code: None,
        usage,
        devices: Vec::new(),
        started_at: at(11),
        ended_at: at(12),
    }
}

pub(crate) async fn make_account(store: &dyn Store, ids: &Ids, name: &str, weight: u32) -> AccountId {
    let account = Account {
        id: ids.next(START),
        name: AccountName::parse(name).expect("a name"),
        weight,
        scopes: Scopes::all(),
        password: None,
        created_at: START,
    };
    let key = Key {
        id: ids.next(START),
        account: account.id,
        name: "first".into(),
        scopes: Scopes::all(),
        expires_at: None,
        hash: Sha256::of(name.as_bytes()),
        created_at: START,
    };
    let id = account.id;
    store.account_create(account, key, 100, None).await.expect("it is written");
    id
}

pub(crate) async fn make_function(
    store: &dyn Store,
    ids: &Ids,
    account: AccountId,
    function: &str,
) -> FunctionId {
    let new = new_version(ids, function, b"first");
    store.version_create(account, new, 10, 10, START).await.expect("it is written").0.id
}

pub(crate) fn new_version(ids: &Ids, function: &str, bytes: &[u8]) -> NewVersion {
    NewVersion {
        function: ids.next(START),
        name: name(function),
        sha256: Sha256::of(bytes),
        size_bytes: bytes.len() as u64,
        code: Sha256::of(bytes).into(),
        interface: Interface { kinds: vec!["exports".into()], ..Interface::default() },
    }
}

/// Source of a function, which is to be built.
pub(crate) async fn upload(
    world: &World,
    account: AccountId,
    function: &str,
    source: &[u8],
) -> (Function, Version, Uploaded) {
    let version = NewVersion {
        code: Sha256::of(b"runtime").into(),
        interface: Interface::default(),
        ..new_version(&world.ids, function, source)
    };
    let run = world.new_run(1, |run| {
        (run.account, run.source, run.version) = (account, Source::Build, 0);
        run.function = version.function;
    });
    let new = NewBuild { version, runtime: "python@1".into(), run };
    world.store.version_build(account, new, 10, 10, at(1)).await.expect("it is written")
}

/// Ends the build that is claimed next, with what it made or with a failure.
pub(crate) async fn build(world: &World, makes: Option<&[u8]>) {
    let claimed = world.claim(1).await.remove(0);
    assert!(matches!(claimed.assignment.recipe.task, Task::Build(_)));
    let failure = Failure::new(FailureCode::GuestError, "SyntaxError: no");
    let outcome = makes.map_or(Outcome::Failed(failure), |_| Outcome::Succeeded(Output::None));
    let runtime = claimed.assignment.recipe.code.component;
    let made = makes.map(|script| Made {
        code: Code { component: runtime, script: Some(Sha256::of(script)) },
        interface: Interface { kinds: vec!["exports".into()], ..Interface::default() },
    });
    let finished = Finished { made, ..world.end(&claimed, outcome, &["building"]) };
    assert_eq!(world.store.job_finish([finished].into()).await.expect("it answers").written, 1);
}
