//! Versions that are made of source: recorded with the run that builds them, and ended with it.

use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::Result;
use skep_domain::model::function::{Function, Made, State, Version};
use skep_domain::model::id::{AccountId, JobId, RunId, Sha256};
use skep_domain::model::job::Progress;
use skep_domain::model::run::Source;
use skep_domain::model::time::Millis;
use skep_domain::port::store::{NewBuild, Uploaded};

use super::functions::Replaces;
use super::rows::to_json;
use super::{functions, internal, logs, runs};

/// Bytes of what a build wrote that are kept with the version.
const BUILD_LOGS_BYTES_MAX: usize = 64 << 10;

/// A version of source, and where it is.
struct There {
    number: u32,
    state: State,
}

/// Records an upload of source; see the port.
pub(super) fn upload(
    connection: &Connection,
    account: AccountId,
    mut new: NewBuild,
    (functions_max, versions_max): (usize, u32),
    now: Millis,
) -> Result<(Function, Version, Uploaded)> {
    let key = functions::ensure(connection, account, &new.version, functions_max, now)?;
    let there = there(connection, key, new.version.sha256)?;
    let uploaded = if there.is_some() { Uploaded::Known } else { Uploaded::New };
    let number = match &there {
        Some(there) => there.number,
        None => functions::insert_next(connection, key, &new.version, versions_max, now)?,
    };
    let is_over = match there.map(|there| there.state) {
        Some(State::Ready) => true,
        Some(State::Building) => false,
        None if copy(connection, account, (key, number), new.version.sha256, &new.runtime)? => true,
        None | Some(State::Failed) => {
            new.run.function = functions::id_of(connection, key)?;
            new.run.version = number;
            begin(connection, (key, number), &new)?;
            false
        }
    };
    let replaces = if is_over { Replaces::Any } else { Replaces::Unready };
    functions::make_current(connection, (key, number), replaces, now)?;
    let (function, version) = functions::shown(connection, (key, number))?;
    Ok((function, version, uploaded))
}

fn there(connection: &Connection, function: i64, sha256: Sha256) -> Result<Option<There>> {
    const SQL: &str = "SELECT number, state FROM versions WHERE function = ? AND sha256 = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let there = select.query_row(params![function, sha256.0], |row| {
        Ok(There { number: row.get(0)?, state: functions::state(row.get(1)?)? })
    });
    there.optional().map_err(internal)
}

/// Takes what the account has built of the same source with the same runtime. Says whether it has.
fn copy(
    connection: &Connection,
    account: AccountId,
    (function, number): (i64, u32),
    sha256: Sha256,
    runtime: &str,
) -> Result<bool> {
    const SQL: &str = "UPDATE versions SET state = 1, runtime = ?4, component = o.component, script = o.script,
            interface = o.interface, build = o.build, build_logs = o.build_logs
        FROM (SELECT v.* FROM versions v JOIN functions f ON f.key = v.function JOIN accounts a ON a.key = f.account
            WHERE v.sha256 = ?3 AND v.runtime IS NOT NULL AND v.state = 1 AND a.id = ?5 LIMIT 1) AS o
        WHERE versions.function = ?1 AND versions.number = ?2";
    let mut update = connection.prepare_cached(SQL).map_err(internal)?;
    let changed = update.execute(params![function, number, sha256.0, runtime, account.to_bytes()]);
    changed.map(|changed| changed > 0).map_err(internal)
}

/// Writes the run that builds a version.
fn begin(connection: &Connection, (function, number): (i64, u32), new: &NewBuild) -> Result<()> {
    runs::insert(connection, &new.run, Progress::new(None))?;
    connection
        .prepare_cached(
            "UPDATE versions SET state = 0, runtime = ?3, build = ?4, build_logs = NULL, component = ?5
             WHERE function = ?1 AND number = ?2",
        )
        .and_then(|mut update| {
            let job = new.run.jobs[0].id.to_bytes();
            update.execute(params![function, number, new.runtime, job, new.version.code.component.0])
        })
        .map(drop)
        .map_err(internal)
}

/// Writes what a build has made: its version is ready, and the current one.
pub(super) fn made(connection: &Connection, run: i64, made: &Made, now: Millis) -> Result<()> {
    let (function, number) = version_of(connection, run)?;
    connection
        .prepare_cached(
            "UPDATE versions SET state = 1, component = ?3, script = ?4, interface = ?5
             WHERE function = ?1 AND number = ?2",
        )
        .and_then(|mut update| {
            let script = made.code.script.map(|script| script.0);
            let interface = to_json(&made.interface);
            update.execute(params![function, number, made.code.component.0, script, interface])
        })
        .map_err(internal)?;
    functions::make_current(connection, (function, number), Replaces::Older, now)
}

/// Ends a version whose build is over, whatever ended it: keeps its log, and where nothing was made, says so.
pub(super) fn ended(connection: &Connection, run: i64, job: i64) -> Result<()> {
    let (function, number) = version_of(connection, run)?;
    let mut text = logs::text(connection, job, BUILD_LOGS_BYTES_MAX)?;
    const LAST: &str =
        "SELECT message, backtrace FROM attempts WHERE key > ?1 * 65536 AND key < (?1 + 1) * 65536
        ORDER BY key DESC LIMIT 1";
    let mut last = connection.prepare_cached(LAST).map_err(internal)?;
    let parts = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let last: Option<(Option<String>, Option<String>)> =
        last.query_row([job], parts).optional().map_err(internal)?;
    let (message, trace) = last.unwrap_or_default();
    let (message, trace) = (message.unwrap_or_default(), trace.unwrap_or_default());
    // The trace, and below it what happened, as interpreters have it; some have it in the trace already.
    let message = if trace.trim_end().ends_with(message.trim_end()) { String::new() } else { message };
    for part in [trace, message].iter().filter(|part| !part.is_empty()) {
        text.push_str(part.trim_end());
        text.push('\n');
    }
    connection
        .prepare_cached(
            "UPDATE versions SET state = CASE state WHEN 0 THEN 2 ELSE state END, build_logs = ?3
             WHERE function = ?1 AND number = ?2",
        )
        .and_then(|mut update| update.execute(params![function, number, text]))
        .map(drop)
        .map_err(internal)
}

fn version_of(connection: &Connection, run: i64) -> Result<(i64, u32)> {
    connection
        .prepare_cached("SELECT function, version FROM runs WHERE key = ?")
        .and_then(|mut select| select.query_row([run], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(internal)
}

/// What a version's build wrote.
pub(super) fn build_logs(
    connection: &Connection,
    function: &[u8; 16],
    number: u32,
) -> Result<Option<String>> {
    const SQL: &str = "SELECT build_logs FROM versions
        WHERE function = (SELECT key FROM functions WHERE id = ?) AND number = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let logs = select.query_row(params![function, number], |row| row.get(0)).optional();
    logs.map(Option::flatten).map_err(internal)
}

/// Whether a job builds a version.
pub(super) fn is_job(connection: &Connection, id: JobId) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM jobs j JOIN runs r ON r.key = j.run
        WHERE j.id = ? AND r.source = ?)";
    is_build(connection, SQL, id.to_bytes())
}

/// Whether a run builds a version.
pub(super) fn is_run(connection: &Connection, id: RunId) -> Result<bool> {
    is_build(connection, "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ? AND source = ?)", id.to_bytes())
}

fn is_build(connection: &Connection, sql: &str, id: [u8; 16]) -> Result<bool> {
    let mut select = connection.prepare_cached(sql).map_err(internal)?;
    select.query_row(params![id, Source::Build.number()], |row| row.get(0)).map_err(internal)
}
