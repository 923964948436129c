//! Pages of lists: how many, from where, in which order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::time::Millis;
use crate::error::{Error, Result};

/// Items of a page at most.
pub const PAGE_MAX: u32 = 100;
/// Items of a page where none are asked for.
pub const PAGE_DEFAULT: u32 = 20;

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}

/// What a list is sorted by; the store's own row number breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// When it was made.
    #[default]
    CreatedAt,
    /// When it changed last.
    UpdatedAt,
}

/// Where a page ended: the sort key and the row of its last item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last item's sort key.
    pub at: Millis,
    /// The last item's row.
    pub row: u64,
}

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many items, 1 to [`PAGE_MAX`].
    pub limit: u32,
    /// After which item.
    pub after: Option<Position>,
}

/// Items, and where the next page begins if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// The last item's position, if more follow.
    pub next: Option<Position>,
}

impl<T> Listed<T> {
    /// Cuts rows that were read with one more than the page holds.
    pub fn cut(mut rows: Vec<(Position, T)>, page: &Page) -> Self {
        let more = rows.len() > page.limit as usize;
        rows.truncate(page.limit as usize);
        let next = rows.last().filter(|_| more).map(|(position, _)| *position);
        Self { items: rows.into_iter().map(|(_, item)| item).collect(), next }
    }
}

/// The opaque text of a position: it carries a fingerprint of the filters that it was made under.
pub fn encode_cursor(position: Position, filters: &str) -> String {
    let text = format!("{}.{}.{:016x}", position.at.0, position.row, fingerprint(filters));
    STANDARD.encode(text)
}

/// Reads a position back.
///
/// # Errors
/// If it is no cursor, or was made under other filters.
pub fn decode_cursor(cursor: &str, filters: &str) -> Result<Position> {
    let field = "lastEvaluatedKey";
    let invalid = || Error::invalid("lastEvaluatedKey is not one that this server gave out").field(field);
    let text =
        STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let mut parts = text.split('.');
    let (at, row, print) = (parts.next(), parts.next(), parts.next());
    let (Some(at), Some(row), Some(print), None) = (at, row, print, parts.next()) else {
        return Err(invalid());
    };
    let (Ok(at), Ok(row)) = (at.parse(), row.parse()) else { return Err(invalid()) };
    if row > i64::MAX as u64 || at > i64::MAX as u64 {
        return Err(invalid());
    }
    if print != format!("{:016x}", fingerprint(filters)) {
        return Err(Error::invalid("lastEvaluatedKey belongs to a list with other filters").field(field));
    }
    Ok(Position { at: Millis(at), row })
}

/// FNV-1a: the same in every process and version, which std's hasher does not promise.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_only_under_its_own_filters() {
        let position = Position { at: Millis(17), row: 4 };
        let cursor = encode_cursor(position, "status=FAILED");
        assert_eq!(decode_cursor(&cursor, "status=FAILED").expect("its own"), position);
        assert!(decode_cursor(&cursor, "").is_err());
        assert!(decode_cursor("AAAA", "").is_err());
        assert!(decode_cursor("%%%", "").is_err());
    }
}
