//! Runs found by the words of their names and by their tags.

use rusqlite::{Connection, params};
use skep_domain::Result;
use skep_domain::model::page::{Order, Page};
use skep_domain::model::run::Common;
use skep_domain::model::search::Search;
use skep_domain::port::store::RunFilter;

use super::internal;
use super::lists::{Found, Walk};
use super::rows::Stored;

/// Rows that are read at once.
const ROWS_MAX: u32 = super::lists::WALK_MAX as u32;

/// Makes a run findable, if it has words.
pub(super) fn insert(connection: &Connection, run: i64, account: i64, common: &Common) -> Result<()> {
    if common.name.is_none() && common.tags.is_empty() {
        return Ok(());
    }
    let tags: Vec<String> = common.tags.iter().map(|tag| token(tag)).collect();
    connection
        .prepare_cached("INSERT INTO run_words (rowid, owner, words, tags) VALUES (?, ?, ?, ?)")
        .and_then(|mut insert| insert.execute(params![run, owner(account), common.name, tags.join(" ")]))
        .map(drop)
        .map_err(internal)
}

/// Takes away what a run was found by.
pub(super) fn remove(connection: &Connection, run: i64) -> Result<()> {
    // Of a row that is not there, nothing is to be noted.
    connection
        .prepare_cached(
            "DELETE FROM run_words WHERE rowid IN (SELECT id FROM run_words_docsize WHERE id = ?)",
        )
        .and_then(|mut delete| delete.execute([run]))
        .map(drop)
        .map_err(internal)
}

/// The runs of a page that a search finds, in the order of their making. Other filters are looked at run by run.
pub(super) fn found(
    connection: &Connection,
    (account, function): (i64, Option<i64>),
    search: &Search,
    filter: &RunFilter,
    page: &Page,
) -> Result<Found> {
    let (than, direction, begin) = match filter.order {
        Order::Ascending => (">", "ASC", 0),
        Order::Descending => ("<", "DESC", i64::MAX),
    };
    let sql = format!(
        "SELECT r.created_at AS at, r.key, r.source, r.function, r.account FROM run_words w JOIN runs r ON r.key = w.rowid
         WHERE run_words MATCH ? AND w.rowid {than} ? ORDER BY w.rowid {direction} LIMIT {ROWS_MAX}"
    );
    let after = page.after.map_or(begin, |after| after.row.stored());
    let (from, to) = super::lists::bounds(filter.date_from, filter.date_to);
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    let mut rows = statement.query(params![expression(account, search), after]).map_err(internal)?;
    let mut walk = Walk::default();
    walk.over(&mut rows, page, |row| {
        let (at, source): (i64, u8) = (row.get("at")?, row.get("source")?);
        // A run that is being purged is nobody's.
        Ok(row.get::<_, i64>("account")? == account
            && (from..=to).contains(&at)
            && filter.source.is_none_or(|wanted| wanted.number() == source)
            && function.is_none_or(|wanted| row.get("function") == Ok(wanted)))
    })?;
    Ok(walk.end(page))
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
