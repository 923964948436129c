//! Regular expressions of POSIX, basic and extended, for the crate `regex`.
//!
//! Two things differ from other systems. Of several alternatives the first that fits is taken, not the longest.
//! And what a group matched cannot be asked for again inside of the expression (`\(a\)\1`): an engine that
//! can do that takes exponential time, so that is an error.

/// Bytes that a compiled expression can take.
const SIZE_MAX: usize = 10 << 20;

/// Translates an extended expression (`grep -E`, `sed -E`, `[[ =~ ]]`).
pub(crate) fn extended(text: &str) -> Result<String, String> {
    translate(text, false)
}

/// Translates a basic expression (`grep`, `sed`).
pub(crate) fn basic(text: &str) -> Result<String, String> {
    translate(text, true)
}

/// The error of an expression, in one line.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("").trim();
    format!("invalid regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
}

pub(crate) fn compile_text(translated: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(translated).size_limit(SIZE_MAX).build().map_err(|error| reason(&error))
}

pub(crate) fn compile(translated: &str, ignore_case: bool) -> Result<regex::bytes::Regex, String> {
    regex::bytes::RegexBuilder::new(translated)
        .size_limit(SIZE_MAX)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|error| reason(&error))
}

struct Translation<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    is_basic: bool,
    written: String,
    /// Whether something stands before that can be repeated.
    has_operand: bool,
    open: u32,
}

fn translate(text: &str, is_basic: bool) -> Result<String, String> {
    let mut translation = Translation {
        rest: text.chars().peekable(),
        is_basic,
        written: String::with_capacity(text.len() + 8),
        has_operand: false,
        open: 0,
    };
    while let Some(character) = translation.rest.next() {
        translation.one(character)?;
    }
    Ok(translation.written)
}

impl Translation<'_> {
    fn one(&mut self, character: char) -> Result<(), String> {
        match character {
            '\\' => return self.escaped(),
            '[' => return self.set(),
            '*' if !self.has_operand => self.literal('*'),
            '*' => self.written.push('*'),
            '.' => self.operand("."),
            '^' if self.is_basic && !self.at_start() => self.literal('^'),
            '^' => self.written.push('^'),
            '$' if self.is_basic && !self.at_end() => self.literal('$'),
            '$' => self.written.push('$'),
            '(' | ')' | '|' | '+' | '?' | '{' if !self.is_basic => return self.special(character),
            character => self.literal(character),
        }
        Ok(())
    }

    /// What follows a backslash.
    fn escaped(&mut self) -> Result<(), String> {
        match self.rest.next() {
            None => return Err("invalid regular expression: trailing backslash".to_owned()),
            Some(special @ ('(' | ')' | '|' | '+' | '?' | '{')) if self.is_basic => {
                return self.special(special);
            }
            Some('n') => self.operand("\\n"),
            Some('t') => self.operand("\\t"),
            Some(class @ ('w' | 'W' | 's' | 'S')) => self.operand(&format!("\\{class}")),
            Some(bound @ ('b' | 'B')) => self.written.extend(['\\', bound]),
            Some('<') => self.written.push_str(r"\b{start}"),
            Some('>') => self.written.push_str(r"\b{end}"),
            Some('`') => self.written.push_str(r"\A"),
            Some('\'') => self.written.push_str(r"\z"),
            Some(digit @ '1'..='9') => {
                return Err(format!("\\{digit} in a regular expression is not supported"));
            }
            Some(character) => self.literal(character),
        }
        Ok(())
    }

    /// An operator, written as in an extended expression.
    fn special(&mut self, character: char) -> Result<(), String> {
        match character {
            '(' => {
                self.open += 1;
                self.written.push('(');
                self.has_operand = false;
            }
            ')' if self.open == 0 && !self.is_basic => self.literal(')'),
            ')' if self.open == 0 => return Err("invalid regular expression: unmatched )".to_owned()),
            ')' => {
                self.open -= 1;
                self.written.push(')');
                self.has_operand = true;
            }
            '|' => {
                self.written.push('|');
                self.has_operand = false;
            }
            '{' if !self.has_operand => self.literal('{'),
            '{' => return self.interval(),
            character if !self.has_operand => self.literal(character),
            character => self.written.push(character),
        }
        Ok(())
    }

    fn interval(&mut self) -> Result<(), String> {
        let mut inside = String::new();
        loop {
            match self.rest.next() {
                Some('\\') if self.is_basic && self.rest.peek() == Some(&'}') => {}
                Some('}') => break,
                Some(character @ ('0'..='9' | ',')) => inside.push(character),
                // Extended expressions may have a brace that is none.
                Some(other) if !self.is_basic => {
                    self.literal('{');
                    self.written.push_str(&inside);
                    return self.one(other);
                }
                _ => return Err("invalid regular expression: bad {}".to_owned()),
            }
        }
        if inside.starts_with(',') {
            inside.insert(0, '0');
        }
        self.written.push_str(&format!("{{{inside}}}"));
        Ok(())
    }

    fn at_start(&self) -> bool {
        self.written.is_empty() || self.written.ends_with(['(', '|'])
    }

    fn at_end(&self) -> bool {
        let mut rest = self.rest.clone();
        match rest.next() {
            None => true,
            Some('\\') => matches!(rest.next(), Some(')' | '|')),
            Some(_) => false,
        }
    }

    fn operand(&mut self, text: &str) {
        self.written.push_str(text);
        self.has_operand = true;
    }

    fn literal(&mut self, character: char) {
        let mut buffer = [0; 4];
        let escaped = regex::escape(character.encode_utf8(&mut buffer));
        self.operand(&escaped);
    }

    /// `[…]`, in which a backslash is a character like others.
    fn set(&mut self) -> Result<(), String> {
        let unmatched = || "invalid regular expression: unmatched [".to_owned();
        self.written.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.written.push('^');
        }
        let mut is_first = true;
        loop {
            match self.rest.next().ok_or_else(unmatched)? {
                ']' if !is_first => break,
                '[' if matches!(self.rest.peek(), Some(':' | '.' | '=')) => {
                    let kind = self.rest.next().ok_or_else(unmatched)?;
                    let mut name = String::new();
                    loop {
                        match self.rest.next().ok_or_else(unmatched)? {
                            end if end == kind && self.rest.peek() == Some(&']') => break,
                            character => name.push(character),
                        }
                    }
                    self.rest.next();
                    if kind == ':' {
                        self.written.push_str(&format!("[:{name}:]"));
                    } else {
                        self.written.push_str(&regex::escape(&name));
                    }
                }
                '-' if !is_first && self.rest.peek() != Some(&']') => self.written.push('-'),
                character => {
                    if "\\[]^&~-".contains(character) {
                        self.written.push('\\');
                    }
                    self.written.push(character);
                }
            }
            is_first = false;
        }
        self.operand("]");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_expressions_are_translated() {
        for (text, wanted) in [
            (r"a\(b*\)c", "a(b*)c"),
            ("a+b?", r"a\+b\?"),
            (r"a\+b\?", "a+b?"),
            ("*a", r"\*a"),
            ("^a$", "^a$"),
            ("a^b$c", r"a\^b\$c"),
            (r"x\{2,3\}", "x{2,3}"),
            ("[]a]", r"[\]a]"),
            ("[^[:space:]]*", "[^[:space:]]*"),
            (r"[\n]", r"[\\n]"),
            ("{}", r"\{\}"),
            (r"a\|b", "a|b"),
        ] {
            assert_eq!(basic(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn extended_expressions_are_translated() {
        for (text, wanted) in [
            ("(a|b)+c?", "(a|b)+c?"),
            ("x{2}", "x{2}"),
            ("a{,3}", "a{0,3}"),
            (r"\.\+", r"\.\+"),
            ("[a-z0-9._-]+", r"[a-z0-9._\-]+"),
            ("{a}", r"\{a\}"),
        ] {
            assert_eq!(extended(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_translated_is_an_error() {
        assert!(basic(r"\(a\)\1").is_err());
        assert!(basic("[a").is_err());
        assert!(basic("a\\").is_err());
    }
}
