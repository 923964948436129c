//! Functions and their versions.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::function::{self as model, Build, Function, Name, State, Version};
use skep_domain::model::id::{AccountId, FunctionId, JobId, Sha256};
use skep_domain::model::page::{Listed, Order, Page, Position};
use skep_domain::model::settings::Settings;
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Functions, NewBuild, NewVersion, Uploaded};
use skep_domain::{Code, Error, Result};

use super::lists::{self, Range};
use super::rows::{RowExt, Stored, corrupt, to_json};
use super::{SqliteStore, builds, internal};

/// A function with its current version.
const FUNCTION: &str =
    "SELECT f.key, f.id, a.id AS account_id, f.name, f.settings, f.created_at, f.updated_at,
        v.number, v.sha256, v.size_bytes, v.state, v.component, v.script, v.runtime, v.build, v.interface,
        v.created_at AS version_created_at
    FROM functions f JOIN accounts a ON a.key = f.account
    JOIN versions v ON v.function = f.key AND v.number = f.current ";

const VERSION: &str =
    "SELECT v.key, v.number, v.sha256, v.size_bytes, v.state, v.component, v.script, v.runtime,
        v.build, v.interface, v.created_at AS version_created_at FROM versions v ";

#[async_trait]
impl Functions for SqliteStore {
    async fn version_select(
        &self,
        account: AccountId,
        name: &Name,
        sha256: Sha256,
        now: Millis,
    ) -> Result<Option<(Function, Version)>> {
        let Some(function) = self.function_get(account, name).await? else { return Ok(None) };
        if function.current.sha256 == sha256 {
            return Ok(Some((function.clone(), function.current)));
        }
        let name = name.clone();
        let selected = self.write_functions(move |connection| {
            let Some(key) = key_of(connection, account, &name)? else { return Ok(None) };
            select(connection, key, sha256, now)
        });
        selected.await
    }

    async fn version_create(
        &self,
        account: AccountId,
        new: NewVersion,
        functions_max: usize,
        versions_max: u32,
        now: Millis,
    ) -> Result<(Function, Version)> {
        let created = self.write_functions(move |connection| {
            let key = ensure(connection, account, &new, functions_max, now)?;
            // Somebody may have uploaded the same meanwhile.
            if let Some(there) = select(connection, key, new.sha256, now)? {
                return Ok(there);
            }
            insert_next(connection, key, &new, versions_max, now)?;
            select(connection, key, new.sha256, now)?
                .ok_or_else(|| Error::internal("the new version is gone"))
        });
        created.await
    }

    async fn version_build(
        &self,
        account: AccountId,
        new: NewBuild,
        functions_max: usize,
        versions_max: u32,
        now: Millis,
    ) -> Result<(Function, Version, Uploaded)> {
        self.write_functions(move |connection| {
            builds::upload(connection, account, new, (functions_max, versions_max), now)
        })
        .await
    }

    async fn version_build_logs(&self, function: FunctionId, number: u32) -> Result<Option<String>> {
        self.read(move |connection| builds::build_logs(connection, &function.to_bytes(), number)).await
    }

    async fn version_get(&self, function: FunctionId, number: u32) -> Result<Option<Version>> {
        self.read(move |connection| {
            let sql = format!(
                "{VERSION} WHERE v.function = (SELECT key FROM functions WHERE id = ?) AND v.number = ?"
            );
            let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
            statement.query_row(params![function.to_bytes(), number], version).optional().map_err(internal)
        })
        .await
    }

    async fn version_list(&self, function: FunctionId, page: Page) -> Result<Listed<Version>> {
        self.read(move |connection| {
            // Versions are numbered in the order of their times: the number alone is the position.
            let sql = format!(
                "{VERSION} WHERE v.function = (SELECT key FROM functions WHERE id = ?) AND v.number < ?
                 ORDER BY v.number DESC LIMIT ?"
            );
            let before = page.after.map_or(i64::from(u32::MAX), |position| position.row.stored());
            let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = statement.query_map(params![function.to_bytes(), before, page.limit + 1], |row| {
                let version = version(row)?;
                let position = Position { at: version.created_at, row: u64::from(version.number) };
                Ok((position, version))
            });
            let rows = rows.and_then(Iterator::collect).map_err(internal)?;
            Ok(Listed::cut(rows, &page))
        })
        .await
    }

    async fn function_get(&self, account: AccountId, name: &Name) -> Result<Option<Function>> {
        let key = (account, name.clone());
        let writes = match self.functions.get(&key) {
            Ok(function) => return Ok(Some(function)),
            Err(writes) => writes,
        };
        let name = name.clone();
        let found = self.read(move |connection| get(connection, account, &name)).await?;
        if let Some(function) = &found {
            self.functions.keep(key, function.clone(), writes);
        }
        Ok(found)
    }

    async fn function_find(&self, account: AccountId, id: FunctionId) -> Result<Option<Function>> {
        self.read(move |connection| {
            let sql =
                format!("{FUNCTION} WHERE f.account = (SELECT key FROM accounts WHERE id = ?) AND f.id = ?");
            let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
            let found = statement.query_row(params![account.to_bytes(), id.to_bytes()], function);
            found.optional().map_err(internal)
        })
        .await
    }

    async fn function_list(&self, account: AccountId, page: Page) -> Result<Listed<Function>> {
        self.read(move |connection| {
            let Some(account) = lists::account_key(connection, account)? else {
                return Ok(Listed { items: Vec::new(), next: None });
            };
            let found = lists::merged(connection, &[range(account)], Order::Descending, &page)?;
            let sql = format!("{FUNCTION} WHERE f.key = ?");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            // One may be deleted in between.
            let items = found.rows.iter().map(|at| select.query_row([at.row.stored()], function).optional());
            let items =
                items.filter_map(Result::transpose).collect::<rusqlite::Result<_>>().map_err(internal)?;
            Ok(Listed { items, next: found.next })
        })
        .await
    }

    async fn function_configure(
        &self,
        account: AccountId,
        name: &Name,
        from: Settings,
        to: Settings,
        now: Millis,
    ) -> Result<Option<Function>> {
        let name = name.clone();
        let changed = self.write_functions(move |connection| {
            let Some(function) = get(connection, account, &name)? else { return Ok(None) };
            if function.settings != from {
                return Err(Error::conflict("the settings were changed meanwhile; try again"));
            }
            connection
                .prepare_cached("UPDATE functions SET settings = ?, updated_at = ? WHERE id = ?")
                .and_then(|mut update| {
                    update.execute(params![to_json(&to), now.stored(), function.id.to_bytes()])
                })
                .map_err(internal)?;
            get(connection, account, &name)
        });
        changed.await
    }

    async fn function_forget(&self, account: AccountId, name: &Name) -> Result<bool> {
        let name = name.clone();
        let forgotten = self.write_functions(move |connection| {
            let Some(key) = key_of(connection, account, &name)? else { return Ok(false) };
            connection
                .prepare_cached(
                    "UPDATE functions SET account = 0, name = hex(id) WHERE key = ?1
                     AND NOT EXISTS (SELECT 1 FROM versions WHERE function = ?1 AND state <> ?2)",
                )
                .and_then(|mut update| update.execute(params![key, State::Failed.number()]))
                .map(|forgotten| forgotten > 0)
                .map_err(internal)
        });
        forgotten.await
    }

    async fn function_delete(&self, account: AccountId, name: &Name) -> Result<bool> {
        let name = name.clone();
        let deleted = self.write_functions(move |connection| {
            let Some(key) = key_of(connection, account, &name)? else { return Ok(false) };
            let live = super::runs::live_of_function(connection, key)?;
            if live > 0 {
                let message = format!("{live} runs of the function are not over; cancel them first");
                return Err(Error::conflict(message));
            }
            connection
                .prepare_cached("UPDATE functions SET account = 0, name = hex(id) WHERE key = ?")
                .and_then(|mut update| update.execute([key]))
                .map(|_| true)
                .map_err(internal)
        });
        deleted.await
    }
}

/// The range in which an account's functions lie.
pub(super) fn range(account: i64) -> Range {
    let (from, to) = lists::bounds(None, None);
    Range {
        table: "functions",
        index: "functions_created",
        prefix: vec![("account", account)],
        sort: "created_at",
        from,
        to,
        order: Order::Descending,
    }
}

/// The key of an account's function.
pub(super) fn key_by_name(connection: &Connection, account: i64, name: &str) -> Result<Option<i64>> {
    let sql = "SELECT key FROM functions WHERE account = ? AND name = ?";
    let mut select = connection.prepare_cached(sql).map_err(internal)?;
    select.query_row(params![account, name], |row| row.get(0)).optional().map_err(internal)
}

fn key_of(connection: &Connection, account: AccountId, name: &Name) -> Result<Option<i64>> {
    const SQL: &str = "SELECT key FROM functions
        WHERE account = (SELECT key FROM accounts WHERE id = ?) AND name = ?";
    let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
    let key = statement.query_row(params![account.to_bytes(), name.as_str()], |row| row.get(0));
    key.optional().map_err(internal)
}

fn get(connection: &Connection, account: AccountId, name: &Name) -> Result<Option<Function>> {
    let sql = format!("{FUNCTION} WHERE f.account = (SELECT key FROM accounts WHERE id = ?) AND f.name = ?");
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    statement.query_row(params![account.to_bytes(), name.as_str()], function).optional().map_err(internal)
}

/// The key of an account's function, which is made if it is not there.
pub(super) fn ensure(
    connection: &Connection,
    account: AccountId,
    new: &NewVersion,
    functions_max: usize,
    now: Millis,
) -> Result<i64> {
    match key_of(connection, account, &new.name)? {
        Some(key) => Ok(key),
        None => create(connection, account, new, functions_max, now),
    }
}

/// Adds a version. Returns its number.
pub(super) fn insert_next(
    connection: &Connection,
    function: i64,
    new: &NewVersion,
    versions_max: u32,
    now: Millis,
) -> Result<u32> {
    let last: u32 = connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM versions WHERE function = ?")
        .and_then(|mut max| max.query_row([function], |row| row.get(0)))
        .map_err(internal)?;
    if last >= versions_max {
        let message = format!("a function may have {versions_max} versions; delete it to start again");
        return Err(Error::new(Code::TooLarge, message));
    }
    insert_version(connection, function, last + 1, new, now)?;
    Ok(last + 1)
}

/// Which version takes the place of the current one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaces {
    /// Whichever is current.
    Any,
    /// An older one. What was uploaded later stays, whichever build ends first.
    Older,
    /// Only one that is not ready.
    Unready,
}

/// Makes a version the one that runs where none is named, if it replaces the one that is.
pub(super) fn make_current(
    connection: &Connection,
    (function, number): (i64, u32),
    replaces: Replaces,
    now: Millis,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE functions SET current = ?2, updated_at = ?5 WHERE key = ?1 AND (?3 OR (?4 AND current < ?2) OR
                 NOT EXISTS (SELECT 1 FROM versions v WHERE v.function = ?1 AND v.number = current AND v.state = 1))",
        )
        .and_then(|mut update| {
            let (any, older) = (replaces == Replaces::Any, replaces == Replaces::Older);
            update.execute(params![function, number, any, older, now.stored()])
        })
        .map(drop)
        .map_err(internal)
}

pub(super) fn id_of(connection: &Connection, function: i64) -> Result<FunctionId> {
    connection
        .prepare_cached("SELECT id FROM functions WHERE key = ?")
        .and_then(|mut select| select.query_row([function], |row| Ok(FunctionId::from_bytes(row.get(0)?))))
        .map_err(internal)
}

/// A function, and one of its versions.
pub(super) fn shown(connection: &Connection, (function, number): (i64, u32)) -> Result<(Function, Version)> {
    let sql = format!("{VERSION} WHERE v.function = ? AND v.number = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let version = select.query_row(params![function, number], version).map_err(internal)?;
    let sql = format!("{FUNCTION} WHERE f.key = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let function = select.query_row([function], self::function).map_err(internal)?;
    Ok((function, version))
}

fn create(
    connection: &Connection,
    account: AccountId,
    new: &NewVersion,
    functions_max: usize,
    now: Millis,
) -> Result<i64> {
    // Whoever deleted the account meanwhile was first.
    const ACCOUNT: &str = "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ? AND deleted = 0)";
    let mut account_is_there = connection.prepare_cached(ACCOUNT).map_err(internal)?;
    if !account_is_there.query_row([account.to_bytes()], |row| row.get::<_, bool>(0)).map_err(internal)? {
        return Err(Error::not_found("account"));
    }
    let there: u64 = connection
        .prepare_cached(
            "SELECT count(*) FROM functions WHERE account = (SELECT key FROM accounts WHERE id = ?)",
        )
        .and_then(|mut count| count.query_row([account.to_bytes()], |row| row.unsigned(0)))
        .map_err(internal)?;
    if there >= functions_max as u64 {
        let message = format!("an account may have {functions_max} functions; delete one first");
        return Err(Error::new(Code::TooLarge, message));
    }
    connection
        .prepare_cached(
            "INSERT INTO functions (id, account, name, current, settings, created_at, updated_at)
             VALUES (?, (SELECT key FROM accounts WHERE id = ?), ?, 0, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            let (id, name) = (new.function.to_bytes(), new.name.as_str());
            let settings = to_json(&Settings::default());
            insert.execute(params![id, account.to_bytes(), name, settings, now.stored(), now.stored()])
        })
        .map_err(internal)?;
    Ok(connection.last_insert_rowid())
}

fn insert_version(
    connection: &Connection,
    key: i64,
    number: u32,
    new: &NewVersion,
    now: Millis,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO versions (function, number, sha256, size_bytes, component, interface, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                key,
                number,
                new.sha256.0,
                new.size_bytes.stored(),
                new.code.component.0,
                to_json(&new.interface),
                now.stored()
            ])
        })
        .map(drop)
        .map_err(internal)
}

/// Makes the version with this hash the current one, if it is there.
fn select(
    connection: &Connection,
    key: i64,
    sha256: Sha256,
    now: Millis,
) -> Result<Option<(Function, Version)>> {
    // What is built of source is not chosen by its hash alone: it may have failed.
    const SQL: &str = "SELECT number FROM versions WHERE function = ? AND sha256 = ? AND runtime IS NULL";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let number = select.query_row(params![key, sha256.0], |row| row.get(0)).optional().map_err(internal)?;
    let Some(number) = number else { return Ok(None) };
    make_current(connection, (key, number), Replaces::Any, now)?;
    shown(connection, (key, number)).map(Some)
}

fn function(row: &Row<'_>) -> rusqlite::Result<Function> {
    let name: String = row.get("name")?;
    Ok(Function {
        id: FunctionId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        name: Name::parse(&name).map_err(|_| corrupt("name"))?,
        current: version(row)?,
        settings: row.json("settings")?,
        created_at: row.millis("created_at")?,
        updated_at: row.millis("updated_at")?,
    })
}

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        number: row.get("number")?,
        sha256: Sha256(row.get("sha256")?),
        size_bytes: row.unsigned("size_bytes")?,
        state: state(row.get("state")?)?,
        build: match (row.get("runtime")?, row.get("build")?) {
            (Some(runtime), Some(job)) => Some(Build { runtime, job: JobId::from_bytes(job) }),
            _ => None,
        },
        code: code(row)?,
        interface: row.json("interface")?,
        created_at: row.millis("version_created_at")?,
    })
}

/// What a version runs, of a query that has its columns.
pub(super) fn code(row: &Row<'_>) -> rusqlite::Result<model::Code> {
    let script: Option<[u8; 32]> = row.get("script")?;
    Ok(model::Code { component: Sha256(row.get("component")?), script: script.map(Sha256) })
}

pub(super) fn state(number: u8) -> rusqlite::Result<State> {
    State::from_number(number).ok_or_else(|| corrupt("state"))
}
