//! Expressions in the spelling that the library reads as Go's expr reads the original.
//!
//! `expr-lang` 2.1 takes `{"a": b}` for a literal and panics, reads `a ?? b == c` as `a ?? (b == c)` and `notes` as
//! `not es`, knows only half of the escapes of texts, and no `.field` in predicates but alone. So
//!
//! - an object is a call: `$map("a", b)`;
//! - a text is in backquotes, which have no escapes;
//! - what goes with `??` is in parentheses;
//! - a name that begins as a word of the language does has [`MARK`] before it;
//! - a predicate is in braces, and `.field` in it is `#.field`.

mod bracket;
mod frame;
mod speller;

use crate::problem::Problem;
use crate::token;
use speller::{Speller, unexpected};

/// The function that makes objects. No name of a request hides it, as functions are called by their own names.
pub(crate) const MAP: &str = "$map";
/// What stands before names that the library would misread.
const MARK: &str = "$_";

/// An expression as the library reads it.
#[derive(Debug)]
pub(crate) struct Spelling {
    pub(crate) text: String,
    /// Where tokens begin: here, and in the original.
    origins: Vec<(usize, usize)>,
}

impl Spelling {
    pub(crate) fn new(source: &str) -> Result<Self, Problem> {
        let tokens = token::tokens(source)?;
        Speller::new(&tokens).spell()
    }

    fn insert(&mut self, at: usize, character: char) {
        self.text.insert(at, character);
        for (here, _) in self.origins.iter_mut().rev().take_while(|(here, _)| *here >= at) {
            *here += character.len_utf8();
        }
    }

    /// That the library could not go on at a place of this.
    pub(crate) fn unexpected(&self, source: &str, at: usize) -> Problem {
        let end = Problem::new(source.trim_end().len(), "unexpected end");
        if at >= self.text.trim_end().len() {
            return end;
        }
        let origin = self.origin(at);
        let tokens = token::tokens(source).unwrap_or_default();
        tokens.iter().find(|token| token.at == origin).map_or(end, unexpected)
    }

    /// The place in the original that a place in this came of: the token's beginning.
    fn origin(&self, at: usize) -> usize {
        let after = self.origins.partition_point(|(here, _)| *here <= at);
        after.checked_sub(1).map_or(0, |index| self.origins[index].1)
    }
}

/// A name without the mark that it may have.
pub(crate) fn unmarked(name: &str) -> &str {
    name.strip_prefix(MARK).unwrap_or(name)
}

/// A message of the library in the words of the original.
pub(crate) fn unspelled(message: &str) -> String {
    message.replace(MARK, "")
}

/// A text that reads the same with all escapes known and with none.
fn quoted(text: &str) -> String {
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let parts: Vec<String> = text.split('`').map(|part| format!("`{part}`")).collect();
    format!("({})", parts.join(" + \"`\" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(source: &str) -> String {
        Spelling::new(source).map_or_else(|problem| problem.of(source), |spelling| spelling.text)
    }

    #[test]
    fn what_the_library_reads_well_stays() {
        for source in ["1 + a.b[0]", "a ? b : c", "xs[1:]", "if a {1} else {b}", "let a = 1; a", "1..3", "{}"]
        {
            assert_eq!(spelled(source), source);
        }
    }

    #[test]
    fn objects_are_calls() {
        assert_eq!(spelled("{a: b, 'c d': {1: 2,}}.a"), "$map(`a`, b, `c d`, $map(`1`, 2)).a");
        assert_eq!(spelled("a ? {b: 1} : {}"), "a ? $map(`b`, 1) : {}");
        assert_eq!(spelled("{a: 1, b}"), "unexpected \"b\" (1:8)");
        assert_eq!(spelled("{a: 1)"), "unexpected \")\" (1:6)");
    }

    #[test]
    fn texts_have_no_escapes() {
        assert_eq!(spelled(r#""a\\nb" + 'it\'s'"#), r"`a\nb` + `it's`");
        assert_eq!(spelled(r#""a`b""#), "(`a` + \"`\" + `b`)");
        assert_eq!(spelled("b'a\\n'"), "b'a\\n'");
    }

    #[test]
    fn a_default_binds_closest() {
        assert_eq!(spelled("a.b ?? 1 == 2"), "(a.b ?? 1) == 2");
        assert_eq!(spelled("1 + a ?? b.c ?? d"), "1 + ((a ?? b.c) ?? d)");
        assert_eq!(spelled("-a ?? f(b ?? 1, 2)[0] * 2"), "-(a ?? f((b ?? 1), 2)[0]) * 2");
        assert_eq!(spelled("(a) ?? -1"), "((a) ?? -1)");
    }

    #[test]
    fn names_that_begin_as_words_are_marked() {
        assert_eq!(spelled("notes + order.notes - nothing()"), "$_notes + order.notes - $_nothing()");
        assert_eq!(spelled("not true or trueish"), "not true or $_trueish");
        assert_eq!(spelled("a orb"), "unexpected \"orb\" (1:3)");
    }

    #[test]
    fn predicates_are_in_braces() {
        assert_eq!(spelled("filter(a, .b > 1)"), "filter(a, {#.b > 1})");
        assert_eq!(spelled("a | filter({.b > 1}) | map(.c)"), "a | filter({#.b > 1}) | map({#.c})");
        assert_eq!(spelled("sortBy(a, .b ?? 1, 'desc')"), "sortBy(a, {(#.b ?? 1)}, `desc`)");
        assert_eq!(
            spelled("map(a, {n: .b, m: any(.c, # > 1)})"),
            "map(a, {$map(`n`, #.b, `m`, any(#.c, {# > 1}))})"
        );
        assert_eq!(spelled("count(a) + map(.b, 1)"), "unexpected \".\" (1:16)");
        assert_eq!(spelled("# + 1"), "unexpected \"#\" (1:1)");
    }

    #[test]
    fn what_is_too_deep_is_refused() {
        for deep in ["(".repeat(5_000), "[".repeat(5_000), "1 + ".repeat(5_000), "a ? b : ".repeat(5_000)] {
            assert!(spelled(&deep).starts_with("nested too deeply"), "{deep:.9}");
        }
        assert!(Spelling::new(&format!("[{}]", "1 + 2, ".repeat(5_000))).is_ok());
    }

    #[test]
    fn places_are_those_of_the_original() {
        let spelling = Spelling::new("{a: x ?? y}  z").unwrap_err();
        assert_eq!(spelling.at, 13);
        let spelling = Spelling::new("{a: x ?? y} ]");
        assert_eq!(spelling.unwrap_err().at, 12);
        let spelling = Spelling::new("{a: x ?? 'y'} + 'z'").unwrap();
        assert_eq!(spelling.origin(spelling.text.find("`z`").unwrap()), 16);
        assert_eq!(spelling.origin(0), 0);
    }
}
