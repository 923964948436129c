//! Lists: which rows a page has, each found through an index that has them in the list's order.
//!
//! A list reads one range of an index, or several that are merged. Where no index fits a combination of
//! filters, it walks the nearest one and leaves out what does not fit: then [`WALK_MAX`] rows at most,
//! and the page may hold fewer items than were asked for while others follow.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params_from_iter};
use skep_domain::Result;
use skep_domain::model::id::AccountId;
use skep_domain::model::page::{Order, Page, Position};
use skep_domain::model::time::Millis;

use super::internal;
use super::rows::{RowExt, Stored};

/// Rows that one page looks at where filters have no index of their own.
pub(super) const WALK_MAX: usize = 5000;

/// A range of an index that is sorted as a list is.
#[derive(Debug, Clone)]
pub(super) struct Range {
    pub(super) table: &'static str,
    pub(super) index: &'static str,
    /// The columns before the sort key, with their values.
    pub(super) prefix: Vec<(&'static str, i64)>,
    pub(super) sort: &'static str,
    /// Bounds of the sort key, both inclusive.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) order: Order,
}

/// Rows of a page, and where the next one begins.
pub(super) struct Found {
    pub(super) rows: Vec<Position>,
    pub(super) next: Option<Position>,
}

/// A statement with its values.
pub(super) type Query = (String, Vec<Value>);

impl Range {
    /// What reads the range from a position on: the rest of that very moment, then all other moments. As one
    /// comparison of both, SQLite would walk over all that share the moment, which a large run does.
    pub(super) fn queries(&self, columns: &str, after: Option<Position>, limit: usize) -> Vec<Query> {
        let (than, direction) = match self.order {
            Order::Ascending => (">", "ASC"),
            Order::Descending => ("<", "DESC"),
        };
        let sort = self.sort;
        let query = |condition: &str, bounds: [i64; 2]| {
            let prefix: String = self.prefix.iter().map(|(column, _)| format!("{column} = ? AND ")).collect();
            let sql = format!(
                "SELECT {sort} AS at, key{columns} FROM {} INDEXED BY {} WHERE {prefix}{condition}
                 ORDER BY {sort} {direction}, key {direction} LIMIT ?",
                self.table, self.index
            );
            let values = self.prefix.iter().map(|(_, value)| *value).chain(bounds).chain([limit as i64]);
            (sql, values.map(Value::from).collect())
        };
        let others = format!("{sort} >= ? AND {sort} <= ?");
        let Some(after) = after else { return vec![query(&others, [self.from, self.to])] };
        let (at, key) = (after.at.stored(), after.row.stored());
        let rest = match self.order {
            Order::Ascending => [self.from.max(at.saturating_add(1)), self.to],
            Order::Descending => [self.from, self.to.min(at - 1)],
        };
        let same = (self.from..=self.to).contains(&at);
        let same = same.then(|| query(&format!("{sort} = ? AND key {than} ?"), [at, key]));
        same.into_iter().chain([query(&others, rest)]).collect()
    }
}

/// The rows of a page of ranges in which everything fits.
pub(super) fn merged(connection: &Connection, ranges: &[Range], order: Order, page: &Page) -> Result<Found> {
    let wanted = page.limit as usize + 1;
    let mut rows = Vec::new();
    for range in ranges {
        let mut found: Vec<Position> = Vec::new();
        for (sql, values) in range.queries("", page.after, wanted) {
            if found.len() < wanted {
                let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
                let more = statement.query_map(params_from_iter(values), position).map_err(internal)?;
                found.append(&mut more.collect::<rusqlite::Result<_>>().map_err(internal)?);
            }
        }
        rows.append(&mut found);
    }
    rows.sort_by_key(|position| (position.at, position.row));
    if order == Order::Descending {
        rows.reverse();
    }
    Ok(cut(rows, page))
}

/// The rows of a page of a range of which only some fit.
pub(super) fn walked(
    connection: &Connection,
    range: &Range,
    columns: &str,
    page: &Page,
    fits: impl Fn(&Row<'_>) -> rusqlite::Result<bool>,
) -> Result<Found> {
    let mut walk = Walk::default();
    for (sql, values) in range.queries(columns, page.after, WALK_MAX) {
        let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(internal)?;
        if walk.over(&mut rows, page, &fits)? {
            break;
        }
    }
    Ok(walk.end(page))
}

/// A walk over rows of which only some fit.
#[derive(Default)]
pub(super) struct Walk {
    rows: Vec<Position>,
    seen: usize,
    last: Option<Position>,
}

impl Walk {
    /// Walks over some rows. Says whether it has enough, or has looked at as many as it may.
    pub(super) fn over(
        &mut self,
        rows: &mut Rows<'_>,
        page: &Page,
        fits: impl Fn(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<bool> {
        while let Some(row) = rows.next().map_err(internal)? {
            let position = position(row).map_err(internal)?;
            (self.seen, self.last) = (self.seen + 1, Some(position));
            if fits(row).map_err(internal)? {
                self.rows.push(position);
            }
            if self.rows.len() > page.limit as usize || self.seen == WALK_MAX {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What it found. Where it looked at as many as it may, the next page goes on there.
    pub(super) fn end(self, page: &Page) -> Found {
        if self.rows.len() <= page.limit as usize && self.seen == WALK_MAX {
            return Found { rows: self.rows, next: self.last };
        }
        cut(self.rows, page)
    }
}

fn position(row: &Row<'_>) -> rusqlite::Result<Position> {
    Ok(Position { at: row.millis("at")?, row: row.unsigned("key")? })
}

fn cut(mut rows: Vec<Position>, page: &Page) -> Found {
    let more = rows.len() > page.limit as usize;
    rows.truncate(page.limit as usize);
    let next = rows.last().copied().filter(|_| more);
    Found { rows, next }
}

/// Bounds of dates that may be left open.
pub(super) fn bounds(from: Option<Millis>, to: Option<Millis>) -> (i64, i64) {
    (from.map_or(0, Stored::stored), to.map_or(i64::MAX, Stored::stored))
}

/// The account's key, if it is there.
pub(super) fn account_key(connection: &Connection, account: AccountId) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT key FROM accounts WHERE id = ?").map_err(internal)?;
    select.query_row([account.to_bytes()], |row| row.get(0)).optional().map_err(internal)
}
