//! Migrations, by `PRAGMA user_version`. Each is applied whole or not at all.

use rusqlite::Connection;
use skep_domain::{Error, Result};

use super::internal;

const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

pub(super) fn apply(connection: &mut Connection) -> Result<()> {
    let at: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .map_err(internal)? as usize;
    if at > MIGRATIONS.len() {
        return Err(Error::conflict(format!(
            "the store is of a newer release (schema {at}, this one knows {}); use that release",
            MIGRATIONS.len()
        )));
    }
    for (number, migration) in (1i64..).zip(MIGRATIONS).skip(at) {
        let transaction = connection.transaction().map_err(internal)?;
        transaction.execute_batch(migration).map_err(internal)?;
        transaction.pragma_update(None, "user_version", number).map_err(internal)?;
        transaction.commit().map_err(internal)?;
    }
    Ok(())
}
