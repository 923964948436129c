//! What `s` of `sed` makes of a line.

use super::super::Failure;
use super::select::regex;
use super::{Part, Substitution};
use crate::stream::CAPTURE_BYTES_MAX;

/// The text after the substitution. Nothing if nothing was found.
pub(super) fn change(
    substitution: &Substitution,
    text: &[u8],
    last_pattern: &mut Option<regex::bytes::Regex>,
) -> Result<Option<Vec<u8>>, Failure> {
    let regex = regex(&substitution.pattern, last_pattern)?;
    let mut changed = Vec::with_capacity(text.len());
    let mut end = 0;
    let mut found = false;
    for (index, captures) in regex.captures_iter(text).enumerate() {
        if index + 1 < substitution.number {
            continue;
        }
        let Some(whole) = captures.get(0) else { continue };
        changed.extend_from_slice(&text[end..whole.start()]);
        replace(&substitution.replacement, &captures, &mut changed);
        end = whole.end();
        found = true;
        if !substitution.global {
            break;
        }
        if changed.len() > CAPTURE_BYTES_MAX {
            return Err(Failure::new(format!("a line of more than {CAPTURE_BYTES_MAX} bytes")));
        }
    }
    changed.extend_from_slice(&text[end..]);
    Ok(found.then_some(changed))
}

fn replace(parts: &[Part], captures: &regex::bytes::Captures<'_>, changed: &mut Vec<u8>) {
    // What `\U` and `\L` say, and what `\u` and `\l` say of the next character.
    let (mut case, mut next) = ('E', None);
    for part in parts {
        let text = match part {
            Part::Text(text) => text.as_slice(),
            Part::Group(group) => captures.get(*group).map_or(&b""[..], |group| group.as_bytes()),
            Part::Case(letter @ ('u' | 'l')) => {
                next = Some(*letter);
                continue;
            }
            Part::Case(letter) => {
                case = *letter;
                continue;
            }
        };
        if case == 'E' && next.is_none() {
            changed.extend_from_slice(text);
            continue;
        }
        for character in String::from_utf8_lossy(text).chars() {
            let is_upper = match (next.take(), case) {
                (Some(letter), _) => Some(letter == 'u'),
                (None, 'E') => None,
                (None, letter) => Some(letter == 'U'),
            };
            let character: String = match is_upper {
                Some(true) => character.to_uppercase().collect(),
                Some(false) => character.to_lowercase().collect(),
                None => character.to_string(),
            };
            changed.extend_from_slice(character.as_bytes());
        }
    }
}
