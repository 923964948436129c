//! Which variables the expressions of a stage know: those that it names, so that a plan of many is not read whole.

use std::collections::BTreeSet;

/// Variables by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// It may name any.
    All,
    /// It names these.
    Some(BTreeSet<String>),
}

/// What the variables are called, in our own words and in those of whoever calls a stage a task.
const OBJECTS: [&str; 2] = ["vars", "tasks"];

impl Names {
    /// What the expressions in some texts name.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = BTreeSet::new();
        for text in texts {
            if text.contains("$env") {
                return Self::All;
            }
            for object in OBJECTS {
                for (at, _) in text.match_indices(object) {
                    match after(&text[at + object.len()..]) {
                        Some(name) => names.insert(name.to_owned()),
                        None => return Self::All,
                    };
                }
            }
        }
        Self::Some(names)
    }

    /// Whether it names this one.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(names) => names.contains(name),
        }
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Some(names) if names.is_empty())
    }
}

/// The name in `.name` or `?.name`.
fn after(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let text = text.strip_prefix('?').unwrap_or(text).strip_prefix('.')?.trim_start();
    let end = text.find(|character: char| !(character.is_alphanumeric() || character == '_'));
    Some(&text[..end.unwrap_or(text.len())]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_known_and_what_may_be_named_too() {
        let some = |names: &[&str]| Names::Some(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(Names::of(["a {{ vars.x + tasks?.y_1 }}", "{{tasks . z}}"]), some(&["x", "y_1", "z"]));
        assert_eq!(Names::of(["{{ inputs.a }}"]), some(&[]));
        for any in ["{{ vars[inputs.a] }}", "{{ keys(tasks) }}", "{{ $env }}"] {
            assert_eq!(Names::of([any]), Names::All, "{any}");
        }
    }
}
