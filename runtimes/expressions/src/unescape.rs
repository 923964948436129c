//! What stands between quotes, as Go's expr reads it.

/// The text of what stands between quotes. None where a backslash begins nothing that is known.
pub(crate) fn unescape(quoted: &str) -> Option<String> {
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let escape = after.chars().next()?;
        rest = &after[escape.len_utf8()..];
        let (character, length) = match escape {
            'a' => ('\u{7}', 0),
            'b' => ('\u{8}', 0),
            'f' => ('\u{c}', 0),
            'n' => ('\n', 0),
            'r' => ('\r', 0),
            't' => ('\t', 0),
            'v' => ('\u{b}', 0),
            '\\' | '\'' | '"' | '`' | '/' => (escape, 0),
            'x' => (numbered(rest, 2, 16)?, 2),
            'u' => (numbered(rest, 4, 16)?, 4),
            'U' => (numbered(rest, 8, 16)?, 8),
            '0'..='3' => (numbered(after, 3, 8)?, 2),
            _ => return None,
        };
        text.push(character);
        rest = &rest[length..];
    }
    text.push_str(rest);
    Some(text)
}

/// The character whose number is written at the beginning. What is no character, as half a surrogate pair, becomes
/// the sign for that.
fn numbered(text: &str, digits: usize, base: u32) -> Option<char> {
    let digits = text.get(..digits)?;
    // A sign is no digit, but a number may begin with one.
    if !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let number = u32::from_str_radix(digits, base).ok()?;
    Some(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_escape_is_one_character() {
        let cases = [
            (r"plain", "plain"),
            (r"a\nb", "a\nb"),
            (r"a\\nb", r"a\nb"),
            (r#"it\'s \"so\""#, "it's \"so\""),
            (r"\u00e9\x41\101\U0001f41d", "éAA🐝"),
            (r"\ud83d", "\u{fffd}"),
            (r"\/\`", "/`"),
        ];
        for (quoted, text) in cases {
            assert_eq!(unescape(quoted).as_deref(), Some(text), "{quoted}");
        }
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for quoted in [r"\q", r"\", r"\u00", r"\x+1", r"\u00é0", r"\09", r"\400"] {
            assert_eq!(unescape(quoted), None, "{quoted}");
        }
    }
}
