//! Columns to domain types and back.

use rusqlite::types::{FromSqlError, Type, ValueRef};
use rusqlite::{Row, RowIndex};
use serde_json::Value;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::{DeviceUsage, Usage};

/// What has one stored form.
pub(super) trait Stored {
    fn stored(self) -> i64;
}

impl Stored for Millis {
    fn stored(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

/// Numbers past what SQLite holds are kept at its largest.
impl Stored for u64 {
    fn stored(self) -> i64 {
        i64::try_from(self).unwrap_or(i64::MAX)
    }
}

/// Readers of typed columns.
pub(super) trait RowExt {
    fn millis(&self, column: impl RowIndex) -> rusqlite::Result<Millis>;
    fn maybe_millis(&self, column: impl RowIndex) -> rusqlite::Result<Option<Millis>>;
    fn unsigned(&self, column: impl RowIndex) -> rusqlite::Result<u64>;
    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> rusqlite::Result<T>;
}

impl RowExt for Row<'_> {
    fn millis(&self, column: impl RowIndex) -> rusqlite::Result<Millis> {
        self.unsigned(column).map(Millis)
    }

    fn maybe_millis(&self, column: impl RowIndex) -> rusqlite::Result<Option<Millis>> {
        Ok(self.get::<_, Option<i64>>(column)?.map(|at| Millis(at.unsigned_abs())))
    }

    fn unsigned(&self, column: impl RowIndex) -> rusqlite::Result<u64> {
        Ok(self.get::<_, i64>(column)?.unsigned_abs())
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> rusqlite::Result<T> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
    }
}

/// What was used: the same columns in attempts, runs and the ledger.
pub(super) fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        cpu_nanos: row.unsigned("cpu_nanos")?,
        wall_nanos: row.unsigned("wall_nanos")?,
        memory_peak_bytes: row.unsigned("memory_peak_bytes")?,
        memory_byte_seconds: row.unsigned("memory_byte_seconds")?,
        egress_bytes: row.unsigned("egress_bytes")?,
        device_nanos: row.unsigned("device_nanos")?,
        log_bytes: row.unsigned("log_bytes")?,
    })
}

/// A stored number that means nothing.
pub(super) fn corrupt(what: &'static str) -> rusqlite::Error {
    let error = FromSqlError::Other(format!("a stored {what} means nothing").into());
    rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, error.into())
}

/// A value as stored JSON. Our own types always have one.
/// What inference took of each device; nothing is written for none.
pub(super) fn devices(row: &Row<'_>) -> rusqlite::Result<Vec<DeviceUsage>> {
    let has_any = row.get_ref("devices")? != ValueRef::Null;
    if has_any { row.json("devices") } else { Ok(Vec::new()) }
}

pub(super) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap_or(Value::Null).to_string()
}
