//! Names that people choose and that stand in paths.

/// Characters of a name.
pub(super) const NAME_LENGTH_MAX: usize = 100;

/// Whether a text can stand in a path as it is: 1 to 100 of `a-z A-Z 0-9 . _ -` and of `also`, beginning
/// with a letter or digit.
pub(super) fn fits(text: &str, also: &[char]) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') || also.contains(&c);
    first && text.chars().all(fits) && text.len() <= NAME_LENGTH_MAX
}
