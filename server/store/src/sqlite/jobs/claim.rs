//! Taking jobs, fairly between accounts, and what a node needs to run them.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, params};
use skep_domain::Result;
use skep_domain::model::fairness::{Contender, share_out};
use skep_domain::model::function::Settings;
use skep_domain::model::id::{AccountId, JobId, Sha256};
use skep_domain::model::job::{Progress, Status};
use skep_domain::model::run::Common;
use skep_domain::model::step;
use skep_domain::model::time::Millis;
use skep_domain::port::sandbox::{Assignment, Plan};
use skep_domain::port::store::{Claim, ClaimLimits, Claimed};

use super::moves::{self, Moved};
use crate::sqlite::internal;
use crate::sqlite::rows::{RowExt, Stored};

/// Accounts that one claim looks at; more wait until some of these have nothing ready.
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

pub(super) fn claim(connection: &Connection, limits: &ClaimLimits, now: Millis) -> Result<Claim> {
    release_due(connection, now)?;
    let accounts = accounts(connection, limits.free)?;
    let contenders: Vec<Contender> = accounts.iter().map(|account| account.within(limits)).collect();
    let shares = share_out(limits.free, limits.account_running_max, &contenders);
    let left = accounts.iter().zip(&shares).any(|(account, share)| account.contender.ready > *share);
    let mut claim = Claim { jobs: Vec::new(), left, next_due: next_due(connection)? };
    let mut plans = HashMap::new();
    let mut moved = Moved::default();
    for (account, share) in accounts.iter().zip(shares).filter(|(_, share)| *share > 0) {
        take(connection, account, share, now, &mut plans, &mut moved, &mut claim.jobs)?;
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

/// Accounts with ready jobs: a jump from one to the next through the index, not a scan of all jobs.
fn accounts(connection: &Connection, free: u32) -> Result<Vec<Account>> {
    const SQL: &str = "
        WITH RECURSIVE waiting(account) AS (
            SELECT (SELECT min(account) FROM jobs WHERE status IN (0, 2) AND due_at IS NULL)
            UNION ALL
            SELECT (SELECT min(account) FROM jobs WHERE status IN (0, 2) AND due_at IS NULL AND account > waiting.account)
            FROM waiting WHERE waiting.account IS NOT NULL LIMIT ?2)
        SELECT a.key, a.id, a.weight,
            (SELECT count(*) FROM jobs WHERE status = 1 AND account = a.key) AS running,
            (SELECT count(*) FROM (SELECT 1 FROM jobs
                WHERE status IN (0, 2) AND due_at IS NULL AND account = a.key LIMIT ?1)) AS ready
        FROM waiting JOIN accounts a ON a.key = waiting.account";
    let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
    let rows = statement.query_map(params![free, ACCOUNTS_MAX], |row| {
        let contender =
            Contender { weight: row.get("weight")?, running: row.get("running")?, ready: row.get("ready")? };
        Ok(Account { key: row.get("key")?, id: AccountId::from_bytes(row.get("id")?), contender })
    });
    rows.and_then(Iterator::collect).map_err(internal)
}

/// Takes an account's next jobs: the highest bid first, then the oldest.
fn take(
    connection: &Connection,
    account: &Account,
    share: u32,
    now: Millis,
    plans: &mut HashMap<i64, Arc<Plan>>,
    moved: &mut Moved,
    jobs: &mut Vec<Claimed>,
) -> Result<()> {
    const SQL: &str =
        "SELECT j.key, j.id, j.run, j.status, j.due_at, j.attempts, j.failures, j.host_failures,
            j.round, j.cancel, (SELECT arguments FROM job_arguments WHERE job = j.key) AS arguments
        FROM jobs j WHERE j.account = ? AND j.status IN (0, 2) AND j.due_at IS NULL
        ORDER BY j.bid DESC, j.key LIMIT ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let rows = select.query_map(params![account.key, share], |row| {
        let id = JobId::from_bytes(row.get("id")?);
        Ok((row.get("key")?, id, row.get("run")?, moves::progress(row)?, row.get("arguments")?))
    });
    let ready: Vec<(i64, JobId, i64, Progress, String)> =
        rows.and_then(Iterator::collect).map_err(internal)?;
    let mut update = connection
        .prepare_cached(
            "UPDATE jobs SET status = 1, attempts = attempts + 1, updated_at = ?2, assigned_at = ?2, started_at = ?2
             WHERE key = ?1",
        )
        .map_err(internal)?;
    for (key, job, run, from, arguments) in ready {
        let plan = match plans.get(&run) {
            Some(plan) => plan.clone(),
            None => plans.entry(run).or_insert(plan(connection, run)?).clone(),
        };
        update.execute(params![key, now.stored()]).map_err(internal)?;
        moved.count(run, from.status, Status::Running);
        let progress = step::claim(from);
        let weight = account.contender.weight;
        let attempt = progress.attempts;
        let assignment = Assignment { job, attempt, account: account.id, weight, plan, arguments };
        jobs.push(Claimed { assignment, progress });
    }
    Ok(())
}

/// What all jobs of a run share, read when they are claimed: a changed setting counts from now on.
fn plan(connection: &Connection, run: i64) -> Result<Arc<Plan>> {
    const SQL: &str = "SELECT f.name, f.settings, r.common, v.component
        FROM runs r JOIN functions f ON f.key = r.function
        JOIN versions v ON v.function = r.function AND v.number = r.version WHERE r.key = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let plan = select.query_row([run], |row| {
        let name: String = row.get("name")?;
        let (settings, common): (Settings, Common) = (row.json("settings")?, row.json("common")?);
        Ok(Plan::join(&name, &settings, Sha256(row.get("component")?), &common))
    });
    plan.map_err(internal)
}
