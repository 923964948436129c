//! Runs and plans found by their words and by their tags.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};
use skep_domain::Result;
use skep_domain::model::page::{Order, Page};
use skep_domain::model::search::Search;

use super::internal;
use super::lists::{Found, Walk};
use super::rows::{RowExt, Stored};

/// Rows that are read at once.
const ROWS_MAX: u32 = super::lists::WALK_MAX as u32;

/// A full-text index, and the table whose rows it finds.
pub(super) struct Words {
    table: &'static str,
    of: &'static str,
    /// What says whether a row fits otherwise.
    columns: &'static str,
}

/// Of runs.
pub(super) const RUNS: Words =
    Words { table: "run_words", of: "runs", columns: "r.account, r.source, r.function" };
/// Of plans.
pub(super) const PLANS: Words = Words { table: "plan_words", of: "plans", columns: "r.account, r.status" };

impl Words {
    /// Makes a row findable, if it has words.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        key: i64,
        account: i64,
        words: Option<&str>,
        tags: &BTreeSet<String>,
    ) -> Result<()> {
        if words.is_none() && tags.is_empty() {
            return Ok(());
        }
        let tags: Vec<String> = tags.iter().map(|tag| token(tag)).collect();
        let sql = format!("INSERT INTO {} (rowid, owner, words, tags) VALUES (?, ?, ?, ?)", self.table);
        connection
            .prepare_cached(&sql)
            .and_then(|mut insert| insert.execute(params![key, owner(account), words, tags.join(" ")]))
            .map(drop)
            .map_err(internal)
    }

    /// Takes away what a row was found by.
    pub(super) fn remove(&self, connection: &Connection, key: i64) -> Result<()> {
        // Of a row that is not there, nothing is to be noted.
        let table = self.table;
        let sql = format!("DELETE FROM {table} WHERE rowid IN (SELECT id FROM {table}_docsize WHERE id = ?)");
        connection
            .prepare_cached(&sql)
            .and_then(|mut delete| delete.execute([key]))
            .map(drop)
            .map_err(internal)
    }

    /// The rows of a page that a search finds, in the order of their making. Whether one fits otherwise, `fits` says
    /// of its columns.
    pub(super) fn found(
        &self,
        connection: &Connection,
        account: i64,
        search: &Search,
        order: Order,
        page: &Page,
        fits: impl Fn(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<Found> {
        let (than, direction, begin) = match order {
            Order::Ascending => (">", "ASC", 0),
            Order::Descending => ("<", "DESC", i64::MAX),
        };
        let Self { table, of, columns } = self;
        let sql = format!(
            "SELECT r.created_at AS at, r.key, {columns} FROM {table} w JOIN {of} r ON r.key = w.rowid
             WHERE {table} MATCH ? AND w.rowid {than} ? ORDER BY w.rowid {direction} LIMIT {ROWS_MAX}"
        );
        let after = page.after.map_or(begin, |after| after.row.stored());
        let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
        let mut rows = statement.query(params![expression(account, search), after]).map_err(internal)?;
        let mut walk = Walk::default();
        walk.over(&mut rows, page, fits)?;
        Ok(walk.end(page))
    }

    /// How many rows a search finds, up to a number.
    pub(super) fn count(
        &self,
        connection: &Connection,
        account: i64,
        search: &Search,
        status: Option<u8>,
        max: u64,
    ) -> Result<u64> {
        let (table, of) = (self.table, self.of);
        let join = status.map_or(String::new(), |status| {
            format!("JOIN {of} r ON r.key = w.rowid AND r.status = {status}")
        });
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} w {join} WHERE {table} MATCH ? LIMIT {max})"
        );
        let mut select = connection.prepare_cached(&sql).map_err(internal)?;
        select.query_row([expression(account, search)], |row| row.unsigned(0)).map_err(internal)
    }
}

/// A search in the words of SQLite's full-text index.
fn expression(account: i64, search: &Search) -> String {
    let words = search.words.iter().map(|word| format!("words:\"{}\"", word.replace('"', "\"\"")));
    let tags = search.tags.iter().map(|any| {
        let any: Vec<String> = any.iter().map(|tag| format!("tags:{}", token(tag))).collect();
        format!("({})", any.join(" OR "))
    });
    let terms: Vec<String> =
        [format!("owner:{}", owner(account))].into_iter().chain(words).chain(tags).collect();
    terms.join(" AND ")
}

fn owner(account: i64) -> String {
    format!("a{account}")
}

/// A tag as one word, whatever it is made of.
fn token(tag: &str) -> String {
    let digits: String = tag.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("t{digits}")
}
