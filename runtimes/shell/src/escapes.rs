//! Backslash escapes of `$'…'`, `echo -e` and `printf`.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `$'…'`: octal numbers are `\nnn`, quotes can be escaped.
    Quote,
    /// `echo -e` and `%b`: octal numbers are `\0nnn` and `\nnn`, and `\c` ends all output.
    Echo,
    /// The format of `printf`: octal numbers are `\nnn`, quotes can be escaped.
    Format,
}

/// The bytes that a text stands for, and whether `\c` ended it.
pub(crate) fn decode(text: &str, dialect: Dialect) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        if dialect == Dialect::Echo && rest.starts_with('c') {
            return (bytes, true);
        }
        rest = decode_one(rest, dialect, &mut bytes);
    }
    bytes.extend_from_slice(rest.as_bytes());
    (bytes, false)
}

/// Decodes what follows a backslash. Returns the rest.
pub(crate) fn decode_one<'a>(rest: &'a str, dialect: Dialect, bytes: &mut Vec<u8>) -> &'a str {
    let Some(letter) = rest.chars().next() else {
        bytes.push(b'\\');
        return rest;
    };
    let after = &rest[letter.len_utf8()..];
    let simple = match letter {
        'a' => 7,
        'b' => 8,
        'e' | 'E' => 27,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' | '"' | '?' if dialect != Dialect::Echo => letter as u8,
        'c' if dialect == Dialect::Quote => {
            let Some(control) = after.chars().next().filter(char::is_ascii) else { return after };
            bytes.push(control as u8 & 31);
            return &after[1..];
        }
        'x' | 'u' | 'U' => return decode_hexadecimal(rest, letter, bytes),
        '0'..='7' => {
            let digits = if dialect == Dialect::Echo && letter == '0' { after } else { rest };
            let (number, used) = number(digits, 8, 3);
            bytes.push(number as u8);
            return &digits[used..];
        }
        _ => {
            bytes.push(b'\\');
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return after;
        }
    };
    bytes.push(simple);
    after
}

fn decode_hexadecimal<'a>(rest: &'a str, letter: char, bytes: &mut Vec<u8>) -> &'a str {
    let digits = &rest[1..];
    let (number, used) = number(
        digits,
        16,
        if letter == 'x' {
            2
        } else if letter == 'u' {
            4
        } else {
            8
        },
    );
    if used == 0 {
        bytes.push(b'\\');
        bytes.push(letter as u8);
    } else if letter == 'x' {
        bytes.push(number as u8);
    } else {
        let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    &digits[used..]
}

/// The number that so many digits at most make, and how many there are.
fn number(text: &str, radix: u32, digits_max: usize) -> (u32, usize) {
    let digits = text.chars().take(digits_max).take_while(|digit| digit.is_digit(radix)).count();
    (u32::from_str_radix(&text[..digits], radix).unwrap_or(0), digits)
}
