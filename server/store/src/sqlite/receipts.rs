//! Receipts of requests that are done once.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::model::id::{JobId, Sha256};
use skep_domain::model::receipt::{Kept, Receipt, RequestName};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Receipts, Written};
use skep_domain::{Error, Result};

use super::rows::{RowExt, Stored, corrupt};
use super::{SqliteStore, internal};

/// Receipts that one purge forgets at most.
const PURGED_MAX: u32 = 1000;
/// The status of a receipt whose answer is the id of a job.
const JOB: u16 = 0;

#[async_trait]
impl Receipts for SqliteStore {
    async fn receipt_find(&self, request: &RequestName) -> Result<Option<Receipt>> {
        let request = request.clone();
        self.read(move |connection| find(connection, &request)).await
    }

    async fn receipt_purge(&self, before: Millis) -> Result<usize> {
        // Nearly always there is none: that costs no commit.
        let any = self.read(move |connection| {
            const SQL: &str = "SELECT EXISTS (SELECT 1 FROM receipts WHERE at < ?)";
            connection.query_row(SQL, [before.stored()], |row| row.get::<_, bool>(0)).map_err(internal)
        });
        if !any.await? {
            return Ok(0);
        }
        self.write(move |connection| {
            const SQL: &str = "DELETE FROM receipts WHERE (account, route, key) IN
                (SELECT account, route, key FROM receipts WHERE at < ? LIMIT ?)";
            connection.execute(SQL, params![before.stored(), PURGED_MAX]).map_err(internal)
        })
        .await
    }
}

/// Writes a receipt, unless the request has one: then that is what answers it.
pub(super) fn write(connection: &Connection, receipt: Option<&Receipt>) -> Result<Written> {
    let Some(receipt) = receipt else { return Ok(Written::Now) };
    if let Some(before) = find(connection, &receipt.request)? {
        return Ok(Written::Before(before));
    }
    let (status, answer) = match &receipt.kept {
        Kept::Sealed { status, body } => (*status, body.clone()),
        Kept::Job(job) => (JOB, job.to_bytes().to_vec()),
    };
    let RequestName { account, route, key } = &receipt.request;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO receipts (account, route, key, body, status, answer, at)
             SELECT key, ?, ?, ?, ?, ?, ? FROM accounts WHERE id = ?",
        )
        .and_then(|mut insert| {
            let (body, at) = (receipt.body.0, receipt.at.stored());
            insert.execute(params![route, key, body, status, answer, at, account.to_bytes()])
        })
        .map_err(internal)?;
    if inserted == 1 { Ok(Written::Now) } else { Err(Error::not_found("account")) }
}

fn find(connection: &Connection, request: &RequestName) -> Result<Option<Receipt>> {
    const SQL: &str = "SELECT body, status, answer, at FROM receipts
        WHERE account = (SELECT key FROM accounts WHERE id = ?) AND route = ? AND key = ?";
    let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
    let values = params![request.account.to_bytes(), request.route, request.key];
    let found = statement.query_row(values, |row| {
        let (status, answer): (u16, Vec<u8>) = (row.get("status")?, row.get("answer")?);
        let kept = match (status, <[u8; 16]>::try_from(answer.as_slice())) {
            (JOB, Ok(id)) => Kept::Job(JobId::from_bytes(id)),
            (JOB, Err(_)) => return Err(corrupt("receipt")),
            _ => Kept::Sealed { status, body: answer },
        };
        let body = Sha256(row.get("body")?);
        Ok(Receipt { request: request.clone(), body, kept, at: row.millis("at")? })
    });
    found.optional().map_err(internal)
}
