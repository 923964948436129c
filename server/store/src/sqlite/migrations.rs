//! Migrations, by `PRAGMA user_version`. Each is applied whole or not at all.

use rusqlite::Connection;
use skep_domain::{Error, Result};

use super::internal;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
];

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

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as the first release left it: an account, a function, and a run with a job that failed and one
    /// that waits to be tried again.
    const FIRST_RELEASE: &str = "
        INSERT INTO accounts VALUES (1, x'01', 'admin', 1, 10);
        INSERT INTO keys VALUES (x'0a', x'02', 1, 511, NULL, 10);
        INSERT INTO functions VALUES (3, x'03', 1, 'f', 1, '{}', 10, 10);
        INSERT INTO runs VALUES (1, x'04', 1, 3, 1, 0, '{}', NULL, 1, 0, 0, 1, 0, 1, 0, 0, 0, 10, 11, NULL);
        INSERT INTO jobs VALUES (1, x'05', 1, 1, 3, 4, NULL, NULL, 1, 1, 0, 1, 0, 3, 10, 12, 11, 11, 12);
        INSERT INTO jobs VALUES (2, x'06', 1, 1, 3, 2, NULL, 99, 1, 1, 0, 1, 0, 3, 10, 12, 11, 11, NULL);";

    #[test]
    fn a_file_of_the_first_release_is_brought_up_with_all_that_it_has() {
        let mut connection = Connection::open_in_memory().expect("a store");
        connection.execute_batch(MIGRATIONS[0]).expect("the first schema");
        connection.execute_batch(FIRST_RELEASE).expect("its rows");
        connection.pragma_update(None, "user_version", 1).expect("its version");
        apply(&mut connection).expect("it is brought up");
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).expect(sql);
        assert_eq!(one("SELECT scopes || ' ' || name FROM accounts"), "511 admin");
        assert_eq!(one("SELECT hex(hash) || hex(id) || scopes || name FROM keys"), "0A02511");
        assert_eq!(one("SELECT key || name FROM functions"), "3f");
        assert_eq!(one("SELECT group_concat(result_type || ':' || cost, ' ') FROM jobs"), "3:0 0:0");
        // What was there once is not there again under the same number.
        connection.execute_batch("DELETE FROM functions").expect("it is deleted");
        let insert = "INSERT INTO functions (id, account, name, current, settings, created_at, updated_at)
            VALUES (x'07', 1, 'g', 1, '{}', 20, 20) RETURNING key || ''";
        assert_eq!(one(insert), "4");
        apply(&mut connection).expect("it is up to date");
    }

    #[test]
    fn a_file_of_a_newer_release_is_left_alone() {
        let mut connection = Connection::open_in_memory().expect("a store");
        connection.pragma_update(None, "user_version", 1000).expect("its version");
        assert!(apply(&mut connection).expect_err("it is newer").message().contains("newer release"));
    }
}
