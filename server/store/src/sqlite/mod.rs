//! The store in SQLite: one writer that commits in groups, a pool of readers.

mod accounts;
mod bounded;
mod builds;
mod cached;
mod directory;
mod events;
mod functions;
mod jobs;
mod ledger;
mod lists;
mod logs;
mod migrations;
mod models;
mod plans;
mod purge;
#[cfg(test)]
mod query_plans;
mod readers;
mod receipts;
mod rows;
mod runs;
mod runtimes;
mod schedules;
mod search;
mod webhooks;
mod workers;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use skep_domain::model::account::{Account, Key};
use skep_domain::model::function::{Function, Name};
use skep_domain::model::id::AccountId;
use skep_domain::model::ml_model::MlModel;
use skep_domain::port::store::Identity;
use skep_domain::{Error, Result};

use self::cached::Cached;
pub use self::directory::DataDirectory;
use self::readers::Readers;
use self::writer::Writer;

/// A store in one SQLite file. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    /// What nearly every request asks for. Only this process writes the file.
    identities: Arc<Cached<Identity, (Account, Option<Key>)>>,
    functions: Arc<Cached<(AccountId, Name), Function>>,
    models: Arc<Cached<(AccountId, Name), MlModel>>,
    /// The account after which the next claim begins, where there are many.
    claimed_after: Arc<AtomicI64>,
    /// The plan after which is looked for news next, so that each has its turn.
    planned_after: Arc<AtomicI64>,
    /// The same for accounts with something to tell.
    told_after: Arc<AtomicI64>,
}

/// Connections that read at once.
const READERS: usize = 4;
/// Pages that the writer keeps, in KiB: what it writes to again and again.
const WRITER_CACHE_KIB: u32 = 32 << 10;
/// Pages that a reader keeps, in KiB. The system keeps them too.
const READER_CACHE_KIB: u32 = 4 << 10;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

impl SqliteStore {
    /// Opens the file, making or migrating it as needed.
    ///
    /// # Errors
    /// If the file cannot be opened, is not a store, or is of a newer release.
    pub fn open(file: &Path) -> Result<Self> {
        let mut connection = connect(file, OpenFlags::default(), READER_CACHE_KIB).map_err(internal)?;
        migrations::apply(&mut connection)?;
        drop(connection);
        let path = file.to_owned();
        let writer = move || connect(&path, OpenFlags::default(), WRITER_CACHE_KIB);
        let writer = Writer::start(writer).map_err(internal)?;
        let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let readers =
            (0..READERS).map(|_| connect(file, read_only, READER_CACHE_KIB)).collect::<rusqlite::Result<_>>();
        Ok(Self {
            writer: Arc::new(writer),
            readers: Arc::new(Readers::start(readers.map_err(internal)?).map_err(Error::internal)?),
            identities: Arc::default(),
            functions: Arc::default(),
            models: Arc::default(),
            claimed_after: Arc::default(),
            planned_after: Arc::default(),
            told_after: Arc::default(),
        })
    }

    /// Runs a method in the writer and answers when it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        method: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.submit(method, || {}).await
    }

    /// The same for what changes functions: nobody is shown the old ones afterwards.
    async fn write_functions<T: Send + 'static>(
        &self,
        method: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let functions = self.functions.clone();
        self.writer.submit(method, move || functions.written()).await
    }

    /// The same for what changes models.
    async fn write_models<T: Send + 'static>(
        &self,
        method: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let models = self.models.clone();
        self.writer.submit(method, move || models.written()).await
    }

    /// The same for what may end builds, and so change functions.
    async fn write_ends<T: Send + 'static>(
        &self,
        has_builds: bool,
        method: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if has_builds { self.write_functions(method).await } else { self.write(method).await }
    }

    /// The same for what changes accounts and keys: an ended key is unknown to the next request.
    async fn write_accounts<T: Send + 'static>(
        &self,
        method: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (identities, functions, models) =
            (self.identities.clone(), self.functions.clone(), self.models.clone());
        let after = move || {
            identities.written();
            models.written();
            functions.written();
        };
        self.writer.submit(method, after).await
    }

    /// Runs a query on a reader.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.run(query).await
    }
}

fn connect(file: &Path, flags: OpenFlags, cache_kib: u32) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_with_flags(file, flags)?;
    bounded::install(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on bound values: without this, statements on a table with a partial index are
    // prepared anew each time that they are given values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{cache_kib};
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA mmap_size = 0;"
    ))?;
    Ok(connection)
}

fn internal(error: rusqlite::Error) -> Error {
    Error::internal(error)
}
