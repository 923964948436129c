//! Money: integers with a unit, and decimals only at the edge.
//!
//! What something costs is worked out in pico-dollars. What is charged is whole nano-dollars: what is over
//! is kept for the next charge on the same line of the account's ledger, so that many small charges
//! come to what one large one would. See `docs/decisions/0005-fractions-are-carried.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Billionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Nanodollars(pub u64);

/// Trillionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Picodollars(pub u64);

/// Pico-dollars of a nano-dollar.
const PICOS: u64 = 1000;
/// The largest price that is taken, in dollars.
pub const DOLLARS_MAX: u64 = 1_000_000;

impl Nanodollars {
    /// Places after the point of a dollar.
    const PLACES: usize = 9;

    /// Reads dollars, as in `0.25`, exactly.
    ///
    /// # Errors
    /// Says what a price may be.
    pub fn parse(field: &str, dollars: &str) -> Result<Self> {
        decimal(field, dollars, Self::PLACES).map(Self)
    }
}

impl Picodollars {
    /// Places after the point of a dollar.
    const PLACES: usize = 12;

    /// Reads dollars, as in `0.0000125`, exactly.
    ///
    /// # Errors
    /// Says what a price may be.
    pub fn parse(field: &str, dollars: &str) -> Result<Self> {
        decimal(field, dollars, Self::PLACES).map(Self)
    }
}

/// A decimal as a whole number of its last place.
fn decimal(field: &str, text: &str, places: usize) -> Result<u64> {
    let error = || {
        let message = format!(
            "{field} must be dollars as a decimal with at most {places} places, from 0 to {DOLLARS_MAX}"
        );
        Error::invalid(message).field(field)
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() > 7 || part.len() > places {
        return Err(error());
    }
    let unit = 10u64.pow(places as u32);
    let whole: u64 = whole.parse().map_err(|_| error())?;
    let part: u64 = format!("{part:0<places$}").parse().map_err(|_| error())?;
    if whole > DOLLARS_MAX || (whole == DOLLARS_MAX && part > 0) {
        return Err(error());
    }
    Ok(whole * unit + part)
}

/// Dollars as an exact decimal: a float would round.
impl fmt::Display for Nanodollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10u64.pow(Self::PLACES as u32);
        let text = format!("{}.{:09}", self.0 / unit, self.0 % unit);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// What was charged on one line of a ledger, and by how much less than a nano-dollar it is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line {
    /// What was charged.
    pub charged: Nanodollars,
    /// What of it is not used yet: 0 to 999.
    pub ahead: Picodollars,
}

impl Line {
    /// Charges an amount: whole nano-dollars, rounded up where what is ahead does not cover it.
    pub fn charge(&mut self, amount: Picodollars) -> Nanodollars {
        let due = amount.0.saturating_sub(self.ahead.0);
        let charged = due.div_ceil(PICOS);
        self.ahead = Picodollars((self.ahead.0 + charged.saturating_mul(PICOS)).saturating_sub(amount.0));
        self.charged = Nanodollars(self.charged.0.saturating_add(charged));
        Nanodollars(charged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prices_are_exact() {
        let price = |text| Nanodollars::parse("bidPrice", text);
        assert_eq!(price("0.1").ok(), Some(Nanodollars(100_000_000)));
        assert_eq!(price("2.000000001").ok(), Some(Nanodollars(2_000_000_001)));
        assert_eq!(Nanodollars(2_000_000_001).to_string(), "2.000000001");
        assert_eq!(Nanodollars(3_000_000_000).to_string(), "3");
        assert_eq!(Picodollars::parse("cpuSecond", "0.000000000001").ok(), Some(Picodollars(1)));
        for bad in ["-1", "1e3", "", "0.0000000001", "12345678", "1000000.1", "null", "[1]", ".", "1."] {
            assert!(price(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn many_charges_come_to_what_one_would(amounts in prop::collection::vec(0u64..5_000_000, 0..200)) {
            let mut line = Line::default();
            let charged: u64 = amounts.iter().map(|amount| line.charge(Picodollars(*amount)).0).sum();
            let exact: u64 = amounts.iter().sum();
            prop_assert_eq!(charged, line.charged.0);
            prop_assert_eq!(charged, exact.div_ceil(1000));
            prop_assert!(line.ahead.0 < 1000);
        }
    }
}
