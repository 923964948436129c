//! Patterns of the shell: `*`, `?` and `[…]`, for paths, `case` and `${name#pattern}`.

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Character(char),
    /// `?`
    Any,
    /// `*`
    Many,
    Set {
        negated: bool,
        members: Vec<Member>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Range(char, char),
    Class(String),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern {
    elements: Vec<Element>,
}

/// A character, and whether it was quoted and so is no wildcard.
pub(crate) type Marked = (char, bool);

impl Pattern {
    pub(crate) fn new(text: &[Marked]) -> Self {
        let mut elements = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(marked) = text.get(at) {
            at += 1;
            elements.push(match marked {
                ('*', false) => Element::Many,
                ('?', false) => Element::Any,
                ('[', false) => match set(&text[at..]) {
                    Some((element, length)) => {
                        at += length;
                        element
                    }
                    None => Element::Character('['),
                },
                ('\\', false) if at < text.len() => {
                    at += 1;
                    Element::Character(text[at - 1].0)
                }
                (character, _) => Element::Character(*character),
            });
        }
        Self { elements }
    }

    /// A pattern of text in which nothing is quoted.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self::new(&text.chars().map(|character| (character, false)).collect::<Vec<_>>())
    }

    /// Whether it matches more than one text.
    pub(crate) fn has_wildcards(&self) -> bool {
        self.elements.iter().any(|element| !matches!(element, Element::Character(_)))
    }

    /// The text that it matches if it has no wildcards.
    pub(crate) fn literal(&self) -> String {
        self.elements
            .iter()
            .filter_map(|element| match element {
                Element::Character(character) => Some(*character),
                Element::Any | Element::Many | Element::Set { .. } => None,
            })
            .collect()
    }

    pub(crate) fn begins_with(&self, character: char) -> bool {
        self.elements.first() == Some(&Element::Character(character))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The patterns between the slashes.
    pub(crate) fn components(&self) -> Vec<Self> {
        let parts = self.elements.split(|element| *element == Element::Character('/'));
        parts.map(|elements| Self { elements: elements.to_vec() }).collect()
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matches_characters(&text.chars().collect::<Vec<_>>())
    }

    /// Goes back only to the last `*`, so the time is at most the product of both lengths.
    pub(crate) fn matches_characters(&self, text: &[char]) -> bool {
        let (mut element, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let matched = match self.elements.get(element) {
                Some(Element::Many) => {
                    retry = Some((element + 1, at));
                    element += 1;
                    continue;
                }
                Some(found) => text.get(at).is_some_and(|character| found.matches(*character)),
                None if at == text.len() => return true,
                None => false,
            };
            if matched {
                element += 1;
                at += 1;
                continue;
            }
            match &mut retry {
                Some((after, from)) if *from < text.len() => {
                    *from += 1;
                    (element, at) = (*after, *from);
                }
                _ => return false,
            }
        }
    }
}

impl Element {
    fn matches(&self, character: char) -> bool {
        match self {
            Self::Character(wanted) => *wanted == character,
            Self::Any => true,
            Self::Many => false,
            Self::Set { negated, members } => {
                members.iter().any(|member| member.matches(character)) != *negated
            }
        }
    }
}

impl Member {
    fn matches(&self, character: char) -> bool {
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&character),
            Self::Class(name) => class_matches(name, character),
        }
    }
}

/// Whether a character is of a class of POSIX: `alpha`, `digit` …
pub(crate) fn class_matches(name: &str, character: char) -> bool {
    match name {
        "alnum" => character.is_alphanumeric(),
        "alpha" => character.is_alphabetic(),
        "blank" => matches!(character, ' ' | '\t'),
        "cntrl" => character.is_control(),
        "digit" => character.is_ascii_digit(),
        "graph" => !character.is_control() && !character.is_whitespace(),
        "lower" => character.is_lowercase(),
        "print" => !character.is_control(),
        "punct" => character.is_ascii_punctuation(),
        "space" => character.is_whitespace(),
        "upper" => character.is_uppercase(),
        "xdigit" => character.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The set after a `[`, and how many characters it has with its `]`. Nothing if there is no `]`.
fn set(text: &[Marked]) -> Option<(Element, usize)> {
    let mut at = 0;
    let negated = matches!(text.first(), Some(('!' | '^', false)));
    if negated {
        at += 1;
    }
    let first = at;
    let mut members = Vec::new();
    loop {
        let (mut character, quoted) = *text.get(at)?;
        if character == ']' && !quoted && at > first {
            return Some((Element::Set { negated, members }, at + 1));
        }
        if character == '[' && !quoted && text.get(at + 1) == Some(&(':', false)) {
            let name: String =
                text[at + 2..].iter().map(|marked| marked.0).take_while(|end| *end != ':').collect();
            let end = at + 2 + name.chars().count();
            if text.get(end + 1).is_some_and(|marked| marked.0 == ']') {
                members.push(Member::Class(name));
                at = end + 2;
                continue;
            }
        }
        if character == '\\' && !quoted {
            at += 1;
            character = text.get(at)?.0;
        }
        at += 1;
        let is_range =
            text.get(at) == Some(&('-', false)) && text.get(at + 1).is_some_and(|end| *end != (']', false));
        let last = if is_range {
            at += 2;
            text[at - 1].0
        } else {
            character
        };
        members.push(Member::Range(character, last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_it_should() {
        for (pattern, text, wanted) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt.gz", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]*[!0-9]", "b9x", true),
            ("[a-c]*[!0-9]", "b99", false),
            ("[]a]", "]", true),
            ("[[:digit:]]*", "7x", true),
            ("[[:digit:]]*", "x7", false),
            ("[", "[", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("*a*b*c", "xxaxxbxxbc", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(Pattern::of(pattern).matches(text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_one() {
        let pattern = Pattern::of(&format!("{}b", "*a".repeat(1000)));
        assert!(!pattern.matches(&"a".repeat(10_000)));
    }
}
