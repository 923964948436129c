//! Jobs of a run in the order in which their ends were written: what a stream of events reads.

use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::Result;
use skep_domain::model::id::{AccountId, JobId, RunId};
use skep_domain::model::job::{Ended, ResultType, Status};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::run::Place;

use super::rows::{RowExt, Stored, corrupt};
use super::{internal, runs};

/// Notes that jobs of a run ended, by their places in the run.
pub(super) fn append(connection: &Connection, run: i64, first_job: i64, jobs: &[i64]) -> Result<()> {
    let places: Vec<u8> = jobs.iter().flat_map(|job| ((job - first_job) as u32).to_le_bytes()).collect();
    const SQL: &str = "INSERT INTO run_events (run, seq, jobs)
        SELECT ?1, coalesce(max(seq), 0) + 1, ?2 FROM run_events WHERE run = ?1";
    let mut insert = connection.prepare_cached(SQL).map_err(internal)?;
    insert.execute(params![run, places]).map(drop).map_err(internal)
}

/// Jobs that ended after a place in that order; a job that ended again after a restart is there again.
pub(super) fn ended(
    connection: &Connection,
    account: AccountId,
    id: RunId,
    after: Place,
    limit: u32,
) -> Result<Option<Vec<Ended>>> {
    let Some(run) = runs::visible(connection, account, id)? else { return Ok(None) };
    const EVENTS: &str = "SELECT seq, jobs FROM run_events WHERE run = ? AND seq >= ? ORDER BY seq";
    let mut events = connection.prepare_cached(EVENTS).map_err(internal)?;
    let mut blocks = events.query(params![run, after.seq.stored()]).map_err(internal)?;
    let mut found = Vec::new();
    while let Some(block) = blocks.next().map_err(internal)? {
        let seq = block.unsigned("seq").map_err(internal)?;
        let places: Vec<u8> = block.get("jobs").map_err(internal)?;
        let seen = if seq == after.seq { after.seen as usize } else { 0 };
        for (offset, place) in places.chunks_exact(4).enumerate().skip(seen) {
            let index = u32::from_le_bytes([place[0], place[1], place[2], place[3]]);
            let place = Place { seq, seen: offset as u32 + 1 };
            found.extend(end_of(connection, run, index, place, "TRUE")?);
            if found.len() == limit as usize {
                return Ok(Some(found));
            }
        }
    }
    // A call that was over in a moment is written without its event: its job is all that there is.
    if found.is_empty() && after == Place::default() {
        let place = Place { seq: 1, seen: 1 };
        found.extend(end_of(connection, run, 0, place, "r.source = 2 AND r.completed_at IS NOT NULL")?);
    }
    Ok(Some(found))
}

/// How a job of a run ended, where the condition holds.
fn end_of(
    connection: &Connection,
    run: i64,
    index: u32,
    place: Place,
    condition: &str,
) -> Result<Option<Ended>> {
    let sql = format!(
        "SELECT j.id, j.status, j.result_type, j.attempts, j.cost, j.completed_at
         FROM runs r JOIN jobs j ON j.key = r.first_job + ? WHERE r.key = ? AND {condition}"
    );
    let mut job = connection.prepare_cached(&sql).map_err(internal)?;
    let ended = job.query_row(params![index, run], |row| {
        let (status, result): (u8, u8) = (row.get("status")?, row.get("result_type")?);
        Ok(Ended {
            place,
            id: JobId::from_bytes(row.get("id")?),
            index,
            status: Status::from_number(status).ok_or_else(|| corrupt("status"))?,
            result_type: ResultType::from_number(result).ok_or_else(|| corrupt("result type"))?,
            attempts: row.get("attempts")?,
            cost: Nanodollars(row.unsigned("cost")?),
            completed_at: row.maybe_millis("completed_at")?,
        })
    });
    ended.optional().map_err(internal)
}
