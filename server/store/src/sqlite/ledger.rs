//! What accounts used and were charged: a line for each day and function.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::Result;
use skep_domain::model::id::{AccountId, RunId};
use skep_domain::model::money::{Line, Nanodollars, Picodollars};
use skep_domain::model::page::{Listed, Order, Page, Position};
use skep_domain::model::price::Price;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::{About, By, DAY_MS, Reported, Totals, Usage};
use skep_domain::port::store::{Ledger, Metered, UsageFilter};

use super::rows::{self, RowExt, Stored};
use super::{SqliteStore, internal, lists};

/// Which line an attempt is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct On {
    pub(super) account: i64,
    pub(super) function: i64,
    pub(super) day: i64,
}

impl On {
    pub(super) fn new(account: i64, function: i64, at: Millis) -> Self {
        Self { account, function, day: (at.0 / DAY_MS) as i64 }
    }
}

/// Lines that a transaction adds to: each is read once and written once.
#[derive(Default)]
pub(super) struct Lines {
    touched: HashMap<On, (Line, Totals)>,
}

impl Lines {
    /// Charges an attempt and adds what it used.
    pub(super) fn charge(
        &mut self,
        connection: &Connection,
        on: On,
        usage: &Usage,
        price: Price,
    ) -> Result<Nanodollars> {
        let (line, totals) = self.line(connection, on)?;
        let cost = line.charge(price.amount);
        totals.add(usage, cost);
        Ok(cost)
    }

    /// Charges and adds what several attempts used together.
    fn add(&mut self, connection: &Connection, on: On, metered: &Metered) -> Result<()> {
        let (line, totals) = self.line(connection, on)?;
        let cost = line.charge(metered.amount);
        totals.join(&Totals { cost, ..metered.totals });
        Ok(())
    }

    fn line(&mut self, connection: &Connection, on: On) -> Result<&mut (Line, Totals)> {
        Ok(match self.touched.entry(on) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert((read(connection, on)?, Totals::default())),
        })
    }

    /// Writes the lines.
    pub(super) fn write(self, connection: &Connection) -> Result<()> {
        const SQL: &str = "INSERT INTO ledger (account, day, function, name, attempts, cpu_nanos, wall_nanos,
                memory_peak_bytes, memory_byte_seconds, egress_bytes, device_nanos, log_bytes, cost, ahead)
            SELECT ?1, ?2, ?3, name, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 FROM functions WHERE key = ?3
            ON CONFLICT DO UPDATE SET attempts = attempts + ?4, cpu_nanos = cpu_nanos + ?5,
                wall_nanos = wall_nanos + ?6, memory_peak_bytes = max(memory_peak_bytes, ?7),
                memory_byte_seconds = memory_byte_seconds + ?8, egress_bytes = egress_bytes + ?9,
                device_nanos = device_nanos + ?10, log_bytes = log_bytes + ?11, cost = cost + ?12, ahead = ?13";
        let mut upsert = connection.prepare_cached(SQL).map_err(internal)?;
        for (on, (line, totals)) in self.touched {
            let [attempts, cpu, wall, peak, memory, egress, device, log, cost] = columns(&totals);
            let ahead = line.ahead.0.stored();
            upsert
                .execute(params![
                    on.account,
                    on.day,
                    on.function,
                    attempts,
                    cpu,
                    wall,
                    peak,
                    memory,
                    egress,
                    device,
                    log,
                    cost,
                    ahead
                ])
                .map_err(internal)?;
        }
        Ok(())
    }
}

/// Totals in the order of their columns, in the ledger and in runs.
pub(super) fn columns(totals: &Totals) -> [i64; 9] {
    let usage = &totals.usage;
    [
        totals.attempts,
        usage.cpu_nanos,
        usage.wall_nanos,
        usage.memory_peak_bytes,
        usage.memory_byte_seconds,
        usage.egress_bytes,
        usage.device_nanos,
        usage.log_bytes,
        totals.cost.0,
    ]
    .map(Stored::stored)
}

fn read(connection: &Connection, on: On) -> Result<Line> {
    const SQL: &str = "SELECT cost, ahead FROM ledger WHERE account = ? AND day = ? AND function = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let line = select.query_row([on.account, on.day, on.function], |row| {
        let charged = Nanodollars(row.unsigned("cost")?);
        Ok(Line { charged, ahead: Picodollars(row.unsigned("ahead")?) })
    });
    line.optional().map(Option::unwrap_or_default).map_err(internal)
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn usage_list(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: Page,
    ) -> Result<Listed<Reported>> {
        self.read(move |connection| {
            let Some(account) = lists::account_key(connection, account)? else {
                return Ok(Listed { items: Vec::new(), next: None });
            };
            match filter.by {
                By::Day => by_day(connection, account, &filter, &page),
                By::Function => by_function(connection, account, &filter, &page),
                By::Run => by_run(connection, account, &filter, &page),
            }
        })
        .await
    }

    async fn usage_add(&self, metered: Vec<Metered>) -> Result<()> {
        self.write(move |connection| {
            let mut lines = Lines::default();
            for metered in &metered {
                if let Some(on) = on(connection, metered)? {
                    lines.add(connection, on, metered)?;
                }
            }
            lines.write(connection)
        })
        .await
    }
}

/// Where what was used belongs, if its function is still there.
fn on(connection: &Connection, metered: &Metered) -> Result<Option<On>> {
    const SQL: &str = "SELECT a.key, f.key FROM accounts a JOIN functions f ON f.account = a.key WHERE a.id = ? AND f.id = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let keys = select.query_row([metered.account.to_bytes(), metered.function.to_bytes()], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let keys = keys.optional().map_err(internal)?;
    Ok(keys.map(|(account, function)| On::new(account, function, metered.at)))
}

const SUMS: &str = "sum(attempts) AS attempts, sum(cpu_nanos) AS cpu_nanos, sum(wall_nanos) AS wall_nanos,
    max(memory_peak_bytes) AS memory_peak_bytes, sum(memory_byte_seconds) AS memory_byte_seconds,
    sum(egress_bytes) AS egress_bytes, sum(device_nanos) AS device_nanos, sum(log_bytes) AS log_bytes,
    sum(cost) AS cost";

fn days(filter: &UsageFilter) -> [i64; 2] {
    [filter.date_from, filter.date_to].map(|at| (at.0 / DAY_MS) as i64)
}

fn by_day(
    connection: &Connection,
    account: i64,
    filter: &UsageFilter,
    page: &Page,
) -> Result<Listed<Reported>> {
    let sql = format!(
        "SELECT day AS line, {SUMS} FROM ledger WHERE account = ? AND day BETWEEN ? AND ? AND day < ?
         GROUP BY day ORDER BY day DESC LIMIT ?"
    );
    let before = page.after.map_or(i64::MAX, |position| position.row.stored());
    let about = |row: &Row<'_>| Ok(About::Day(Millis(row.unsigned("line")? * DAY_MS)));
    grouped(connection, &sql, account, filter, before, page, about)
}

fn by_function(
    connection: &Connection,
    account: i64,
    filter: &UsageFilter,
    page: &Page,
) -> Result<Listed<Reported>> {
    let sql = format!(
        "SELECT function AS line, max(name) AS name, {SUMS} FROM ledger
         WHERE account = ? AND day BETWEEN ? AND ? AND function > ? GROUP BY function ORDER BY function LIMIT ?"
    );
    let after = page.after.map_or(-1, |position| position.row.stored());
    let about = |row: &Row<'_>| Ok(About::Function(row.get("name")?));
    grouped(connection, &sql, account, filter, after, page, about)
}

fn grouped(
    connection: &Connection,
    sql: &str,
    account: i64,
    filter: &UsageFilter,
    edge: i64,
    page: &Page,
    about: impl Fn(&Row<'_>) -> rusqlite::Result<About>,
) -> Result<Listed<Reported>> {
    let [from, to] = days(filter);
    let mut select = connection.prepare_cached(sql).map_err(internal)?;
    let rows = select.query_map(params![account, from, to, edge, page.limit + 1], |row| {
        let position = Position { at: Millis(0), row: row.unsigned("line")? };
        Ok((position, Reported { about: about(row)?, totals: totals(row)? }))
    });
    let rows = rows.and_then(Iterator::collect).map_err(internal)?;
    Ok(Listed::cut(rows, page))
}

fn by_run(
    connection: &Connection,
    account: i64,
    filter: &UsageFilter,
    page: &Page,
) -> Result<Listed<Reported>> {
    let dates = (Some(filter.date_from), Some(filter.date_to));
    let ranges = super::runs::ranges(&[("account", account)], None, true, dates, Order::Descending);
    let found = lists::merged(connection, &ranges, Order::Descending, page)?;
    const SQL: &str = "SELECT id, attempts, cpu_nanos, wall_nanos, memory_peak_bytes, memory_byte_seconds,
        egress_bytes, device_nanos, log_bytes, cost FROM runs WHERE key = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let line = |row: &Row<'_>| {
        Ok(Reported { about: About::Run(RunId::from_bytes(row.get("id")?)), totals: totals(row)? })
    };
    // One may be purged in between.
    let items = found.rows.iter().map(|position| select.query_row([position.row.stored()], line).optional());
    let items = items.filter_map(Result::transpose).collect::<rusqlite::Result<_>>().map_err(internal)?;
    Ok(Listed { items, next: found.next })
}

fn totals(row: &Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals {
        attempts: row.unsigned("attempts")?,
        usage: rows::usage(row)?,
        cost: Nanodollars(row.unsigned("cost")?),
    })
}
