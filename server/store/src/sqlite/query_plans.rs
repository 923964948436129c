//! Every documented filter and sort, with the index that serves it, as SQLite itself plans it.

use rusqlite::{Connection, params_from_iter};
use skep_domain::model::job::{ResultType, Status};
use skep_domain::model::page::{Order, Position, SortBy};
use skep_domain::model::run::Source;
use skep_domain::model::time::Millis;
use skep_domain::port::store::JobFilter;

use super::jobs::list::{Path, WALKED, path};
use super::lists::{Range, WALK_MAX};
use super::{functions, migrations, runs};

const AFTER: Position = Position { at: Millis(5), row: 6 };

/// How SQLite reads a range: which index, with which columns. Sorting would be a line of its own.
fn plan(connection: &Connection, range: &Range, columns: &str) -> String {
    let mut plans: Vec<String> = Vec::new();
    for (sql, values) in range.queries(columns, Some(AFTER), WALK_MAX) {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("it is planned");
        let lines = explain.query_map(params_from_iter(values), |row| row.get::<_, String>("detail"));
        let lines: Vec<String> = lines.and_then(Iterator::collect).expect("a plan");
        plans.push(lines.join("; "));
    }
    plans.join(" + ")
}

fn jobs(connection: &Connection, filter: &JobFilter) -> String {
    let function = filter.job_type.as_ref().map(|_| 2);
    match path(1, function, filter) {
        Path::Walk(range) => format!("walk: {}", plan(connection, &range, WALKED)),
        Path::Ranges(ranges) => {
            let mut plans: Vec<String> = ranges.iter().map(|range| plan(connection, range, "")).collect();
            let count = plans.len();
            plans.dedup();
            format!("{count} × {}", plans.join(" | "))
        }
    }
}

#[test]
fn every_filter_and_sort_has_its_index() {
    let mut connection = Connection::open_in_memory().expect("a store");
    migrations::apply(&mut connection).expect("it is made");
    let mut lines = Vec::new();
    for sort_by in [SortBy::CreatedAt, SortBy::UpdatedAt] {
        for order in [Order::Ascending, Order::Descending] {
            for (name, status, result_type, job_type, date_from) in [
                ("", None, None, None, None),
                ("dates", None, None, None, Some(Millis(3))),
                ("status", Some(Status::Succeeded), None, None, None),
                ("resultType", None, Some(ResultType::Error), None, None),
                ("status, resultType", Some(Status::Failed), Some(ResultType::Error), None, None),
                ("jobType", None, None, Some("f".to_owned()), None),
                ("jobType, status", Some(Status::Failed), None, Some("f".to_owned()), None),
            ] {
                let filter = JobFilter {
                    status,
                    result_type,
                    job_type,
                    date_from,
                    sort_by,
                    order,
                    ..JobFilter::default()
                };
                lines.push(format!("jobs by {sort_by:?} {order:?} [{name}]: {}", jobs(&connection, &filter)));
            }
        }
    }
    for (name, prefix) in [("", ("account", 1)), ("function", ("function", 2))] {
        for source in [None, Some(Source::Invoke)] {
            let ranges = runs::ranges(&[prefix], source, false, (None, None), Order::Descending);
            let plans: Vec<String> = ranges.iter().map(|range| plan(&connection, range, "")).collect();
            lines.push(format!("runs [{name}] {source:?}: {} × {}", plans.len(), plans[0]));
        }
    }
    lines.push(format!("functions: {}", plan(&connection, &functions::range(1), "")));
    for line in &lines {
        assert!(line.contains("USING INDEX") || line.contains("USING COVERING INDEX"), "{line}");
        assert!(!line.contains("TEMP B-TREE") && !line.contains("SCAN"), "{line}");
    }
    insta::assert_snapshot!(lines.join("\n"));
}
