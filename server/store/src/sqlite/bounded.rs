//! Queries that may go so far and no further: a caller decides what they look at.

use std::cell::Cell;

use rusqlite::{Connection, ErrorCode};
use skep_domain::{Error, Result};

use super::internal;

/// Steps of SQLite's machine after which it is asked whether it may go on.
const STEPS: i32 = 1000;

thread_local! {
    /// How often the query of this thread may still go on; a query without a bound always may.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Makes a connection ask.
pub(super) fn install(connection: &mut Connection) -> rusqlite::Result<()> {
    let is_over = || {
        let left = LEFT.get().map(|left| left.saturating_sub(1));
        LEFT.set(left);
        left == Some(0)
    };
    connection.progress_handler(STEPS, Some(is_over))
}

/// Runs queries that may take so many thousand steps together.
pub(super) fn within<T>(kilosteps: u32, queries: impl FnOnce() -> rusqlite::Result<T>) -> Result<T> {
    let _bound = Bound::begin(kilosteps);
    queries().map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Error::invalid(
            "this filter looks at too many jobs; ask for fewer of them, by created_at, status or name",
        ),
        _ => internal(error),
    })
}

/// Ends also when a query panics.
struct Bound;

impl Bound {
    fn begin(kilosteps: u32) -> Self {
        LEFT.set(Some(kilosteps));
        Self
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        LEFT.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_ends_where_it_may_go_no_further_and_the_next_one_is_free() {
        let mut connection = Connection::open_in_memory().expect("a store");
        install(&mut connection).expect("it asks");
        let count = || {
            const SQL: &str =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                SELECT count(*) FROM n";
            connection.query_row(SQL, [], |row| row.get::<_, i64>(0))
        };
        let error = within(3, count).expect_err("it goes too far");
        assert!(error.message().contains("too many jobs"), "{}", error.message());
        assert_eq!(within(1_000_000, count).expect("it may go so far"), 100_000);
        assert_eq!(count().expect("it has no bound"), 100_000);
    }
}
