//! What an attempt costs.

use std::collections::BTreeMap;

use super::attempt::{Attempt, FailureCode, Outcome};
use super::money::{Nanodollars, Picodollars};

/// The only device that there is yet.
pub const CPU: &str = "cpu";

/// A price list and what is asked for a minute on each device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// The list.
    pub list: PriceList,
    /// What a minute of a job costs at least, for whoever bids, by device.
    pub asks: BTreeMap<String, Nanodollars>,
}

/// Rates in pico-dollars. What an attempt used is multiplied with them and added up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceList {
    /// Stored with each cost, so that it can be explained later.
    pub version: u32,
    /// For each charged attempt.
    pub job: Picodollars,
    /// For a second of CPU time.
    pub cpu_second: Picodollars,
    /// For a GiB of linear memory over a second.
    pub gib_second: Picodollars,
    /// For a second on a device for inference.
    pub device_second: Picodollars,
    /// For a minute of wall time.
    pub wall_minute: Picodollars,
}

/// What an attempt costs, by which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// What it costs.
    pub amount: Picodollars,
    /// The list's version.
    pub version: u32,
}

const GIB: u128 = 1 << 30;
const SECOND: u128 = 1_000_000_000;
const MINUTE: u128 = 60 * SECOND;

/// What is asked for a minute on the processor where the operator does not say: a minute of CPU time by the
/// usual list. Without an ask, whoever bids next to nothing would pay next to nothing.
const CPU_ASK: Nanodollars = Nanodollars(3_000_000);

impl Default for Prices {
    fn default() -> Self {
        Self { list: PriceList::usual(), asks: BTreeMap::from([(CPU.to_owned(), CPU_ASK)]) }
    }
}

impl PriceList {
    /// About what clouds ask for functions: 0.00005 dollars a CPU-second, 0.000003 a GiB-second.
    pub fn usual() -> Self {
        Self {
            version: 1,
            cpu_second: Picodollars(50_000_000),
            gib_second: Picodollars(3_000_000),
            device_second: Picodollars(500_000_000),
            ..Self::default()
        }
    }

    /// As sharedcloud charged: 0.24 dollars a minute, so that the 20 seconds of seed 000 cost 0.08.
    pub fn sharedcloud() -> Self {
        Self { version: 1, wall_minute: Picodollars(240_000_000_000), ..Self::default() }
    }
}

impl Prices {
    /// What an attempt costs: by the list, but no more than was bid for a minute. Failed attempts are free;
    /// those that ran out of time or were cancelled while they ran are not.
    pub fn of(&self, attempt: &Attempt, bid: Option<Nanodollars>) -> Price {
        let charged = match &attempt.outcome {
            Outcome::Succeeded(_) => true,
            Outcome::Failed(failure) => match failure.code {
                FailureCode::Timeout | FailureCode::Cancelled => true,
                FailureCode::GuestError
                | FailureCode::ExitCode
                | FailureCode::Trap
                | FailureCode::OutOfMemory
                | FailureCode::CpuLimit
                | FailureCode::StackOverflow
                | FailureCode::OutputTooLarge
                | FailureCode::Denied
                | FailureCode::Interrupted
                | FailureCode::Host => false,
            },
        };
        let listed = if charged { self.listed(attempt) } else { 0 };
        let wall = u128::from(attempt.usage.wall_nanos);
        let most =
            bid.map_or(u128::MAX, |bid| (u128::from(bid.0) * 1000).saturating_mul(wall).div_ceil(MINUTE));
        let amount = u64::try_from(listed.min(most)).unwrap_or(u64::MAX);
        Price { amount: Picodollars(amount), version: self.list.version }
    }

    /// In pico-dollars, rounded up once.
    fn listed(&self, attempt: &Attempt) -> u128 {
        let (list, usage) = (&self.list, &attempt.usage);
        let over_time = [
            (list.cpu_second.0, usage.cpu_nanos, 60),
            (list.device_second.0, usage.device_nanos, 60),
            (list.wall_minute.0, usage.wall_nanos, 1),
        ];
        let time = over_time.iter().fold(0u128, |sum, (rate, nanos, factor)| {
            sum.saturating_add((u128::from(*rate) * u128::from(*nanos)).saturating_mul(*factor))
        });
        let memory = u128::from(list.gib_second.0) * u128::from(usage.memory_byte_seconds);
        // Whole pico-dollars first, then what is left of both over a common denominator.
        let left = (time % MINUTE) * GIB + (memory % GIB) * MINUTE;
        u128::from(list.job.0) + time / MINUTE + memory / GIB + left.div_ceil(MINUTE * GIB)
    }

    /// What is asked for a job-minute on a device.
    pub fn ask(&self, device: &str) -> Nanodollars {
        self.asks.get(device).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attempt::{Failure, Output};
    use crate::model::money::Line;
    use crate::model::time::Millis;
    use crate::model::usage::Usage;

    fn attempt(outcome: Outcome, cpu_nanos: u64, wall_nanos: u64) -> Attempt {
        let usage = Usage { cpu_nanos, wall_nanos, ..Usage::default() };
        Attempt {
            number: 1,
            outcome,
            exit_code: None,
            usage,
            devices: Vec::new(),
            started_at: Millis(0),
            ended_at: Millis(1),
        }
    }

    fn ended(code: FailureCode) -> Outcome {
        Outcome::Failed(Failure::new(code, "no"))
    }

    const WELL: Outcome = Outcome::Succeeded(Output::None);

    #[test]
    fn a_preset_gives_the_figures_of_seed_000() {
        let prices = Prices { list: PriceList::sharedcloud(), ..Prices::default() };
        let price = prices.of(&attempt(WELL, 1, 20_000_000_000), None);
        assert_eq!(price.amount, Picodollars(80_000_000_000));
    }

    #[test]
    fn failed_attempts_are_free() {
        let prices = Prices::default();
        let price = |outcome| prices.of(&attempt(outcome, 1_000_000_000, 1_000_000_000), None).amount;
        let second = prices.list.cpu_second;
        assert_eq!(price(WELL), second);
        assert_eq!(price(ended(FailureCode::Timeout)), second);
        assert_eq!(price(ended(FailureCode::Cancelled)), second);
        for code in FailureCode::ALL {
            let charged = matches!(code, FailureCode::Timeout | FailureCode::Cancelled);
            assert_eq!(price(ended(*code)) > Picodollars(0), charged, "{}", code.name());
        }
    }

    #[test]
    fn nobody_pays_more_than_was_bid() {
        let prices = Prices::default();
        let minute = attempt(WELL, 60_000_000_000, 60_000_000_000);
        assert_eq!(prices.of(&minute, Some(Nanodollars(1_000))).amount, Picodollars(1_000_000));
        assert_eq!(prices.of(&minute, Some(Nanodollars(u64::MAX))), prices.of(&minute, None));
    }

    #[test]
    fn a_million_small_jobs_cost_what_their_cpu_seconds_cost() {
        let prices = Prices::default();
        let mut line = Line::default();
        let small = attempt(WELL, 10_000, 12_000);
        (0..1_000_000).for_each(|_| {
            line.charge(prices.of(&small, None).amount);
        });
        let (charged, seconds) = (line.charged.0 as f64, prices.list.cpu_second.0 as f64 * 10.0 / 1000.0);
        assert!((charged / seconds - 1.0).abs() < 0.01, "{charged} for {seconds}");
    }

    #[test]
    fn the_dearest_attempt_there_can_be_does_not_overflow() {
        let most = Picodollars(1_000_000_000_000_000_000);
        let list = PriceList {
            version: 1,
            job: most,
            cpu_second: most,
            gib_second: most,
            device_second: most,
            wall_minute: most,
        };
        let prices = Prices { list, ..Prices::default() };
        let mut day = attempt(WELL, u64::MAX, u64::MAX);
        day.usage.memory_byte_seconds = u64::MAX;
        assert_eq!(prices.of(&day, Some(Nanodollars(u64::MAX))).amount, Picodollars(u64::MAX));
    }
}
