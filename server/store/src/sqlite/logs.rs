//! Logs: lines in blocks, a row a block.

use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::Result;
use skep_domain::model::log::{Entry, Line, Start, Stream};
use skep_domain::model::time::Millis;

use super::internal;
use super::rows::{RowExt, Stored, corrupt, to_json};

/// Lines of a block at most.
const BLOCK_LINES: usize = 1000;

/// Appends lines to a job's log.
pub(super) fn append(connection: &Connection, job: i64, attempt: u32, lines: &[Line]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    const LAST: &str = "SELECT first_seq + count FROM logs WHERE job = ? ORDER BY first_seq DESC LIMIT 1";
    let next: Option<i64> = connection
        .prepare_cached(LAST)
        .and_then(|mut select| select.query_row([job], |row| row.get(0)).optional())
        .map_err(internal)?;
    insert(connection, job, next.unwrap_or(0), attempt, lines)
}

/// Writes the first lines of a job that was just made.
pub(super) fn begin(connection: &Connection, job: i64, attempt: u32, lines: &[Line]) -> Result<()> {
    if lines.is_empty() { Ok(()) } else { insert(connection, job, 0, attempt, lines) }
}

fn insert(connection: &Connection, job: i64, mut seq: i64, attempt: u32, lines: &[Line]) -> Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO logs (job, first_seq, count, attempt, lines) VALUES (?, ?, ?, ?, ?)")
        .map_err(internal)?;
    for block in lines.chunks(BLOCK_LINES) {
        let stored: Vec<(u8, i64, &str)> =
            block.iter().map(|line| (number(line.stream), line.at.stored(), line.text.as_str())).collect();
        insert.execute(params![job, seq, block.len() as i64, attempt, to_json(&stored)]).map_err(internal)?;
        seq += block.len() as i64;
    }
    Ok(())
}

/// A job's entries from somewhere on.
pub(super) fn list(connection: &Connection, job: i64, from: Start, limit: u32) -> Result<Vec<Entry>> {
    const SQL: &str = "SELECT first_seq, attempt, lines FROM logs
        WHERE job = ? AND first_seq + count > ? AND attempt >= ? ORDER BY first_seq";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let blocks = select.query_map(params![job, from.seq.stored(), from.attempt], |row| {
        let lines: Vec<(u8, u64, String)> = row.json("lines")?;
        Ok((row.unsigned("first_seq")?, row.get::<_, u32>("attempt")?, lines))
    });
    let mut entries = Vec::new();
    for block in blocks.map_err(internal)? {
        let (first_seq, attempt, lines) = block.map_err(internal)?;
        for (seq, (stream, at, text)) in (first_seq..).zip(lines) {
            if entries.len() == limit as usize {
                return Ok(entries);
            }
            if seq >= from.seq {
                let line = Line { stream: stream_of(stream).map_err(internal)?, at: Millis(at), text };
                entries.push(Entry { seq, attempt, line });
            }
        }
    }
    Ok(entries)
}

/// How many lines a job's log has.
pub(super) fn length(connection: &Connection, job: i64) -> Result<u64> {
    const SQL: &str = "SELECT first_seq + count FROM logs WHERE job = ? ORDER BY first_seq DESC LIMIT 1";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let length = select.query_row([job], |row| row.unsigned(0)).optional().map_err(internal)?;
    Ok(length.unwrap_or(0))
}

/// The beginning of a job's log, as text.
pub(super) fn text(connection: &Connection, job: i64, bytes_max: usize) -> Result<String> {
    let mut text = String::new();
    let entries = list(connection, job, Start::default(), BLOCK_LINES as u32 + 1)?;
    for (number, entry) in entries.iter().enumerate() {
        if number == BLOCK_LINES || text.len() + entry.line.text.len() > bytes_max {
            text.push_str("[cut: the job's own log has more]\n");
            break;
        }
        text.push_str(&entry.line.text);
        text.push('\n');
    }
    Ok(text)
}

fn number(stream: Stream) -> u8 {
    match stream {
        Stream::Stdout => 1,
        Stream::Stderr => 2,
        Stream::Host => 3,
    }
}

fn stream_of(number: u8) -> rusqlite::Result<Stream> {
    match number {
        1 => Ok(Stream::Stdout),
        2 => Ok(Stream::Stderr),
        3 => Ok(Stream::Host),
        _ => Err(corrupt("stream")),
    }
}
