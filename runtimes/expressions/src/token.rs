//! The tokens of an expression, as far as [`crate::spelling`] has to know them apart. Whether they make sense, the
//! library says.

use crate::problem::Problem;
use crate::unescape::unescape;

/// Symbols of more than one character.
const SYMBOLS: [&str; 10] = ["?.", "??", "..", "||", "&&", "==", "!=", "<=", ">=", "**"];

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a word of the language.
    Name,
    Number,
    /// A text in quotes of any kind: what it says.
    Text(String),
    Bytes,
    Symbol,
}

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// As it is written.
    pub(crate) text: &'a str,
    /// Its first byte.
    pub(crate) at: usize,
    /// Whether blanks or a comment stand before it.
    pub(crate) apart: bool,
}

impl Token<'_> {
    pub(crate) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }
}

/// The tokens of an expression.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens = Vec::new();
    let (mut at, mut apart) = (0, false);
    while at < source.len() {
        let rest = &source[at..];
        let blank = blank(rest).ok_or_else(|| Problem::new(at, "comment without an end"))?;
        if blank > 0 {
            (at, apart) = (at + blank, true);
            continue;
        }
        let (kind, length) = first(rest).map_err(|message| Problem::new(at, message))?;
        tokens.push(Token { kind, text: &rest[..length], at, apart });
        (at, apart) = (at + length, false);
    }
    Ok(tokens)
}

/// The length of the blanks or the comment at the beginning. None where a comment has no end.
fn blank(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    match rest.strip_prefix("/*") {
        Some(comment) => comment.find("*/").map(|length| length + "/**/".len()),
        None => Some(rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()),
    }
}

/// The first token, and its length.
fn first(rest: &str) -> Result<(Kind, usize), &'static str> {
    let mut characters = rest.chars();
    let (one, two) = (characters.next().unwrap_or_default(), characters.next().unwrap_or_default());
    match (one, two) {
        ('"' | '\'', _) => {
            let length = quoted(rest)?;
            let text = unescape(&rest[1..length - 1]).ok_or("text with an unknown escape")?;
            Ok((Kind::Text(text), length))
        }
        ('`', _) => {
            let length = rest[1..].find('`').ok_or("text without an end")?;
            Ok((Kind::Text(rest[1..=length].to_owned()), length + 2))
        }
        ('b' | 'B', '"' | '\'') => Ok((Kind::Bytes, quoted(&rest[1..])? + 1)),
        ('0'..='9', _) | ('.', '0'..='9') => Ok((Kind::Number, number(rest))),
        ('#' | '$' | '_' | 'a'..='z' | 'A'..='Z', _) => {
            let end = rest[1..].find(|other: char| !(other.is_ascii_alphanumeric() || other == '_'));
            Ok((Kind::Name, end.map_or(rest.len(), |end| end + 1)))
        }
        // A condition, and a number that begins with its point.
        ('?', '.') if rest[2..].starts_with(|third: char| third.is_ascii_digit()) => Ok((Kind::Symbol, 1)),
        _ => {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
            Ok((Kind::Symbol, symbol.map_or(one.len_utf8(), |symbol| symbol.len())))
        }
    }
}

/// The length of a text, with its quotes.
fn quoted(rest: &str) -> Result<usize, &'static str> {
    let quote = rest.as_bytes()[0];
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' | b'\r' => break,
            _ if byte == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err("text without an end")
}

/// The length of a number. `1..3` has two.
fn number(rest: &str) -> usize {
    let hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
    let bytes = rest.as_bytes();
    let end = (0..bytes.len()).find(|&at| match bytes[at] {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => false,
        b'.' => bytes.get(at + 1) == Some(&b'.'),
        b'+' | b'-' => hexadecimal || at == 0 || !matches!(bytes[at - 1], b'e' | b'E'),
        _ => true,
    });
    end.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).unwrap().into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn an_expression_falls_into_its_tokens() {
        assert_eq!(texts("a.b?.c[0] ?? 'd'"), ["a", ".", "b", "?.", "c", "[", "0", "]", "??", "'d'"]);
        assert_eq!(
            texts("1..3 + 1.5e-3*.5-0x1e+2"),
            ["1", "..", "3", "+", "1.5e-3", "*", ".5", "-", "0x1e", "+", "2"]
        );
        assert_eq!(texts("x?.5:1 // so"), ["x", "?", ".5", ":", "1"]);
        assert_eq!(texts("#acc/* */+ #"), ["#acc", "+", "#"]);
        assert_eq!(texts("b'x' <= é"), ["b'x'", "<=", "é"]);
    }

    #[test]
    fn a_text_says_what_its_quotes_mean() {
        let said = |source| tokens(source).map(|tokens| tokens[0].kind.clone());
        assert_eq!(said(r#""a\"b""#), Ok(Kind::Text("a\"b".into())));
        assert_eq!(said("`a\\\n`"), Ok(Kind::Text("a\\\n".into())));
        assert_eq!(said("``"), Ok(Kind::Text(String::new())));
        for broken in ["'a", "`a", "'a\n'", "'\\", "'\\q'", "/* a", "b'a"] {
            assert!(said(broken).is_err(), "{broken}");
        }
    }
}
