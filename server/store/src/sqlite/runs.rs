//! Runs.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::id::{AccountId, FunctionId, RunId, StageId};
use skep_domain::model::job::{Ended, Progress, ResultType, Resulted, Status};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::page::{Listed, Order, Page};
use skep_domain::model::price::Price;
use skep_domain::model::run::{Counts, PARAMETERS_BYTES_SHOWN_MAX, PARAMETERS_SHOWN_MAX, Place, Run, Source};
use skep_domain::model::step;
use skep_domain::model::time::Millis;
use skep_domain::model::trace::Trace;
use skep_domain::model::usage::Totals;
use skep_domain::model::webhook::Events;
use skep_domain::port::store::{Finished, NewRun, RunFilter, Runs, Written};
use skep_domain::{Error, Result};

use super::jobs::moves::{self, Moved, Placed};
use super::ledger::{Lines, On};
use super::lists::Range;
use super::rows::{RowExt, Stored, corrupt, to_json};
use super::webhooks::Listeners;
use super::{
    SqliteStore, builds, events, functions, internal, jobs, ledger, lists, logs, plans, receipts, search,
};

const RUN: &str =
    "SELECT r.key, r.id, a.id AS account_id, r.source, f.id AS function_id, f.name AS function_name,
        r.version, r.common, r.bid, r.cost, r.first_job, r.queued, r.running, r.retrying, r.succeeded, r.failed,
        r.timed_out, r.cancelled, r.cancel, r.created_at, r.started_at, r.completed_at,
        (SELECT s.id FROM stages s WHERE s.key = r.stage) AS stage_id
    FROM runs r JOIN accounts a ON a.key = r.account
    JOIN functions f ON f.key = r.function AND f.account = r.account ";

/// The columns that count a run's jobs, in the order of [`Status::ALL`].
pub(super) const COUNTS: [&str; 7] =
    ["queued", "running", "retrying", "succeeded", "failed", "timed_out", "cancelled"];

/// Runs of a function that are counted.
const COUNTED_MAX: u32 = 10_000;

#[async_trait]
impl Runs for SqliteStore {
    async fn run_create(&self, run: NewRun) -> Result<Written> {
        let fresh = Progress::new(run.run_at);
        self.write(move |connection| insert(connection, &run, fresh)).await
    }

    async fn run_get(&self, account: AccountId, id: RunId) -> Result<Option<Run>> {
        self.read(move |connection| get(connection, account, id)).await
    }

    async fn run_list(&self, account: AccountId, filter: RunFilter, page: Page) -> Result<Listed<Run>> {
        self.read(move |connection| list(connection, account, &filter, &page)).await
    }

    async fn run_count(&self, account: AccountId, function: FunctionId) -> Result<u64> {
        self.read(move |connection| {
            let listed = Source::ALL.iter().filter(|source| source.is_listed());
            let listed: Vec<String> = listed.map(|source| source.number().to_string()).collect();
            let sql = format!(
                "SELECT count(*) FROM (SELECT 1 FROM runs r JOIN functions f ON f.key = r.function AND f.account = r.account
                 JOIN accounts a ON a.key = f.account WHERE f.id = ? AND a.id = ? AND r.source IN ({}) LIMIT {COUNTED_MAX})",
                listed.join(", ")
            );
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let count = select.query_row([function.to_bytes(), account.to_bytes()], |row| row.unsigned(0));
            count.map_err(internal)
        })
        .await
    }

    async fn run_cancel(&self, account: AccountId, id: RunId, now: Millis) -> Result<Option<Run>> {
        let is_build = self.read(move |connection| builds::is_run(connection, id)).await?;
        self.write_ends(is_build, move |connection| {
            let Some(run) = get(connection, account, id)? else { return Ok(None) };
            let status = run.counts.status(run.cancelled);
            if status.is_over() {
                return Err(Error::conflict(format!("the run is over: {}", status.name())));
            }
            cancel(connection, id, now)?;
            get(connection, account, id)
        })
        .await
    }

    async fn run_delete(&self, account: AccountId, id: RunId) -> Result<bool> {
        self.write(move |connection| {
            let Some(run) = get(connection, account, id)? else { return Ok(false) };
            if !run.counts.status(run.cancelled).is_over() {
                return Err(Error::conflict("the run is not over; cancel it first"));
            }
            connection
                .prepare_cached("UPDATE runs SET account = 0 WHERE id = ?")
                .and_then(|mut update| update.execute([id.to_bytes()]))
                .map(|_| true)
                .map_err(internal)
        })
        .await
    }

    async fn run_ended(
        &self,
        account: AccountId,
        id: RunId,
        after: Place,
        limit: u32,
    ) -> Result<Option<Vec<Ended>>> {
        self.read(move |connection| events::ended(connection, account, id, after, limit)).await
    }

    async fn run_results(
        &self,
        account: AccountId,
        id: RunId,
        from_index: u32,
        limit: u32,
        bytes_max: usize,
    ) -> Result<Option<Vec<Resulted>>> {
        self.read(move |connection| match visible(connection, account, id)? {
            Some(key) => jobs::read::of_run(connection, key, from_index, limit, bytes_max).map(Some),
            None => Ok(None),
        })
        .await
    }
}

/// The key of a run that the account can see.
pub(super) fn visible(connection: &Connection, account: AccountId, id: RunId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT r.key FROM runs r JOIN accounts a ON a.key = r.account
        JOIN functions f ON f.key = r.function AND f.account = r.account WHERE r.id = ? AND a.id = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let key = select.query_row([id.to_bytes(), account.to_bytes()], |row| row.get(0));
    key.optional().map_err(internal)
}

/// Writes a run and its jobs, all where `progress` says, unless that was done before.
pub(super) fn insert(connection: &Connection, run: &NewRun, progress: Progress) -> Result<Written> {
    if let Written::Before(receipt) = receipts::write(connection, run.receipt.as_ref())? {
        return Ok(Written::Before(receipt));
    }
    let started_at = (progress.attempts > 0).then_some(run.at);
    let state = State { progress, started_at, ended: None };
    insert_at(connection, run, owner(connection, run)?, &state).map(|_| Written::Now)
}

/// The same for a call that is over already. Returns what was charged.
pub(super) fn insert_over(connection: &Connection, run: &NewRun, finished: &Finished) -> Result<Nanodollars> {
    let step = &finished.step;
    let keys = owner(connection, run)?;
    let (function, account) = keys;
    let mut lines = Lines::default();
    let mut totals = Totals::default();
    if let Some(attempt) = &step.ended {
        let on = On::new(account, function, step.at);
        let cost = lines.charge(connection, on, &attempt.usage, finished.price)?;
        totals.add(&attempt.usage, cost);
    }
    lines.write(connection)?;
    let ended = Some(Over { finished, totals });
    let job =
        insert_at(connection, run, keys, &State { progress: step.to, started_at: Some(run.at), ended })?;
    logs::begin(connection, job, step.from.attempts, &finished.lines)?;
    Ok(totals.cost)
}

/// Where the jobs of a run are when it is written.
struct State<'a> {
    progress: Progress,
    started_at: Option<Millis>,
    ended: Option<Over<'a>>,
}

/// The end of a run of one job that is written when it is over.
struct Over<'a> {
    finished: &'a Finished,
    totals: Totals,
}

/// The keys of the run's function and account. Whoever deleted one of them meanwhile was first.
fn owner(connection: &Connection, run: &NewRun) -> Result<(i64, i64)> {
    const SQL: &str = "SELECT f.key, f.account FROM functions f
        JOIN accounts a ON a.key = f.account AND a.deleted = 0 WHERE f.id = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let owner = select.query_row([run.function.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)));
    let owner: Option<(i64, i64)> = owner.optional().map_err(internal)?;
    owner.ok_or_else(|| Error::not_found("function").field("function"))
}

fn last_job(connection: &Connection) -> Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(key), 0) FROM jobs")
        .and_then(|mut max| max.query_row([], |row| row.get(0)))
        .map_err(internal)
}

/// Writes a run and its jobs. Returns the key of the first job.
fn insert_at(
    connection: &Connection,
    run: &NewRun,
    (function, account): (i64, i64),
    state: &State<'_>,
) -> Result<i64> {
    let first_job = last_job(connection)? + 1;
    let mut counts = [0i64; 7];
    counts[usize::from(state.progress.status.number())] = run.jobs.len() as i64;
    let totals = state.ended.as_ref().map_or_else(Totals::default, |over| over.totals);
    let [attempts, cpu, wall, peak, memory, egress, device, log, cost] = ledger::columns(&totals);
    let stage = run.stage.map(|stage| plans::stage_key(connection, stage)).transpose()?;
    let hooked = hooked(connection, run, account, stage)?;
    let held = run.common.concurrency.filter(|count| (*count as usize) < run.jobs.len());
    connection
        .prepare_cached(
            "INSERT INTO runs (id, account, function, version, source, common, bid, first_job, queued, running,
                 retrying, succeeded, failed, timed_out, cancelled, cancel, created_at, started_at, completed_at,
                 attempts, cpu_nanos, wall_nanos, memory_peak_bytes, memory_byte_seconds, egress_bytes,
                 device_nanos, log_bytes, cost, trace, stage, held, hooked)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                run.id.to_bytes(),
                account,
                function,
                run.version,
                run.source.number(),
                to_json(&run.common),
                run.bid.map(|bid| bid.0.stored()),
                first_job,
                counts[0],
                counts[1],
                counts[2],
                counts[3],
                counts[4],
                counts[5],
                counts[6],
                run.at.stored(),
                state.started_at.map(Stored::stored),
                state.ended.as_ref().map(|over| over.finished.step.at.stored()),
                attempts,
                cpu,
                wall,
                peak,
                memory,
                egress,
                device,
                log,
                cost,
                run.trace.map(Trace::to_bytes),
                stage,
                held.map(|held| first_job + i64::from(held)),
                hooked
            ])
        })
        .map_err(internal)?;
    let run_key = connection.last_insert_rowid();
    let common = &run.common;
    search::RUNS.insert(connection, run_key, account, common.name.as_deref(), &common.tags)?;
    insert_jobs(connection, run, state, [first_job, account, run_key, function])?;
    Ok(first_job)
}

/// The events of a run and its jobs of which somebody wants to be told.
fn hooked(connection: &Connection, run: &NewRun, account: i64, stage: Option<i64>) -> Result<i64> {
    if !run.source.is_listed() && stage.is_none() {
        return Ok(0);
    }
    let plan = match stage {
        None => None,
        Some(stage) => connection
            .prepare_cached("SELECT plan FROM stages WHERE key = ?")
            .and_then(|mut select| select.query_row([stage], |row| row.get(0)))
            .map_err(internal)?,
    };
    let listeners = Listeners::of(connection, account, run.source.is_listed(), plan)?;
    Ok(listeners.events().within(Events::of_runs()).stored())
}

fn insert_jobs(
    connection: &Connection,
    run: &NewRun,
    state: &State<'_>,
    [first_job, account, run_key, function]: [i64; 4],
) -> Result<()> {
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO jobs (key, id, account, run, function, status, bid, due_at, attempts, failures, host_failures,
                 round, cancel, result_type, created_at, updated_at, assigned_at, started_at, completed_at, cost,
                 priority)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, 0, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )
        .map_err(internal)?;
    let mut arguments = connection
        .prepare_cached("INSERT INTO job_arguments (job, arguments, own, name, var) VALUES (?, ?, ?, ?, ?)")
        .map_err(internal)?;
    let progress = state.progress;
    let ended = state.ended.as_ref().and_then(|over| over.finished.step.ended.as_ref());
    let result_type = ended.map_or(ResultType::None, moves::result_type).number();
    let assigned_at = state.started_at.map(Stored::stored);
    let started_at = ended.map(|attempt| attempt.started_at.stored()).or(assigned_at);
    let completed_at = state.ended.as_ref().map(|over| over.finished.step.at.stored());
    let cost = state.ended.as_ref().map_or(0, |over| over.totals.cost.0.stored());
    // What is more than may run at once waits until others of the run are over.
    let at_once = run.common.concurrency.map_or(i64::MAX, i64::from);
    for (key, job) in (first_job..).zip(&run.jobs) {
        let due_at = if key - first_job < at_once { progress.due_at } else { Some(Progress::HELD) };
        insert
            .execute(params![
                key,
                job.id.to_bytes(),
                account,
                run_key,
                function,
                progress.status.number(),
                run.bid.map(|bid| bid.0.stored()),
                due_at.map(Stored::stored),
                progress.attempts,
                progress.failures,
                progress.host_failures,
                result_type,
                run.at.stored(),
                completed_at.unwrap_or(run.at.stored()),
                assigned_at,
                started_at,
                completed_at,
                cost,
                run.common.priority
            ])
            .and_then(|_| arguments.execute(params![key, job.arguments, job.own, job.name, job.var]))
            .map_err(internal)?;
    }
    let Some(over) = &state.ended else { return Ok(()) };
    ended.map_or(Ok(()), |attempt| {
        let version = over.finished.price.version;
        moves::insert_attempt(connection, first_job, attempt, over.totals.cost, version)
    })
}

fn get(connection: &Connection, account: AccountId, id: RunId) -> Result<Option<Run>> {
    let sql = format!("{RUN} WHERE r.id = ? AND a.id = ?");
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    let found = statement
        .query_row([id.to_bytes(), account.to_bytes()], |row| {
            Ok((run(row)?, row.get::<_, i64>("first_job")?))
        })
        .optional()
        .map_err(internal)?;
    let Some((mut run, first_job)) = found else { return Ok(None) };
    let total = run.counts.total();
    let few = total <= PARAMETERS_SHOWN_MAX;
    let range = [first_job, first_job + i64::from(total)];
    const BYTES: &str =
        "SELECT coalesce(sum(octet_length(arguments)), 0) FROM job_arguments WHERE job >= ? AND job < ?";
    let mut bytes = connection.prepare_cached(BYTES).map_err(internal)?;
    if few && bytes.query_row(range, |row| row.unsigned(0)).map_err(internal)? <= PARAMETERS_BYTES_SHOWN_MAX {
        const SQL: &str = "SELECT arguments FROM job_arguments WHERE job >= ? AND job < ? ORDER BY job";
        let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
        let texts = statement.query_map(range, |row| row.get(0));
        run.parameters = Some(texts.and_then(Iterator::collect).map_err(internal)?);
    }
    Ok(Some(run))
}

fn list(connection: &Connection, account: AccountId, filter: &RunFilter, page: &Page) -> Result<Listed<Run>> {
    let nothing = Ok(Listed { items: Vec::new(), next: None });
    let Some(account) = lists::account_key(connection, account)? else { return nothing };
    let function = match &filter.function {
        None => None,
        Some(name) => match functions::key_by_name(connection, account, name)? {
            Some(function) => Some(function),
            None => return nothing,
        },
    };
    let found = match &filter.search {
        Some(search) => {
            let (from, to) = lists::bounds(filter.date_from, filter.date_to);
            search::RUNS.found(connection, account, search, filter.order, page, |row| {
                let (at, source): (i64, u8) = (row.get("at")?, row.get("source")?);
                // A run that is being purged is nobody's.
                Ok(row.get::<_, i64>("account")? == account
                    && (from..=to).contains(&at)
                    && filter.source.is_none_or(|wanted| wanted.number() == source)
                    && function.is_none_or(|wanted| row.get("function") == Ok(wanted)))
            })?
        }
        None => {
            let prefix = function.map_or(("account", account), |function| ("function", function));
            let dates = (filter.date_from, filter.date_to);
            let ranges = ranges(&[prefix], filter.source, false, dates, filter.order);
            lists::merged(connection, &ranges, filter.order, page)?
        }
    };
    let sql = format!("{RUN} WHERE r.key = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = found.rows.iter().map(|position| select.query_row([position.row.stored()], run).optional());
    let items = rows.filter_map(Result::transpose).collect::<rusqlite::Result<_>>().map_err(internal)?;
    Ok(Listed { items, next: found.next })
}

/// The ranges in which the runs of one source lie, or those of all; without a source, calls and
/// requests are left out unless asked for.
pub(super) fn ranges(
    prefix: &[(&'static str, i64)],
    source: Option<Source>,
    calls: bool,
    (from, to): (Option<Millis>, Option<Millis>),
    order: Order,
) -> Vec<Range> {
    let index = if prefix[0].0 == "function" { "runs_function" } else { "runs_source" };
    let (from, to) = lists::bounds(from, to);
    let shown = |candidate: &&Source| match source {
        Some(source) => **candidate == source,
        None => calls || candidate.is_listed(),
    };
    let range = |source: &Source| {
        let prefix = [prefix, &[("source", i64::from(source.number()))]].concat();
        Range { table: "runs", index, prefix, sort: "created_at", from, to, order }
    };
    Source::ALL.iter().filter(shown).map(range).collect()
}

/// Cancels a run that is not over.
pub(super) fn cancel(connection: &Connection, id: RunId, now: Millis) -> Result<()> {
    connection
        .prepare_cached("UPDATE runs SET cancel = 1 WHERE id = ?")
        .and_then(|mut update| update.execute([id.to_bytes()]))
        .map_err(internal)?;
    cancel_jobs(connection, id, now, i64::MAX)
}

/// Cancels some jobs of a run.
pub(super) fn cancel_jobs(connection: &Connection, id: RunId, now: Millis, limit: i64) -> Result<()> {
    let mut moved = Moved::default();
    for job in live_jobs(connection, id, limit)? {
        let step = step::cancel(job.progress, now)?;
        moves::apply(connection, &job, &step, Price::default(), &mut moved)?;
    }
    moved.write(connection, now).map(drop)
}

/// Some jobs of a run that are not over.
pub(super) fn live_jobs(connection: &Connection, id: RunId, limit: i64) -> Result<Vec<Placed>> {
    let sql = format!(
        "SELECT {} FROM runs r JOIN jobs j ON j.key >= r.first_job
             AND j.key < r.first_job + r.queued + r.running + r.retrying + r.succeeded + r.failed + r.timed_out + r.cancelled
         WHERE r.id = ? AND j.status IN (0, 1, 2) LIMIT ?",
        moves::PLACED
    );
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = statement.query_map(params![id.to_bytes(), limit], moves::placed);
    rows.and_then(Iterator::collect).map_err(internal)
}

/// How many runs of a function are not over.
pub(super) fn live_of_function(connection: &Connection, function: i64) -> Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM runs WHERE function = ? AND completed_at IS NULL")
        .and_then(|mut count| count.query_row([function], |row| row.get(0)))
        .map_err(internal)
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let mut counts = Counts::default();
    for (count, column) in counts.0.iter_mut().zip(COUNTS) {
        *count = row.get(column)?;
    }
    debug_assert_eq!(Status::ALL.len(), COUNTS.len());
    let source: u8 = row.get("source")?;
    Ok(Run {
        id: RunId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        source: Source::from_number(source).ok_or_else(|| corrupt("source"))?,
        stage: row.get::<_, Option<[u8; 16]>>("stage_id")?.map(StageId::from_bytes),
        function: FunctionId::from_bytes(row.get("function_id")?),
        function_name: row.get("function_name")?,
        version: row.get("version")?,
        common: row.json("common")?,
        counts,
        cancelled: row.get("cancel")?,
        bid: row.get::<_, Option<i64>>("bid")?.map(|bid| Nanodollars(bid.unsigned_abs())),
        cost: Nanodollars(row.unsigned("cost")?),
        parameters: None,
        created_at: row.millis("created_at")?,
        started_at: row.maybe_millis("started_at")?,
        completed_at: row.maybe_millis("completed_at")?,
    })
}
