//! Brace expansion: `{a,b}` and `{1..9}` make several words of one, before anything else is expanded.

use super::tree::{Piece, Word};

/// Words that one word can become.
const WORDS_MAX: usize = 100_000;

/// Characters of a word in which braces are looked at, and of all words that come of it.
const UNITS_MAX: usize = 4 << 20;
const WORD_UNITS_MAX: usize = 10_000;

/// Braces in each other in one word.
const DEPTH_MAX: usize = 20;

/// A character outside of quotes, or a piece that is as it is.
#[derive(Clone)]
enum Unit {
    Character(char),
    Piece(Piece),
}

/// The words that a word stands for. An error if there would be more than [`WORDS_MAX`].
pub(crate) fn expand_braces(word: &Word) -> Result<Vec<Word>, String> {
    let mut units = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Text(text) => units.extend(text.chars().map(Unit::Character)),
            piece => units.push(Unit::Piece(piece.clone())),
        }
    }
    let expanded = expand(&units, 0)?;
    Ok(expanded.iter().map(|units| word_of(units)).collect())
}

fn word_of(units: &[Unit]) -> Word {
    let mut pieces: Vec<Piece> = Vec::new();
    for unit in units {
        match (unit, pieces.last_mut()) {
            (Unit::Character(character), Some(Piece::Text(text))) => text.push(*character),
            (Unit::Character(character), _) => pieces.push(Piece::Text(character.to_string())),
            (Unit::Piece(piece), _) => pieces.push(piece.clone()),
        }
    }
    Word { pieces, braces: false }
}

fn expand(units: &[Unit], depth: usize) -> Result<Vec<Vec<Unit>>, String> {
    let found = if depth < DEPTH_MAX && units.len() <= WORD_UNITS_MAX { find_braces(units) } else { None };
    let Some((start, end, alternatives)) = found else { return Ok(vec![units.to_vec()]) };
    let tails = expand(&units[end + 1..], depth + 1)?;
    let mut expanded = Vec::new();
    let mut size = 0;
    for alternative in alternatives {
        for middle in expand(&alternative, depth + 1)? {
            for tail in &tails {
                size += start + middle.len() + tail.len();
                if expanded.len() >= WORDS_MAX || size > UNITS_MAX {
                    return Err(format!("a word becomes more than {WORDS_MAX} words, or too long ones"));
                }
                let mut units = units[..start].to_vec();
                units.extend_from_slice(&middle);
                units.extend_from_slice(tail);
                expanded.push(units);
            }
        }
    }
    Ok(expanded)
}

/// The first braces that can be expanded: where they are, and what can stand in their place.
fn find_braces(units: &[Unit]) -> Option<(usize, usize, Vec<Vec<Unit>>)> {
    for start in 0..units.len() {
        if !matches!(units[start], Unit::Character('{')) {
            continue;
        }
        let Some((end, commas)) = matching(units, start) else { continue };
        if !commas.is_empty() {
            let mut alternatives = Vec::new();
            let mut from = start + 1;
            for comma in commas.into_iter().chain([end]) {
                alternatives.push(units[from..comma].to_vec());
                from = comma + 1;
            }
            return Some((start, end, alternatives));
        }
        if let Some(alternatives) = sequence(&units[start + 1..end]) {
            return Some((start, end, alternatives));
        }
    }
    None
}

/// The brace that closes this one, and the commas directly in it.
fn matching(units: &[Unit], start: usize) -> Option<(usize, Vec<usize>)> {
    let mut open = 0_usize;
    let mut commas = Vec::new();
    for (position, unit) in units.iter().enumerate().skip(start) {
        match unit {
            Unit::Character('{') => open += 1,
            Unit::Character('}') => {
                open -= 1;
                if open == 0 {
                    return Some((position, commas));
                }
            }
            Unit::Character(',') if open == 1 => commas.push(position),
            _ => {}
        }
    }
    None
}

/// What `1..9`, `a..e` or `1..9..2` stands for. One more than may be, at most.
fn sequence(units: &[Unit]) -> Option<Vec<Vec<Unit>>> {
    let mut text = String::new();
    for unit in units {
        let Unit::Character(character) = unit else { return None };
        text.push(*character);
    }
    let parts: Vec<&str> = text.split("..").collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, 1),
        [from, to, step] => (*from, *to, step.parse::<i64>().ok()?),
        _ => return None,
    };
    let step = step.unsigned_abs().max(1);
    let texts: Vec<String> = if let (Ok(first), Ok(last)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let is_padded = |text: &str| {
            text.trim_start_matches('-').len() > 1 && text.trim_start_matches('-').starts_with('0')
        };
        let width = if is_padded(from) || is_padded(to) { from.len().max(to.len()) } else { 0 };
        steps(first, last, step).map(|number| format!("{number:0width$}")).collect()
    } else {
        let (first, last) = (single_letter(from)?, single_letter(to)?);
        steps(i64::from(first), i64::from(last), step)
            .filter_map(|number| u8::try_from(number).ok())
            .map(|byte| char::from(byte).to_string())
            .collect()
    };
    Some(texts.iter().map(|text| text.chars().map(Unit::Character).collect()).collect())
}

fn single_letter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(*byte),
        _ => None,
    }
}

fn steps(first: i64, last: i64, step: u64) -> impl Iterator<Item = i64> {
    let count = first.abs_diff(last) / step;
    let (first, last, step) = (i128::from(first), i128::from(last), i128::from(step));
    let sign = if first <= last { step } else { -step };
    (0..=count)
        .take(WORDS_MAX + 1)
        .filter_map(move |index| i64::try_from(first + sign * i128::from(index)).ok())
}
