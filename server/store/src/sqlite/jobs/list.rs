//! Which jobs a page of a list has.

use rusqlite::{Connection, OptionalExtension, Row};
use skep_domain::Result;
use skep_domain::model::id::{AccountId, RunId};
use skep_domain::model::job::{Job, ResultType, Status};
use skep_domain::model::page::{Listed, Order, Page, SortBy};
use skep_domain::port::store::JobFilter;

use super::read;
use crate::sqlite::lists::{self, Found, Range, Walk};
use crate::sqlite::rows::Stored;
use crate::sqlite::{functions, internal};

/// What a walk looks at beside the sort key.
pub(in crate::sqlite) const WALKED: &str = ", created_at, status, result_type, function";

/// Jobs of a run that are sorted for a page at most; a larger one is walked over.
const SORTED_MAX: i64 = 20_000;

/// Which kinds of result a job in a status can have.
const fn results(status: Status) -> &'static [ResultType] {
    match status {
        Status::Queued | Status::Running | Status::Retrying => &[ResultType::None],
        Status::Succeeded => &[ResultType::None, ResultType::Json, ResultType::Text],
        Status::Failed | Status::TimedOut => &[ResultType::Error],
        Status::Cancelled => &[ResultType::None, ResultType::Error],
    }
}

/// How a list is read.
pub(in crate::sqlite) enum Path {
    /// All that lies in these ranges fits.
    Ranges(Vec<Range>),
    /// What lies in this range may not fit.
    Walk(Range),
}

/// Bytes of arguments and results of a page, which ends with the job that goes past it.
const PAGE_BYTES_MAX: usize = 8 << 20;

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &JobFilter,
    page: &Page,
) -> Result<Listed<Job>> {
    let nothing = Ok(Listed { items: Vec::new(), next: None });
    let Some(account) = lists::account_key(connection, account)? else { return nothing };
    let function = match &filter.job_type {
        None => None,
        Some(name) => match functions::key_by_name(connection, account, name)? {
            Some(function) => Some(function),
            None => return nothing,
        },
    };
    let found = match filter.run {
        Some(run) => match keys_of(connection, account, run)? {
            None => return nothing,
            Some((first, end)) if filter.sort_by == SortBy::UpdatedAt && end - first > SORTED_MAX => {
                let range = by_update(account, filter.order);
                lists::walked(connection, &range, WALKED, page, |row| {
                    Ok((first..end).contains(&row.get("key")?) && fits(row, function, filter)?)
                })?
            }
            Some(keys) => of_run(connection, keys, function, filter, page)?,
        },
        None => match path(account, function, filter) {
            Path::Ranges(ranges) => lists::merged(connection, &ranges, filter.order, page)?,
            Path::Walk(range) => {
                lists::walked(connection, &range, WALKED, page, |row| fits(row, function, filter))?
            }
        },
    };
    let mut listed = Listed { items: Vec::new(), next: found.next };
    let mut bytes = 0;
    for position in &found.rows {
        let Some(job) = read::by_key(connection, position.row.stored())? else { continue };
        bytes += job.bytes();
        listed.items.push(job);
        if bytes >= PAGE_BYTES_MAX && found.rows.last() != Some(position) {
            listed.next = Some(*position);
            break;
        }
    }
    Ok(listed)
}

/// The way to the jobs of an account, through the index that fits best.
pub(in crate::sqlite) fn path(account: i64, function: Option<i64>, filter: &JobFilter) -> Path {
    let (from, to) = lists::bounds(filter.date_from, filter.date_to);
    let is_by_end = filter.status.is_some() || filter.result_type.is_some();
    let range = |index, prefix, sort, (from, to)| Range {
        table: "jobs",
        index,
        prefix,
        sort,
        from,
        to,
        order: filter.order,
    };
    match (filter.sort_by, function) {
        (SortBy::UpdatedAt, _) => {
            let range = by_update(account, filter.order);
            let is_dated = filter.date_from.is_some() || filter.date_to.is_some();
            match is_by_end || is_dated || function.is_some() {
                true => Path::Walk(range),
                false => Path::Ranges(vec![range]),
            }
        }
        (SortBy::CreatedAt, Some(function)) => {
            let range = range("jobs_function", vec![("function", function)], "created_at", (from, to));
            if is_by_end { Path::Walk(range) } else { Path::Ranges(vec![range]) }
        }
        (SortBy::CreatedAt, None) if is_by_end => {
            let end = |(status, result): (Status, ResultType)| {
                let (status, result) = (i64::from(status.number()), i64::from(result.number()));
                let prefix = vec![("account", account), ("status", status), ("result_type", result)];
                range("jobs_status", prefix, "created_at", (from, to))
            };
            Path::Ranges(ends(filter).map(end).collect())
        }
        (SortBy::CreatedAt, None) => {
            Path::Ranges(vec![range("jobs_created", vec![("account", account)], "created_at", (from, to))])
        }
    }
}

/// All jobs of an account, by when they changed last.
fn by_update(account: i64, order: Order) -> Range {
    let (index, sort) = ("jobs_updated", "updated_at");
    Range { table: "jobs", index, prefix: vec![("account", account)], sort, from: 0, to: i64::MAX, order }
}

/// The pairs of status and kind of result that a filter lets through.
fn ends(filter: &JobFilter) -> impl Iterator<Item = (Status, ResultType)> {
    let (status, result) = (filter.status, filter.result_type);
    let pairs =
        Status::ALL.iter().flat_map(|status| results(*status).iter().map(|result| (*status, *result)));
    pairs.filter(move |pair| {
        status.is_none_or(|status| status == pair.0) && result.is_none_or(|result| result == pair.1)
    })
}

fn fits(row: &Row<'_>, function: Option<i64>, filter: &JobFilter) -> rusqlite::Result<bool> {
    let (from, to) = lists::bounds(filter.date_from, filter.date_to);
    let created_at: i64 = row.get("created_at")?;
    let (status, result): (u8, u8) = (row.get("status")?, row.get("result_type")?);
    let of: i64 = row.get("function")?;
    Ok((from..=to).contains(&created_at)
        && function.is_none_or(|function| function == of)
        && filter.status.is_none_or(|wanted| wanted.number() == status)
        && filter.result_type.is_none_or(|wanted| wanted.number() == result))
}

/// The keys of a run's jobs, the last one exclusive.
fn keys_of(connection: &Connection, account: i64, run: RunId) -> Result<Option<(i64, i64)>> {
    const SQL: &str =
        "SELECT first_job, first_job + queued + running + retrying + succeeded + failed + timed_out
        + cancelled FROM runs WHERE id = ? AND account = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let keys =
        select.query_row(rusqlite::params![run.to_bytes(), account], |row| Ok((row.get(0)?, row.get(1)?)));
    keys.optional().map_err(internal)
}

/// A run's jobs lie together, in the order of their making. To sort them differently they are all looked
/// at.
fn of_run(
    connection: &Connection,
    (first, end): (i64, i64),
    function: Option<i64>,
    filter: &JobFilter,
    page: &Page,
) -> Result<Found> {
    let sort = match filter.sort_by {
        SortBy::CreatedAt => "created_at",
        SortBy::UpdatedAt => "updated_at",
    };
    let (than, direction) = match filter.order {
        Order::Ascending => (">", ""),
        Order::Descending => ("<", "DESC"),
    };
    let after = page.after.map(|after| (after.at.stored(), after.row.stored()));
    // In one run the order of keys is that of their making: then they need no sorting.
    let (condition, order) = match filter.sort_by {
        SortBy::CreatedAt => (format!("key {than} ?4 AND ?3 IS NOT NULL"), format!("key {direction}")),
        SortBy::UpdatedAt => {
            (format!("(updated_at, key) {than} (?3, ?4)"), format!("updated_at {direction}, key {direction}"))
        }
    };
    let edge = match filter.order {
        Order::Ascending => (-1, -1),
        Order::Descending => (i64::MAX, i64::MAX),
    };
    let (at, key) = after.unwrap_or(edge);
    let sql = format!(
        "SELECT {sort} AS at, key{WALKED} FROM jobs WHERE key >= ?1 AND key < ?2 AND {condition} ORDER BY {order}"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let mut rows = select.query([first, end, at, key]).map_err(internal)?;
    let mut walk = Walk::default();
    walk.over(&mut rows, page, |row| fits(row, function, filter))?;
    Ok(walk.end(page))
}
