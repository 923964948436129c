//! Jobs that are selected freely. SQLite chooses the index; how far it may go is bounded.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use skep_domain::Result;
use skep_domain::model::id::{AccountId, JobId};
use skep_domain::model::job::Status;
use skep_domain::model::page::Order;
use skep_domain::model::selection::{Brief, Condition, Key, Moment, Selected, Selection, Text};

use crate::sqlite::rows::{RowExt, Stored, corrupt};
use crate::sqlite::{bounded, lists};

/// Steps of SQLite's machine that a selection may take, in thousands: a second, and a million jobs.
const KILOSTEPS_MAX: u32 = 60_000;

/// Where a function has its models.
const HAS_MODEL: &str = "(json_array_length(f.settings, '$.grants.models') > 0)";

/// What is not deleted of an account's jobs.
const FROM: &str = "FROM jobs j JOIN runs r ON r.key = j.run AND r.account = j.account
    JOIN functions f ON f.key = j.function AND f.account = j.account WHERE j.account = ?1 AND ";

pub(super) fn select(connection: &Connection, account: AccountId, selection: &Selection) -> Result<Selected> {
    let Some(account) = lists::account_key(connection, account)? else {
        return Ok(Selected { jobs: Vec::new(), total: 0 });
    };
    let mut values = vec![Value::Integer(account)];
    let condition = sql(&selection.condition, &mut values);
    let count = format!("SELECT count(*) {FROM}{condition}");
    let page = format!(
        "SELECT j.id, f.name, {HAS_MODEL} AS has_model, j.status, j.created_at, j.updated_at, j.started_at, j.completed_at
         {FROM}{condition} ORDER BY {} LIMIT {} OFFSET {}",
        order(&selection.order),
        selection.limit,
        selection.offset.stored()
    );
    bounded::within(KILOSTEPS_MAX, || {
        // Both see the same jobs.
        let view = connection.unchecked_transaction()?;
        let total: i64 = view.query_row(&count, params_from_iter(&values), |row| row.get(0))?;
        let mut statement = view.prepare(&page)?;
        let jobs = statement.query_map(params_from_iter(&values), brief).and_then(Iterator::collect)?;
        Ok(Selected { jobs, total: total.unsigned_abs() })
    })
}

/// A condition in SQL, with its values in their order.
fn sql(condition: &Condition, values: &mut Vec<Value>) -> String {
    let mut joined = |conditions: &[Condition], word: &str, none: &str| {
        let parts: Vec<String> = conditions.iter().map(|condition| sql(condition, values)).collect();
        if parts.is_empty() { none.to_owned() } else { format!("({})", parts.join(word)) }
    };
    match condition {
        Condition::All(conditions) => joined(conditions, " AND ", "TRUE"),
        Condition::Any(conditions) => joined(conditions, " OR ", "FALSE"),
        Condition::Status(states) => {
            // Numbers of our own, which an index can be chosen by.
            let numbers: Vec<String> = states.iter().map(|status| status.number().to_string()).collect();
            format!("j.status IN ({})", numbers.join(", "))
        }
        Condition::Id(id) => of_id("=", *id, values),
        Condition::IdNot(id) => of_id("<>", *id, values),
        Condition::Name(text) => name(text, values),
        Condition::NameNot(text) => format!("NOT {}", name(text, values)),
        Condition::HasModel(has) => format!("{HAS_MODEL} = {has}"),
        Condition::Happened(moment, from, to) => {
            let [from, to] = [*from, *to].map(|at| bind(Value::Integer(at.stored()), values));
            format!("{} BETWEEN {from} AND {to}", column(*moment))
        }
        Condition::NotYet(moment) => format!("{} IS NULL", column(*moment)),
    }
}

fn of_id(comparison: &str, id: JobId, values: &mut Vec<Value>) -> String {
    let id = bind(Value::Blob(id.to_bytes().to_vec()), values);
    format!("j.id {comparison} {id}")
}

fn name(text: &Text, values: &mut Vec<Value>) -> String {
    let (Text::Is(this)
    | Text::Begins(this)
    | Text::Contains(this)
    | Text::Ends(this)
    | Text::Before(this)
    | Text::After(this)) = text;
    let value = bind(Value::Text(this.clone()), values);
    match text {
        Text::Is(_) => format!("(f.name = {value})"),
        Text::Begins(_) => format!("(substr(f.name, 1, length({value})) = {value})"),
        Text::Contains(_) => format!("(instr(lower(f.name), lower({value})) > 0)"),
        // From the end -0 is the whole text.
        Text::Ends(_) => format!("({value} = '' OR substr(f.name, -length({value})) = {value})"),
        Text::Before(_) => format!("(f.name < {value})"),
        Text::After(_) => format!("(f.name > {value})"),
    }
}

/// Keeps a value for the statement, and gives its place in it.
fn bind(value: Value, values: &mut Vec<Value>) -> String {
    values.push(value);
    format!("?{}", values.len())
}

fn order(keys: &[(Key, Order)]) -> String {
    let direction = |order| match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let mut parts: Vec<String> = Vec::new();
    for (key, order) in keys {
        let key = match key {
            Key::Name => "f.name",
            Key::Status => "j.status",
            Key::Moment(moment) => column(*moment),
        };
        parts.push(format!("{key} {}", direction(*order)));
    }
    parts.push("j.key DESC".to_owned());
    parts.join(", ")
}

fn column(moment: Moment) -> &'static str {
    match moment {
        Moment::Created => "j.created_at",
        Moment::Updated => "j.updated_at",
        Moment::Started => "j.started_at",
        Moment::Completed => "j.completed_at",
    }
}

fn brief(row: &Row<'_>) -> rusqlite::Result<Brief> {
    let status: u8 = row.get("status")?;
    Ok(Brief {
        id: JobId::from_bytes(row.get("id")?),
        job_type: row.get("name")?,
        has_model: row.get("has_model")?,
        status: Status::from_number(status).ok_or_else(|| corrupt("status"))?,
        created_at: row.millis("created_at")?,
        updated_at: row.millis("updated_at")?,
        started_at: row.maybe_millis("started_at")?,
        completed_at: row.maybe_millis("completed_at")?,
    })
}
