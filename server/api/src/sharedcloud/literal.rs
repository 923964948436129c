//! Python literals: the text of a tuple of tuples to JSON. Read as Python itself reads them, without running anything.

mod written;

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use skep_domain::{Code, Error, Result};

pub(super) use self::written::tuple;
use super::error::wrong;

/// Literals in each other.
const DEPTH_MAX: usize = 32;
/// Literals of a text, inner ones too.
const LITERALS_MAX: usize = 1_000_000;

const FIELD: &str = "parameters";
const NO_TUPLES: &str =
    r#""parameters" needs to have the structure of a tuple of tuples. e.g., ((1, 2), (3, 4))"#;
const NONE: &str = r#""parameters" needs to contain at least one inner tuple. Don't forget the comma at the end: e.g., ((1, 2),)"#;
const NO_INNER: &str =
    r#""parameters" need to contain inner tuples. Don't forget the comma at the end: e.g., ((1, 2),)"#;

/// The arguments of each job, as JSON arrays, of the text of a tuple of tuples.
pub(super) fn tuples(text: &str, jobs_max: usize) -> Result<Vec<Box<RawValue>>> {
    let mut reader = Reader { rest: text, depth: 0, left: LITERALS_MAX };
    let literal = reader.document().map_err(|why| wrong(FIELD, format!("{NO_TUPLES} ({why})")))?;
    let Literal::Tuple(inner) = literal else { return Err(wrong(FIELD, NO_TUPLES)) };
    if text.trim().is_empty() {
        return Err(wrong(FIELD, NO_TUPLES));
    }
    if inner.is_empty() {
        return Err(wrong(FIELD, NONE));
    }
    if inner.len() > jobs_max {
        return Err(
            Error::new(Code::TooLarge, format!("a run may have {jobs_max} jobs at most")).field(FIELD)
        );
    }
    let tuple = |literal| match literal {
        Literal::Tuple(_) => serde_json::value::to_raw_value(&Value::from(literal)).map_err(Error::internal),
        Literal::Value(_) => Err(wrong(FIELD, NO_INNER)),
    };
    inner.into_iter().map(tuple).collect()
}

/// A literal: tuples are told from lists where it matters.
enum Literal {
    Tuple(Vec<Literal>),
    Value(Value),
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::Tuple(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Literal::Value(value) => value,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    /// How many more literals there may be.
    left: usize,
}

type Read<T> = std::result::Result<T, String>;

impl Reader<'_> {
    /// All of the text. At the top a tuple needs no brackets.
    fn document(&mut self) -> Read<Literal> {
        let literal = self.several("")?;
        self.space();
        if self.rest.is_empty() { Ok(literal) } else { Err(self.unexpected()) }
    }

    /// Literals with commas between them, up to a bracket: one without a comma is itself.
    fn several(&mut self, end: &str) -> Read<Literal> {
        let mut items = Vec::new();
        loop {
            self.space();
            if self.at_end(end) {
                return Ok(Literal::Tuple(items));
            }
            items.push(self.literal()?);
            self.space();
            if !self.take(",") {
                return match (self.at_end(end), items.len()) {
                    (false, _) => Err(self.unexpected()),
                    (true, 1) => Ok(items.remove(0)),
                    (true, _) => Ok(Literal::Tuple(items)),
                };
            }
        }
    }

    fn at_end(&mut self, end: &str) -> bool {
        if end.is_empty() { self.rest.is_empty() } else { self.rest.starts_with(end) }
    }

    fn literal(&mut self) -> Read<Literal> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("it may be {DEPTH_MAX} deep"));
        }
        self.left = self.left.checked_sub(1).ok_or(format!("it may have {LITERALS_MAX} literals"))?;
        self.space();
        let value = match self.rest.as_bytes().first() {
            Some(b'(') => {
                self.take("(");
                let literal = self.several(")")?;
                self.take(")");
                self.depth -= 1;
                return Ok(literal);
            }
            Some(b'[') => Value::Array(self.list()?),
            Some(b'{') => Value::Object(self.dictionary()?),
            Some(b'\'' | b'"') => Value::String(self.texts()?),
            Some(b'0'..=b'9' | b'.' | b'-' | b'+') => Value::Number(self.number()?),
            Some(_) => self.word()?,
            None => return Err("it ends too early".into()),
        };
        self.depth -= 1;
        Ok(Literal::Value(value))
    }

    fn list(&mut self) -> Read<Vec<Value>> {
        self.take("[");
        let mut items = Vec::new();
        loop {
            self.space();
            if self.take("]") {
                return Ok(items);
            }
            items.push(self.literal()?.into());
            self.space();
            if !self.take(",") && !self.rest.starts_with(']') {
                return Err(self.unexpected());
            }
        }
    }

    fn dictionary(&mut self) -> Read<Map<String, Value>> {
        self.take("{");
        let mut entries = Map::new();
        loop {
            self.space();
            if self.take("}") {
                return Ok(entries);
            }
            let Value::String(name) = self.literal()?.into() else {
                return Err("the keys of a dictionary must be texts".into());
            };
            self.space();
            if !self.take(":") {
                return Err(self.unexpected());
            }
            entries.insert(name, self.literal()?.into());
            self.space();
            if !self.take(",") && !self.rest.starts_with('}') {
                return Err(self.unexpected());
            }
        }
    }

    fn word(&mut self) -> Read<Value> {
        for (word, value) in [("None", Value::Null), ("True", true.into()), ("False", false.into())] {
            if self.take(word) {
                return Ok(value);
            }
        }
        Err(self.unexpected())
    }

    fn number(&mut self) -> Read<Number> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
        let mut end = self.rest.find(|c: char| !is_part(c)).unwrap_or(self.rest.len());
        // A sign belongs to a number at its begin, and after an exponent.
        let signs = self.rest[..end].match_indices(['+', '-']).map(|(at, _)| at);
        let stray = |at: &usize| *at > 0 && !self.rest[..*at].ends_with(['e', 'E']);
        end = signs.into_iter().find(stray).unwrap_or(end);
        let text = self.rest[..end].replace('_', "");
        let number = of_number(&text).ok_or_else(|| format!("{text} is no number that can be kept"))?;
        self.rest = &self.rest[end..];
        Ok(number)
    }

    /// Texts that stand side by side are one.
    fn texts(&mut self) -> Read<String> {
        let mut text = String::new();
        while let Some(quote @ ('\'' | '"')) = self.rest.chars().next() {
            let triple = quote.to_string().repeat(3);
            let quote = if self.take(&triple) { triple } else { quote.to_string() };
            if quote.len() == 1 {
                self.take(&quote);
            }
            while !self.take(&quote) {
                self.character(quote.len() == 3, &mut text)?;
            }
            self.space();
        }
        Ok(text)
    }

    fn next(&mut self) -> Read<char> {
        let mut characters = self.rest.chars();
        let next = characters.next().ok_or("a text does not end")?;
        self.rest = characters.as_str();
        Ok(next)
    }

    fn character(&mut self, may_break: bool, text: &mut String) -> Read<()> {
        match self.next()? {
            '\\' => self.escaped(text),
            '\n' if !may_break => Err("a text does not end in its line".into()),
            other => {
                text.push(other);
                Ok(())
            }
        }
    }

    fn escaped(&mut self, text: &mut String) -> Read<()> {
        let plain = match self.next()? {
            // A line that goes on.
            '\n' => return Ok(()),
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            kind @ ('\\' | '\'' | '"') => kind,
            digit @ '0'..='7' => self.octal(digit)?,
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'U' => self.hexadecimal(8)?,
            // What is no escape is itself.
            other => {
                text.push('\\');
                other
            }
        };
        text.push(plain);
        Ok(())
    }

    /// Up to three digits, of which one is read.
    fn octal(&mut self, first: char) -> Read<char> {
        let more = self.rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        let digits = format!("{first}{}", &self.rest[..more]);
        self.rest = &self.rest[more..];
        named(u32::from_str_radix(&digits, 8).ok())
    }

    fn hexadecimal(&mut self, digits: usize) -> Read<char> {
        let hex = self.rest.get(..digits).ok_or("a text does not end")?;
        self.rest = &self.rest[digits..];
        let is_hex = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        named(u32::from_str_radix(hex, 16).ok().filter(|_| is_hex))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn take(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn unexpected(&self) -> String {
        match self.rest.chars().next() {
            Some(_) => format!("{:?} is not understood", self.rest.chars().take(20).collect::<String>()),
            None => "it ends too early".into(),
        }
    }
}

/// The character of a code.
fn named(code: Option<u32>) -> Read<char> {
    code.and_then(char::from_u32).ok_or_else(|| "an escape names no character".into())
}

/// A number in Python's way of writing: whole ones up to 64 bits.
fn of_number(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let radix = |prefix: &str| digits.to_ascii_lowercase().strip_prefix(prefix).map(str::to_owned);
    let whole = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| radix(prefix).and_then(|digits| u64::from_str_radix(&digits, base).ok()));
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    // Older Pythons read these as octal, newer ones not at all.
    if is_decimal && digits.starts_with('0') && digits.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let whole = whole.or_else(|| digits.parse().ok().filter(|_| is_decimal));
    if let Some(whole) = whole {
        return match is_negative {
            true => 0i64.checked_sub_unsigned(whole).map(Number::from),
            false => Some(Number::from(whole)),
        };
    }
    let is_float = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !is_decimal;
    let float: f64 = digits.parse().ok().filter(|_| is_float)?;
    Number::from_f64(if is_negative { -float } else { float })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Vec<String> {
        tuples(text, 1000).expect(text).iter().map(|tuple| tuple.get().to_owned()).collect()
    }

    #[test]
    fn a_tuple_of_tuples_is_the_arguments_of_each_job() {
        assert_eq!(json("((512, 0.2, 10, 2),)"), ["[512,0.2,10,2]"]);
        assert_eq!(json("((1, 2), (3, 4))"), ["[1,2]", "[3,4]"]);
        assert_eq!(json("(1,), (2,),"), ["[1]", "[2]"]);
        assert_eq!(json("( (), )"), ["[]"]);
        assert_eq!(
            json(r#"(("a'b" 'c', "\n\x41\u00e9", None, True, False, [1, (2,)], {'k': -1},),)"#),
            [r#"["a'bc","\nAé",null,true,false,[1,[2]],{"k":-1}]"#]
        );
        assert_eq!(
            json("((1_000, 0x10, -5, 1., .5, 1e3, -2.5e-3),)"),
            ["[1000,16,-5,1.0,0.5,1000.0,-0.0025]"]
        );
        assert_eq!(json("(('''a\nb''',),)"), [r#"["a\nb"]"#]);
    }

    #[test]
    fn what_is_none_is_refused_in_the_words_of_the_product() {
        for (text, says) in [
            ("", NO_TUPLES),
            ("1", NO_TUPLES),
            ("((1, 2)", NO_TUPLES),
            ("((1 2),)", NO_TUPLES),
            ("((a,),)", NO_TUPLES),
            ("(('a,),)", NO_TUPLES),
            ("((1-2,),)", NO_TUPLES),
            ("((inf,),)", NO_TUPLES),
            (r"(('\x+1',),)", NO_TUPLES),
            ("((0123,),)", NO_TUPLES),
            ("((99999999999999999999,),)", NO_TUPLES),
            ("__import__('os')", NO_TUPLES),
            ("((1,),) ;", NO_TUPLES),
            ("()", NONE),
            ("((1, 2))", NO_INNER),
            ("(1, 2)", NO_INNER),
            ("([1],)", NO_INNER),
        ] {
            let error = tuples(text, 1000).expect_err(text);
            assert!(error.message().starts_with(says), "{text}: {}", error.message());
        }
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(tuples(&deep, 1000).expect_err("too deep").message().contains("32 deep"));
        assert_eq!(tuples("((1,), (2,))", 1).expect_err("too many").code(), Code::TooLarge);
        let many = format!("({})", "(),".repeat(LITERALS_MAX));
        assert!(tuples(&many, 1000).expect_err("too many").message().contains("1000000 literals"));
    }
}
