//! Taking jobs, fairly between accounts, and what a node needs to run them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, params};
use skep_domain::Result;
use skep_domain::model::fairness::{Contender, share_out};
use skep_domain::model::id::{AccountId, JobId, RunId, Sha256};
use skep_domain::model::job::Status;
use skep_domain::model::money::Nanodollars;
use skep_domain::model::run::{Common, Source};
use skep_domain::model::settings::Settings;
use skep_domain::model::step;
use skep_domain::model::time::Millis;
use skep_domain::model::trace::Trace;
use skep_domain::port::sandbox::{Assignment, Recipe};
use skep_domain::port::store::{Claim, ClaimLimits, Claimed};

use super::moves::{self, Moved, Placed};
use crate::sqlite::rows::{RowExt, Stored};
use crate::sqlite::{functions, internal};

/// Accounts that one claim looks at; the next claim goes on after them.
const ACCOUNTS_MAX: i64 = 256;
/// Jobs that become ready by time in one claim.
const DUE_MAX: i64 = 1000;

struct Account {
    key: i64,
    id: AccountId,
    contender: Contender,
}

impl Account {
    /// The account, as if it had no more ready than it has room for.
    fn within(&self, limits: &ClaimLimits) -> Contender {
        let backlog = limits.backlogs.get(&self.id).copied().unwrap_or(0);
        let room = limits.account_backlog_max.saturating_sub(backlog);
        Contender { ready: self.contender.ready.min(room), ..self.contender }
    }
}

pub(super) fn claim(
    connection: &Connection,
    limits: &ClaimLimits,
    after: &AtomicI64,
    now: Millis,
) -> Result<Claim> {
    release_due(connection, now)?;
    let (accounts, more) = accounts(connection, limits, after)?;
    let contenders: Vec<Contender> = accounts.iter().map(|account| account.within(limits)).collect();
    let shares = share_out(limits.free, limits.account_running_max, &contenders);
    // Others may have what these have not.
    let left = more || accounts.iter().zip(&shares).any(|(account, share)| account.contender.ready > *share);
    let mut claim = Claim { jobs: Vec::new(), left, next_due: next_due(connection)? };
    let mut recipes = HashMap::new();
    let mut moved = Moved::default();
    for (account, share) in accounts.iter().zip(shares).filter(|(_, share)| *share > 0) {
        take(connection, account, (share, limits.ask), now, &mut recipes, &mut moved, &mut claim.jobs)?;
    }
    moved.write(connection, now)?;
    Ok(claim)
}

/// What waited for its time, and whose time has come, is ready.
fn release_due(connection: &Connection, now: Millis) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE jobs SET due_at = NULL WHERE key IN
                 (SELECT key FROM jobs WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?)",
        )
        .and_then(|mut update| update.execute(params![now.stored(), DUE_MAX]))
        .map(drop)
        .map_err(internal)
}

fn next_due(connection: &Connection) -> Result<Option<Millis>> {
    connection
        .prepare_cached("SELECT min(due_at) AS due_at FROM jobs WHERE due_at IS NOT NULL")
        .and_then(|mut select| select.query_row([], |row| row.maybe_millis("due_at")))
        .map_err(internal)
}

/// Accounts with ready jobs: a jump from one to the next through the index, not a scan of all jobs. Those
/// after the last one that the claim before looked at come first, so that each has its turn.
fn accounts(
    connection: &Connection,
    limits: &ClaimLimits,
    after: &AtomicI64,
) -> Result<(Vec<Account>, bool)> {
    const SQL: &str = "
        WITH RECURSIVE waiting(account) AS (
            SELECT (SELECT min(account) FROM jobs WHERE status IN (0, 2) AND due_at IS NULL AND account > ?3)
            UNION ALL
            SELECT (SELECT min(account) FROM jobs WHERE status IN (0, 2) AND due_at IS NULL AND account > waiting.account)
            FROM waiting WHERE waiting.account IS NOT NULL LIMIT ?2)
        SELECT a.key, a.id, a.weight, a.deleted,
            (SELECT count(*) FROM jobs WHERE status = 1 AND account = a.key)
                - (SELECT count(*) FROM jobs WHERE status = 1 AND worker IS NOT NULL AND account = a.key) AS running,
            (SELECT count(*) FROM (SELECT 1 FROM jobs
                WHERE status IN (0, 2) AND due_at IS NULL AND account = a.key AND bid >= ?4 LIMIT ?1)) AS bidding,
            (SELECT count(*) FROM (SELECT 1 FROM jobs
                WHERE status IN (0, 2) AND due_at IS NULL AND account = a.key AND bid IS NULL LIMIT ?1)) AS plain
        FROM waiting JOIN accounts a ON a.key = waiting.account";
    let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
    let (free, ask) = (limits.free, limits.ask.0.stored());
    let mut from = |after: i64, count: i64| -> Result<Vec<Account>> {
        let rows = statement.query_map(params![free, count, after, ask], |row| {
            // Nothing of a deleted account is claimed.
            let is_there = !row.get::<_, bool>("deleted")?;
            let ready = row.get::<_, u32>("bidding")? + row.get::<_, u32>("plain")?;
            let ready = if is_there { ready } else { 0 };
            let (weight, running) = (row.get("weight")?, row.get("running")?);
            let id = AccountId::from_bytes(row.get("id")?);
            Ok(Account { key: row.get("key")?, id, contender: Contender { weight, running, ready } })
        });
        rows.and_then(Iterator::collect).map_err(internal)
    };
    let begin = after.load(Ordering::Relaxed);
    let mut found = from(begin, ACCOUNTS_MAX)?;
    let cut = found.len() as i64 >= ACCOUNTS_MAX;
    if begin > 0 && !cut {
        let mut first = from(0, ACCOUNTS_MAX - found.len() as i64)?;
        first.retain(|account| account.key <= begin);
        found.append(&mut first);
    }
    let more = found.len() as i64 >= ACCOUNTS_MAX;
    let last = found.last().filter(|_| more);
    after.store(last.map_or(0, |account| account.key), Ordering::Relaxed);
    Ok((found, more))
}

/// Takes an account's next jobs: the highest bid first, then the highest priority, then the oldest. What is bid below the ask waits.
fn take(
    connection: &Connection,
    account: &Account,
    (share, ask): (u32, Nanodollars),
    now: Millis,
    recipes: &mut HashMap<i64, Arc<Recipe>>,
    moved: &mut Moved,
    jobs: &mut Vec<Claimed>,
) -> Result<()> {
    let mut update = connection
        .prepare_cached(
            "UPDATE jobs SET status = 1, attempts = attempts + 1, updated_at = ?2, assigned_at = ?2, started_at = ?2,
                 worker = NULL, progress = NULL
             WHERE key = ?1",
        )
        .map_err(internal)?;
    for Ready { placed, id, bid, arguments, own } in ready(connection, account.key, share, ask)? {
        let recipe = match recipes.get(&placed.run) {
            Some(recipe) => recipe.clone(),
            None => recipes.entry(placed.run).or_insert(recipe(connection, placed.run)?).clone(),
        };
        update.execute(params![placed.key, now.stored()]).map_err(internal)?;
        moved.count(&placed, Status::Running);
        let progress = step::claim(placed.progress);
        let (weight, attempt) = (account.contender.weight, progress.attempts);
        let assignment = Assignment { job: id, attempt, account: account.id, weight, recipe, arguments, own };
        jobs.push(Claimed { assignment, progress, bid });
    }
    Ok(())
}

struct Ready {
    placed: Placed,
    id: JobId,
    bid: Option<Nanodollars>,
    arguments: String,
    own: Option<Vec<u8>>,
}

/// An account's next jobs, from the two parts of the index: those that bid enough, those that do not bid.
fn ready(connection: &Connection, account: i64, share: u32, ask: Nanodollars) -> Result<Vec<Ready>> {
    let mut found: Vec<Ready> = Vec::new();
    for (condition, order) in [
        ("j.bid >= ?2", "j.bid DESC, j.priority DESC, j.key"),
        ("j.bid IS NULL AND ?2 >= 0", "j.priority DESC, j.key"),
    ] {
        let sql = format!(
            "SELECT {}, j.id, j.bid, a.arguments, a.own
             FROM jobs j CROSS JOIN job_arguments a ON a.job = j.key WHERE j.account = ?1 AND j.status IN (0, 2) AND j.due_at IS NULL AND {condition}
             ORDER BY {order} LIMIT ?3",
            moves::PLACED
        );
        let mut select = connection.prepare_cached(&sql).map_err(internal)?;
        let left = share - found.len() as u32;
        let rows = select.query_map(params![account, ask.0.stored(), left], |row| {
            let bid: Option<i64> = row.get("bid")?;
            Ok(Ready {
                placed: moves::placed(row)?,
                id: JobId::from_bytes(row.get("id")?),
                bid: bid.map(|bid| Nanodollars(bid.unsigned_abs())),
                arguments: row.get("arguments")?,
                own: row.get("own")?,
            })
        });
        for ready in rows.map_err(internal)? {
            found.push(ready.map_err(internal)?);
        }
    }
    Ok(found)
}

/// What all jobs of a run share, read when they are claimed: a changed setting counts from now on.
fn recipe(connection: &Connection, run: i64) -> Result<Arc<Recipe>> {
    const SQL: &str =
        "SELECT r.id, r.trace, r.source, f.name, f.settings, r.common, r.stage, v.component, v.script, v.sha256
        FROM runs r JOIN functions f ON f.key = r.function
        JOIN versions v ON v.function = r.function AND v.number = r.version WHERE r.key = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let recipe = select.query_row([run], |row| {
        let name: String = row.get("name")?;
        let (settings, common): (Settings, Common) = (row.json("settings")?, row.json("common")?);
        let id = RunId::from_bytes(row.get("id")?);
        let trace = row.get::<_, Option<[u8; 24]>>("trace")?.map(Trace::from_bytes);
        let code = functions::code(row)?;
        if row.get::<_, u8>("source")? == Source::Build.number() {
            return Ok(Recipe::build((id, trace), &name, code, Sha256(row.get("sha256")?)));
        }
        let is_staged = row.get::<_, Option<i64>>("stage")?.is_some();
        Ok(Recipe::join((id, trace), &name, &settings, code, &common, is_staged))
    });
    recipe.map_err(internal)
}
