//! A search for runs by the words of their names and by their tags.

use crate::error::{Error, Result};

/// Characters of a search.
const TEXT_LENGTH_MAX: usize = 200;
/// Words and tags of it.
const TERMS_MAX: usize = 16;

/// What is searched for: all of it must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Words of the name, whatever their case and accents.
    pub words: Vec<String>,
    /// Tags, exactly: of each set one.
    pub tags: Vec<Vec<String>>,
}

impl Search {
    /// Reads a search: words, `tag:nightly`, and `tags:a,b` for one of them.
    ///
    /// # Errors
    /// Invalid, where there is nothing to search for, or too much.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| Error::invalid(format!("the search {why}")).field("q");
        if text.len() > TEXT_LENGTH_MAX {
            return Err(wrong(format!("may have {TEXT_LENGTH_MAX} bytes")));
        }
        let mut search = Self::default();
        for term in text.split_whitespace() {
            match term.split_once(':') {
                Some(("tag" | "tags", "")) => return Err(wrong(format!("names no tag after {term}"))),
                Some(("tag", tag)) => search.tags.push(vec![tag.to_owned()]),
                Some(("tags", tags)) => search.tags.push(tags.split(',').map(str::to_owned).collect()),
                _ if term.chars().any(char::is_alphanumeric) => search.words.push(term.to_owned()),
                _ => {}
            }
        }
        let terms = search.words.len() + search.tags.iter().map(Vec::len).sum::<usize>();
        match terms {
            0 => Err(wrong("has no word; write words, tag:nightly, or tags:a,b for one of them".into())),
            1..=TERMS_MAX => Ok(search),
            _ => Err(wrong(format!("may have {TERMS_MAX} words and tags"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tags_are_told_apart() {
        let search = Search::parse(" nightly  report tag:a-b tags:x,y \"").expect("it is one");
        assert_eq!(search.words, ["nightly", "report"]);
        assert_eq!(search.tags, [vec!["a-b".to_owned()], vec!["x".to_owned(), "y".to_owned()]]);
        assert_eq!(Search::parse("http://a").expect("a word").words, ["http://a"]);
        for bad in ["", " \" ", "tag:", &"x".repeat(201), &"a ".repeat(17)] {
            assert!(Search::parse(bad).is_err(), "{bad}");
        }
    }
}
