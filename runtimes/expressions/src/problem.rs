//! What is wrong with an expression, and where.

/// A message about a place of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Byte of the expression.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// As it is told: the message, and line and column, from 1.
    pub(crate) fn of(&self, source: &str) -> String {
        let before = source.get(..self.at).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        format!("{} ({line}:{column})", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_column_of_characters() {
        assert_eq!(Problem::new(0, "no").of("abc"), "no (1:1)");
        assert_eq!(Problem::new(6, "no").of("a\nüéb"), "no (2:3)");
        assert_eq!(Problem::new(99, "no").of("a\nb"), "no (2:2)");
    }
}
