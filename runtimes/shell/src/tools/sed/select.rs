//! Whether an address of `sed` means a line.

use super::super::Failure;
use super::{Address, Pattern};

pub(super) fn matches(
    address: &Address,
    line: u64,
    is_last: bool,
    text: &[u8],
    last_pattern: &mut Option<regex::bytes::Regex>,
) -> Result<bool, Failure> {
    Ok(match address {
        Address::Line(number) => *number == line,
        Address::Last => is_last,
        Address::Step(first, 0) => *first == line,
        Address::Step(first, step) => line >= *first && (line - first).is_multiple_of(*step),
        Address::Matches(pattern) => regex(pattern, last_pattern)?.is_match(text),
        Address::Count(_) => false,
    })
}

/// The expression of a pattern, or the last that was used.
pub(super) fn regex(
    pattern: &Pattern,
    last: &mut Option<regex::bytes::Regex>,
) -> Result<regex::bytes::Regex, Failure> {
    if let Some(regex) = &pattern.0 {
        *last = Some(regex.clone());
    }
    last.clone().ok_or_else(|| Failure::new("no regular expression before this one"))
}
