//! JSON into a tree, with the words of Go's encoding/json for what is wrong. As Go's decoder does, it reads the first value
//! and looks at nothing behind it.

use super::tree::{DEPTH_MAX, NODES_MAX, Node, Tag, Value};

/// Reads the first value.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, String> {
    let mut text = Text { bytes, at: 0, nodes: 0 };
    text.blanks();
    if text.peek().is_none() {
        return Err("EOF".to_owned());
    }
    text.value(0)
}

struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: usize,
}

impl Text<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// That what stands here does not fit.
    fn unfit(&self, place: &str) -> String {
        let Some(byte) = self.peek() else { return "unexpected EOF".to_owned() };
        let shown = match byte {
            b'\'' => r"'\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            byte if byte.is_ascii_graphic() || byte == b' ' => format!("'{}'", char::from(byte)),
            b'\n' => r"'\n'".to_owned(),
            b'\t' => r"'\t'".to_owned(),
            b'\r' => r"'\r'".to_owned(),
            byte if byte.is_ascii() => format!(r"'\x{byte:02x}'"),
            byte => format!("'{}'", char::from(byte)),
        };
        format!("invalid character {shown} {place}")
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        self.nodes += 1;
        if depth > DEPTH_MAX || self.nodes > NODES_MAX {
            return Err("exceeded max depth".to_owned());
        }
        self.blanks();
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Scalar(Tag::Text, self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal("true", Value::Scalar(Tag::Flag, "true".to_owned()))?,
            Some(b'f') => self.literal("false", Value::Scalar(Tag::Flag, "false".to_owned()))?,
            Some(b'n') => self.literal("null", Value::Null)?,
            _ => return Err(self.unfit("looking for beginning of value")),
        };
        Ok(Node { line: 0, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut entries = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(entries));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unfit("looking for beginning of object key string"));
            }
            let name = self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unfit("after object key"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            entries.push((name, 0, value));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unfit("after object key:value pair")),
            }
        }
        self.at += 1;
        Ok(Value::Map(entries))
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.unfit("after array element")),
            }
        }
        self.at += 1;
        Ok(Value::List(items))
    }

    /// A text: its end is found here, what its escapes mean is known elsewhere.
    fn string(&mut self) -> Result<String, String> {
        let begin = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return Err(self.unfit(r"in \u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.unfit("in string escape code")),
                    }
                }
                Some(0x20..) => self.at += 1,
                Some(_) | None => return Err(self.unfit("in string literal")),
            }
        }
        self.at += 1;
        Ok(unquoted(&self.bytes[begin..self.at]))
    }

    fn number(&mut self) -> Result<Value, String> {
        let begin = self.at;
        let mut tag = Tag::Integer;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unfit("in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            tag = Tag::Float;
            self.at += 1;
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.unfit("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            tag = Tag::Float;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.unfit("in exponent of numeric literal"));
            }
            self.digits();
        }
        Ok(Value::Scalar(tag, String::from_utf8_lossy(&self.bytes[begin..self.at]).into_owned()))
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn literal(&mut self, literal: &str, value: Value) -> Result<Value, String> {
        for expected in literal.chars() {
            if self.peek().map(char::from) != Some(expected) {
                return Err(self.unfit(&format!("in literal {literal} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(value)
    }
}

/// What a text between quotes says. Half a pair of surrogates, and what is no UTF-8, becomes the sign for that, as in Go.
fn unquoted(quoted: &[u8]) -> String {
    let text = String::from_utf8_lossy(quoted);
    if let Ok(said) = serde_json::from_str(&text) {
        return said;
    }
    let mut whole = String::new();
    let mut rest = &text[1..text.len() - 1];
    while let Some((before, after)) = rest.split_once("\\u") {
        let begins_pair = after.starts_with(['d', 'D']);
        let pair =
            after.get(..10).and_then(|pair| serde_json::from_str::<String>(&format!("\"\\u{pair}\"")).ok());
        let one =
            after.get(..4).and_then(|one| serde_json::from_str::<String>(&format!("\"\\u{one}\"")).ok());
        let plain: String = serde_json::from_str(&format!("\"{before}\"")).unwrap_or_default();
        whole.push_str(&plain);
        let (said, length) = match (begins_pair, pair, one) {
            (true, Some(pair), _) if pair.chars().count() == 1 => (pair, 10),
            (_, _, Some(one)) => (one, 4),
            _ => (char::REPLACEMENT_CHARACTER.to_string(), 4),
        };
        whole.push_str(&said);
        rest = after.get(length..).unwrap_or_default();
    }
    whole.push_str(&serde_json::from_str::<String>(&format!("\"{rest}\"")).unwrap_or_default());
    whole
}
