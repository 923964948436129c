//! Runtimes and their versions.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use skep_domain::model::function::Name;
use skep_domain::model::id::Sha256;
use skep_domain::model::runtime::Runtime;
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Runtimes, Uploaded};
use skep_domain::{Code, Error, Result};

use super::rows::{RowExt, Stored, corrupt};
use super::{SqliteStore, internal};

const RUNTIME: &str = "SELECT name, number, component, size_bytes, created_at FROM runtimes ";

#[async_trait]
impl Runtimes for SqliteStore {
    async fn runtime_add(
        &self,
        name: &Name,
        component: Sha256,
        size_bytes: u64,
        runtimes_max: usize,
        now: Millis,
    ) -> Result<(Runtime, Uploaded)> {
        let name = name.clone();
        self.write(move |connection| {
            let uploaded = match known(connection, &name, component)? {
                true => Uploaded::Known,
                false => {
                    insert(connection, &name, component, size_bytes, runtimes_max, now)?;
                    Uploaded::New
                }
            };
            connection
                .prepare_cached("UPDATE runtimes SET building = (component = ?2) WHERE name = ?1")
                .and_then(|mut update| update.execute(params![name.as_str(), component.0]))
                .map_err(internal)?;
            let runtime = versions(connection, &name)?.into_iter().next();
            runtime.map(|runtime| (runtime, uploaded)).ok_or_else(|| Error::internal("the runtime is gone"))
        })
        .await
    }

    async fn runtime_known(&self, name: &Name, component: Sha256) -> Result<bool> {
        let name = name.clone();
        self.read(move |connection| known(connection, &name, component)).await
    }

    async fn runtime_get(&self, name: &Name) -> Result<Vec<Runtime>> {
        let name = name.clone();
        self.read(move |connection| versions(connection, &name)).await
    }

    async fn runtime_list(&self) -> Result<Vec<Runtime>> {
        self.read(|connection| {
            let sql = format!("{RUNTIME} WHERE building = 1 ORDER BY name");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = select.query_map([], runtime);
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }

    async fn runtime_remove(&self, name: &Name) -> Result<bool> {
        let name = name.clone();
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE runtimes SET building = 0 WHERE name = ? AND building = 1")
                .and_then(|mut update| update.execute([name.as_str()]))
                .map(|changed| changed > 0)
                .map_err(internal)
        })
        .await
    }
}

fn known(connection: &Connection, name: &Name, component: Sha256) -> Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM runtimes WHERE name = ? AND component = ?)")
        .and_then(|mut select| select.query_row(params![name.as_str(), component.0], |row| row.get(0)))
        .map_err(internal)
}

fn insert(
    connection: &Connection,
    name: &Name,
    component: Sha256,
    size_bytes: u64,
    runtimes_max: usize,
    now: Millis,
) -> Result<()> {
    const OTHERS: &str = "SELECT count(DISTINCT name) FROM runtimes WHERE building = 1 AND name <> ?";
    let mut others = connection.prepare_cached(OTHERS).map_err(internal)?;
    let others = others.query_row([name.as_str()], |row| row.unsigned(0)).map_err(internal)?;
    if others >= runtimes_max as u64 {
        let message = format!("a server may have {runtimes_max} runtimes; remove one first");
        return Err(Error::new(Code::TooLarge, message));
    }
    connection
        .prepare_cached(
            "INSERT INTO runtimes (name, number, component, size_bytes, building, created_at)
             VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM runtimes WHERE name = ?1), ?2, ?3, 0, ?4)",
        )
        .and_then(|mut insert| {
            insert.execute(params![name.as_str(), component.0, size_bytes.stored(), now.stored()])
        })
        .map(drop)
        .map_err(internal)
}

/// The versions of a runtime that was not removed: the one that builds, then the newest.
fn versions(connection: &Connection, name: &Name) -> Result<Vec<Runtime>> {
    let sql = format!(
        "{RUNTIME} WHERE name = ?1 AND EXISTS (SELECT 1 FROM runtimes WHERE name = ?1 AND building = 1)
         ORDER BY building DESC, number DESC"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select.query_map([name.as_str()], runtime);
    rows.and_then(Iterator::collect).map_err(internal)
}

fn runtime(row: &Row<'_>) -> rusqlite::Result<Runtime> {
    let name: String = row.get("name")?;
    Ok(Runtime {
        name: Name::parse(&name).map_err(|_| corrupt("name"))?,
        number: row.get("number")?,
        component: Sha256(row.get("component")?),
        size_bytes: row.unsigned("size_bytes")?,
        created_at: row.millis("created_at")?,
    })
}
