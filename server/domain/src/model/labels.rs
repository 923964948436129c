//! Labels: what a client keeps with a thing for itself. They mean nothing here.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// Labels of one thing.
const LABELS_MAX: usize = 16;
/// Bytes of a label's name.
const NAME_BYTES_MAX: usize = 63;
/// Bytes of all labels of a thing.
pub const LABELS_BYTES_MAX: usize = 4096;

/// Checks labels that somebody sent.
///
/// # Errors
/// Says how many there may be, or what a name may be.
pub fn check(labels: &Labels, field: &str) -> Result<()> {
    let bytes: usize = labels.iter().map(|(name, value)| name.len() + value.len()).sum();
    if labels.len() > LABELS_MAX || bytes > LABELS_BYTES_MAX {
        let message = format!("{field} may have {LABELS_MAX} labels and {LABELS_BYTES_MAX} bytes at most");
        return Err(Error::invalid(message).field(field));
    }
    let is_name = |name: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
    };
    if let Some(name) = labels.keys().find(|name| !is_name(name)) {
        let message = format!(
            "{field}: \"{name}\" cannot name a label: 1 to {NAME_BYTES_MAX} letters, digits, '.', '_', '-' or '/'"
        );
        return Err(Error::invalid(message).field(field));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_few_and_have_plain_names() {
        let one = |name: &str, value: &str| Labels::from([(name.to_owned(), value.to_owned())]);
        assert!(check(&one("example.com/team", "söll"), "labels").is_ok());
        for bad in [one("", ""), one("a b", ""), one(&"a".repeat(64), ""), one("a", &"x".repeat(4096))] {
            assert!(check(&bad, "labels").is_err(), "{bad:?}");
        }
        let many: Labels = (0..17).map(|n| (n.to_string(), String::new())).collect();
        assert!(check(&many, "labels").is_err());
    }
}
