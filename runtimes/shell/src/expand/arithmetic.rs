//! Arithmetic: `$((…))`, `((…))` and `let`, with the operators of C on 64 bits, which wrap around.
//!
//! An expression is evaluated while it is read. A part that is not evaluated, such as the right side of
//! `0 && x++`, is read all the same, and assigns nothing.

use crate::shell::Shell;
use crate::syntax::is_name;

/// Parentheses, signs and variables that stand for expressions, in each other.
const DEPTH_MAX: u32 = 100;

/// Operators with two sides, longest first, and how strongly they bind.
const BINARY: [(&str, u8); 20] = [
    ("**", 11),
    ("<<", 8),
    (">>", 8),
    ("<=", 7),
    (">=", 7),
    ("==", 6),
    ("!=", 6),
    ("&&", 2),
    ("||", 1),
    ("*", 10),
    ("/", 10),
    ("%", 10),
    ("+", 9),
    ("-", 9),
    ("<", 7),
    (">", 7),
    ("&", 5),
    ("^", 4),
    ("|", 3),
    ("?", 0),
];

/// Longest first.
const ASSIGNMENTS: [&str; 11] = ["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "="];

pub(crate) fn evaluate(shell: &mut Shell, text: &str) -> Result<i64, String> {
    evaluate_at(shell, text, 0)
}

fn evaluate_at(shell: &mut Shell, text: &str, depth: u32) -> Result<i64, String> {
    let mut evaluator = Evaluator { shell, text, position: 0, depth, skipping: 0 };
    if evaluator.rest().is_empty() {
        return Ok(0);
    }
    let value = evaluator.sequence()?;
    match evaluator.rest() {
        "" => Ok(value),
        rest => Err(format!("arithmetic syntax error at {:?}", rest.chars().take(20).collect::<String>())),
    }
}

struct Evaluator<'a> {
    shell: &'a mut Shell,
    text: &'a str,
    position: usize,
    depth: u32,
    /// Parts around this one that are not evaluated.
    skipping: u32,
}

/// What an assignment changes.
struct Target {
    name: String,
    index: Option<i64>,
}

impl<'a> Evaluator<'a> {
    /// What is left after blanks.
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.position..];
        let trimmed = rest.trim_start();
        self.position += rest.len() - trimmed.len();
        trimmed
    }

    fn take(&mut self, operator: &str) -> bool {
        let found = self.rest().starts_with(operator);
        if found {
            self.position += operator.len();
        }
        found
    }

    fn sequence(&mut self) -> Result<i64, String> {
        let mut value = self.choice()?;
        while self.take(",") {
            value = self.choice()?;
        }
        Ok(value)
    }

    /// `condition ? one : other`, or what binds stronger.
    fn choice(&mut self) -> Result<i64, String> {
        if self.depth >= DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        self.depth += 1;
        let mut value = self.binary(1)?;
        if self.take("?") {
            let is_true = value != 0;
            let one = self.skipped(!is_true, Self::sequence)?;
            if !self.take(":") {
                return Err("\":\" expected".to_owned());
            }
            let other = self.skipped(is_true, Self::choice)?;
            value = if is_true { one } else { other };
        }
        self.depth -= 1;
        Ok(value)
    }

    fn skipped(
        &mut self,
        skips: bool,
        part: impl FnOnce(&mut Self) -> Result<i64, String>,
    ) -> Result<i64, String> {
        self.skipping += u32::from(skips);
        let value = part(self);
        self.skipping -= u32::from(skips);
        value
    }

    fn binary(&mut self, weakest: u8) -> Result<i64, String> {
        let mut left = self.unary()?;
        loop {
            let rest = self.rest();
            let found = BINARY.iter().find(|(operator, _)| rest.starts_with(operator));
            let Some((operator, strength)) =
                found.filter(|(_, strength)| *strength >= weakest && *strength > 0)
            else {
                return Ok(left);
            };
            self.position += operator.len();
            // The power binds to the right, all others to the left.
            let next = if *operator == "**" { *strength } else { strength + 1 };
            let skips = (*operator == "&&" && left == 0) || (*operator == "||" && left != 0);
            let right = self.skipped(skips, |evaluator| {
                evaluator.depth += 1;
                if evaluator.depth >= 2 * DEPTH_MAX {
                    return Err(format!("nested deeper than {DEPTH_MAX} levels"));
                }
                let right = evaluator.binary(next);
                evaluator.depth -= 1;
                right
            })?;
            left = if self.skipping > 0 { 0 } else { apply(operator, left, right)? };
        }
    }

    fn unary(&mut self) -> Result<i64, String> {
        let rest = self.rest();
        for step in ["++", "--"] {
            if rest.starts_with(step)
                && rest[2..]
                    .trim_start()
                    .starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
            {
                self.position += 2;
                let target = self.target()?;
                let value = self.value(&target)?.wrapping_add(if step == "++" { 1 } else { -1 });
                return self.assign(&target, value);
            }
        }
        let Some(sign) = rest.chars().next().filter(|sign| "+-!~".contains(*sign)) else {
            return self.primary();
        };
        if self.depth >= 2 * DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        self.position += 1;
        self.depth += 1;
        let value = self.unary()?;
        self.depth -= 1;
        Ok(match sign {
            '-' => value.wrapping_neg(),
            '!' => i64::from(value == 0),
            '~' => !value,
            _ => value,
        })
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.take("(") {
            let value = self.sequence()?;
            return if self.take(")") { Ok(value) } else { Err("\")\" expected".to_owned()) };
        }
        match self.rest().chars().next() {
            Some(digit) if digit.is_ascii_digit() => self.literal(),
            Some(first) if first == '_' || first.is_ascii_alphabetic() => self.variable(),
            Some(found) => Err(format!("arithmetic syntax error at {found:?}")),
            None => Err("operand expected".to_owned()),
        }
    }

    fn literal(&mut self) -> Result<i64, String> {
        let rest = self.rest();
        let end =
            rest.find(|character: char| !character.is_ascii_alphanumeric() && !"#@_".contains(character));
        let literal = &rest[..end.unwrap_or(rest.len())];
        self.position += literal.len();
        number(literal).ok_or_else(|| format!("{literal}: not a number"))
    }

    /// A variable, which may be assigned to.
    fn variable(&mut self) -> Result<i64, String> {
        let target = self.target()?;
        let rest = self.rest();
        for (step, by) in [("++", 1), ("--", -1)] {
            if rest.starts_with(step) {
                self.position += 2;
                let value = self.value(&target)?;
                self.assign(&target, value.wrapping_add(by))?;
                return Ok(value);
            }
        }
        let assignment = ASSIGNMENTS.iter().find(|operator| rest.starts_with(**operator));
        let Some(assignment) = assignment.filter(|_| !rest.starts_with("==")) else {
            return self.value(&target);
        };
        self.position += assignment.len();
        let right = self.choice()?;
        let operator = &assignment[..assignment.len() - 1];
        let value = if operator.is_empty() || self.skipping > 0 {
            right
        } else {
            apply(operator, self.value(&target)?, right)?
        };
        self.assign(&target, value)
    }

    fn target(&mut self) -> Result<Target, String> {
        let rest = self.rest();
        let end = rest.find(|character: char| character != '_' && !character.is_ascii_alphanumeric());
        let name = rest[..end.unwrap_or(rest.len())].to_owned();
        self.position += name.len();
        if !self.text[self.position..].starts_with('[') {
            return Ok(Target { name, index: None });
        }
        self.position += 1;
        let index = self.choice()?;
        if self.take("]") {
            Ok(Target { name, index: Some(index) })
        } else {
            Err("\"]\" expected".to_owned())
        }
    }

    fn value(&mut self, target: &Target) -> Result<i64, String> {
        if self.skipping > 0 {
            return Ok(0);
        }
        let text = match target.index {
            Some(index) => self.shell.variables.element(&target.name, index),
            None => self.shell.variable(&target.name).map(|text| text.to_string()),
        };
        let text = match text {
            None if self.shell.options.unset_is_error => {
                return Err(format!("{}: parameter not set", target.name));
            }
            None => return Ok(0),
            Some(text) => text,
        };
        let text = text.trim();
        match number(text) {
            Some(value) => Ok(value),
            None if text.is_empty() => Ok(0),
            None if self.depth >= DEPTH_MAX => Err(format!("nested deeper than {DEPTH_MAX} levels")),
            // A variable may stand for another, or for an expression.
            None => evaluate_at(self.shell, text, self.depth + 1),
        }
    }

    fn assign(&mut self, target: &Target, value: i64) -> Result<i64, String> {
        if self.skipping > 0 {
            return Ok(value);
        }
        if !is_name(&target.name) {
            return Err(format!("{:?} cannot be assigned to", target.name));
        }
        match target.index {
            Some(index) => self.shell.variables.set_element(&target.name, index, value.to_string())?,
            None => self.shell.variables.set(&target.name, value.to_string())?,
        }
        Ok(value)
    }
}

/// A number as the shell writes them: decimal, `0x` hexadecimal, `0` octal, `base#digits`.
pub(crate) fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if let Some((base, digits)) = digits.split_once('#') {
        let base = base.parse().ok().filter(|base| (2..=36).contains(base))?;
        i64::from_str_radix(digits, base).ok()?
    } else if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        u64::from_str_radix(digits, 16).ok()?.cast_signed()
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(&digits[1..], 8).ok()?
    } else if digits.starts_with(|first: char| first.is_ascii_digit()) {
        // One more than the largest, so that the smallest can be written.
        digits.parse::<u64>().ok()?.cast_signed()
    } else {
        return None;
    };
    Some(if negative { value.wrapping_neg() } else { value })
}

fn apply(operator: &str, left: i64, right: i64) -> Result<i64, String> {
    Ok(match operator {
        "**" => power(left, right)?,
        "*" => left.wrapping_mul(right),
        "/" | "%" if right == 0 => return Err("division by zero".to_owned()),
        "/" => left.wrapping_div(right),
        "%" => left.wrapping_rem(right),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "<<" => left.wrapping_shl(right as u32),
        ">>" => left.wrapping_shr(right as u32),
        "<" => i64::from(left < right),
        "<=" => i64::from(left <= right),
        ">" => i64::from(left > right),
        ">=" => i64::from(left >= right),
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "&" => left & right,
        "^" => left ^ right,
        "|" => left | right,
        "&&" => i64::from(left != 0 && right != 0),
        "||" => i64::from(left != 0 || right != 0),
        operator => return Err(format!("no operator {operator}")),
    })
}

fn power(base: i64, exponent: i64) -> Result<i64, String> {
    let mut exponent = u64::try_from(exponent).map_err(|_| "exponent less than 0".to_owned())?;
    let (mut result, mut factor) = (1_i64, base);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result.wrapping_mul(factor);
        }
        factor = factor.wrapping_mul(factor);
        exponent /= 2;
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Descriptors;

    #[test]
    fn expressions_have_the_value_that_c_gives_them() {
        let mut shell = Shell::new("test", Vec::new(), Descriptors::default());
        for (text, wanted) in [
            ("1 + 2 * 3", 7),
            ("(1 + 2) * 3", 9),
            ("7 / 2 - 7 % 4", 0),
            ("2 ** 3 ** 2", 512),
            ("1 << 4 | 1", 17),
            ("5 > 3 && 2 != 2 || 1", 1),
            ("1 ? 2 ? 3 : 4 : 5", 3),
            ("x = 4, x += 3, x++, x", 8),
            ("-x + ~0 + !0", -8),
            ("0 && (x = 100), x", 8),
            ("010 + 0x10 + 2#101", 29),
            ("--x", 7),
            ("x-- - 1", 6),
            ("9223372036854775807 + 1", i64::MIN),
            ("-9223372036854775808", i64::MIN),
            ("", 0),
        ] {
            assert_eq!(evaluate(&mut shell, text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_wrong_expression_is_an_error() {
        let mut shell = Shell::new("test", Vec::new(), Descriptors::default());
        shell.variables.set("loop", "loop + 1").unwrap();
        for text in
            ["1 / 0", "1 +", "(1", "1 2", "2 ** -1", "loop", "08", &"(".repeat(100_000), &"-".repeat(100_000)]
        {
            assert!(evaluate(&mut shell, text).is_err(), "{text:.20}");
        }
        assert!(evaluate(&mut shell, &"1?".repeat(100_000)).is_err());
        assert!(evaluate(&mut shell, &"x=".repeat(100_000)).is_err());
        assert!(evaluate(&mut shell, &"2**".repeat(100_000)).is_err());
    }
}
