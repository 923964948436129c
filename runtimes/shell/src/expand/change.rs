//! What the operations of parameter expansion make of one value.

use super::Pattern;
use crate::syntax::Place;

pub(super) enum Change {
    RemovePrefix { longest: bool, pattern: Pattern },
    RemoveSuffix { longest: bool, pattern: Pattern },
    Replace { place: Place, pattern: Pattern, with: String },
    Substring { offset: i64, length: Option<i64> },
    Case { upper: bool, all: bool, pattern: Option<Pattern> },
    Quote,
}

impl Change {
    pub(super) fn apply(&self, text: &str) -> String {
        let characters: Vec<char> = text.chars().collect();
        match self {
            Self::RemovePrefix { longest, pattern } => {
                let found = first_length(characters.len(), *longest, |end| {
                    pattern.matches_characters(&characters[..end])
                });
                characters[found.unwrap_or(0)..].iter().collect()
            }
            Self::RemoveSuffix { longest, pattern } => {
                let count = characters.len();
                let found = first_length(count, *longest, |length| {
                    pattern.matches_characters(&characters[count - length..])
                });
                characters[..count - found.unwrap_or(0)].iter().collect()
            }
            Self::Replace { place, pattern, with } => replace(&characters, *place, pattern, with),
            Self::Substring { offset, length } => {
                characters[bounds(characters.len(), *offset, *length)].iter().collect()
            }
            Self::Case { upper, all, pattern } => change_case(&characters, *upper, *all, pattern.as_ref()),
            Self::Quote => quote(text),
        }
    }
}

/// The first length that fits, from the shortest or from the longest.
fn first_length(count: usize, longest: bool, fits: impl Fn(usize) -> bool) -> Option<usize> {
    if longest {
        (0..=count).rev().find(|length| fits(*length))
    } else {
        (0..=count).find(|length| fits(*length))
    }
}

fn replace(text: &[char], place: Place, pattern: &Pattern, with: &str) -> String {
    let mut result = String::new();
    let mut at = 0;
    let mut is_done = pattern.is_empty() && !matches!(place, Place::Start | Place::End);
    while at <= text.len() {
        let found = match place {
            _ if is_done => None,
            Place::Start if at > 0 => None,
            Place::End => (pattern.matches_characters(&text[at..])).then_some(text.len() - at),
            Place::First | Place::All | Place::Start => first_length(text.len() - at, true, |length| {
                (length > 0 || place == Place::Start) && pattern.matches_characters(&text[at..at + length])
            }),
        };
        match found {
            Some(length) => {
                result.push_str(with);
                at += length;
                is_done = place != Place::All;
                if length > 0 || place == Place::End {
                    if place == Place::End {
                        break;
                    }
                    continue;
                }
            }
            None if is_done => {
                result.extend(&text[at..]);
                break;
            }
            None => {}
        }
        result.extend(text.get(at));
        at += 1;
    }
    result
}

fn change_case(text: &[char], upper: bool, all: bool, pattern: Option<&Pattern>) -> String {
    let mut result = String::new();
    for (index, character) in text.iter().enumerate() {
        let is_meant =
            (all || index == 0) && pattern.is_none_or(|pattern| pattern.matches_characters(&[*character]));
        match (is_meant, upper) {
            (true, true) => result.extend(character.to_uppercase()),
            (true, false) => result.extend(character.to_lowercase()),
            (false, _) => result.push(*character),
        }
    }
    result
}

/// The text as a word that the shell reads as this text, with quotes only where they are needed.
pub(crate) fn quote_if_needed(text: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "_-./=:,+@%".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quote(text) }
}

/// The text in quotes.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The part of so many that an offset and a length mean; negative ones count from the end.
pub(super) fn bounds(count: usize, offset: i64, length: Option<i64>) -> std::ops::Range<usize> {
    let count_signed = i64::try_from(count).unwrap_or(i64::MAX);
    let start = if offset < 0 { offset.saturating_add(count_signed) } else { offset };
    if start < 0 || start > count_signed {
        return 0..0;
    }
    let end = match length {
        None => count_signed,
        Some(length) if length < 0 => count_signed.saturating_add(length),
        Some(length) => start.saturating_add(length).min(count_signed),
    };
    usize::try_from(start).unwrap_or(0)..usize::try_from(end.max(start)).unwrap_or(0)
}
