//! Fields: what one word becomes, split where `IFS` says.

use super::pattern::{Marked, Pattern};
use crate::shell::Shell;

#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// Texts, and whether each was quoted.
    segments: Vec<(String, bool)>,
}

impl Field {
    pub(crate) fn text(&self) -> String {
        match self.segments.as_slice() {
            [(text, _)] => text.clone(),
            segments => segments.iter().map(|(text, _)| text.as_str()).collect(),
        }
    }

    pub(crate) fn pattern(&self) -> Pattern {
        let marked = self
            .segments
            .iter()
            .flat_map(|(text, quoted)| text.chars().map(|character| (character, *quoted)));
        Pattern::new(&marked.collect::<Vec<Marked>>())
    }

    /// As a regular expression: what was quoted stands for itself.
    pub(crate) fn regex(&self) -> String {
        self.segments
            .iter()
            .map(|(text, quoted)| if *quoted { regex::escape(text) } else { text.clone() })
            .collect()
    }

    /// Whether a wildcard stands in it that is not quoted.
    pub(crate) fn may_match(&self) -> bool {
        self.segments.iter().any(|(text, quoted)| !quoted && text.contains(['*', '?', '[']))
    }

    pub(crate) fn push(&mut self, text: &str, quoted: bool) {
        match self.segments.last_mut() {
            Some((last, was_quoted)) if *was_quoted == quoted => last.push_str(text),
            _ => self.segments.push((text.to_owned(), quoted)),
        }
    }
}

/// Collects the fields of a word.
pub(crate) struct Fields {
    finished: Vec<Field>,
    current: Option<Field>,
    /// `IFS`, if what is expanded is to be split.
    separators: Option<String>,
    /// Whether the last field was ended by a blank, which another separator may follow.
    ended_by_blank: bool,
}

impl Fields {
    /// Splits what is expanded.
    pub(crate) fn splitting(shell: &Shell) -> Self {
        let separators =
            shell.variables.get("IFS").map_or_else(|| " \t\n".to_owned(), |text| text.to_string());
        Self { finished: Vec::new(), current: None, separators: Some(separators), ended_by_blank: false }
    }

    /// Makes one field of everything.
    pub(crate) fn whole() -> Self {
        Self { finished: Vec::new(), current: None, separators: None, ended_by_blank: false }
    }

    pub(crate) fn is_splitting(&self) -> bool {
        self.separators.is_some()
    }

    /// Adds text that is not split. Also an empty one makes a field if it was quoted.
    pub(crate) fn push(&mut self, text: &str, quoted: bool) {
        if !text.is_empty() || quoted {
            self.ended_by_blank = false;
            self.current.get_or_insert_default().push(text, quoted);
        }
    }

    /// Ends the current field, if there is one.
    pub(crate) fn end_field(&mut self) {
        self.finished.extend(self.current.take());
    }

    /// Adds what came of an expansion outside of quotes.
    pub(crate) fn push_split(&mut self, text: &str) {
        let Some(separators) = &self.separators else { return self.push(text, false) };
        if separators.is_empty() {
            return self.push(text, false);
        }
        let separators = separators.clone();
        let mut rest = text;
        while let Some(at) = rest.find(|character| separators.contains(character)) {
            self.push(&rest[..at], false);
            let separator = rest[at..].chars().next().unwrap_or(' ');
            if matches!(separator, ' ' | '\t' | '\n') {
                self.ended_by_blank |= self.current.is_some();
                self.end_field();
            } else if self.current.is_some() {
                self.end_field();
            } else if self.ended_by_blank {
                self.ended_by_blank = false;
            } else {
                self.finished.push(Field::default());
            }
            rest = &rest[at + separator.len_utf8()..];
        }
        self.push(rest, false);
    }

    pub(crate) fn finish(mut self) -> Vec<Field> {
        self.end_field();
        self.finished
    }

    /// The one field of everything.
    pub(crate) fn finish_whole(self) -> Field {
        let mut fields = self.finish().into_iter();
        let mut whole = fields.next().unwrap_or_default();
        for field in fields {
            for (text, quoted) in field.segments {
                whole.push(&text, quoted);
            }
        }
        whole
    }
}
