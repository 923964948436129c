//! The functions that expressions may call: those of the library, Tork's own, and the one that makes objects.

use expr::{Environment, Result, Value, bail};

use crate::spelling::MAP;

/// Numbers in a sequence. Each takes some ten bytes of its own, and there is little memory.
const SEQUENCE_LENGTH_MAX: i64 = 1_000_000;

/// Where expressions run.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.add_function("randomInt", |call| random_int(&call.args));
    environment.add_function("sequence", |call| sequence(&call.args));
    environment.add_function(MAP, |call| map(call.args));
    environment
}

/// `randomInt()` is any integer from 0, `randomInt(n)` one below n.
fn random_int(arguments: &[Value]) -> Result<Value> {
    match arguments {
        [] => Ok(Value::Integer((random() >> 1) as i64)),
        [Value::Integer(end)] if *end > 0 => {
            // The number's part of 2^64 is as large a part of the end.
            let product = u128::from(random()) * u128::from(end.unsigned_abs());
            Ok(Value::Integer((product >> 64) as i64))
        }
        [Value::Integer(end)] => bail!("randomInt() takes an integer above 0, not {end}"),
        [_] => bail!("randomInt() takes an integer"),
        _ => bail!("randomInt() takes no argument or one, not {}", arguments.len()),
    }
}

/// `sequence(start, stop)` is the integers from start up to before stop.
fn sequence(arguments: &[Value]) -> Result<Value> {
    let [Value::Integer(start), Value::Integer(stop)] = arguments else {
        bail!("sequence() takes two integers");
    };
    match stop.checked_sub(*start) {
        Some(length) if length <= SEQUENCE_LENGTH_MAX => {
            Ok(Value::Array((*start..*stop).map(Value::Integer).collect()))
        }
        _ if start > stop => Ok(Value::Array(Vec::new())),
        _ => bail!("sequence() makes at most {SEQUENCE_LENGTH_MAX} numbers"),
    }
}

/// Keys and values in turn.
fn map(arguments: Vec<Value>) -> Result<Value> {
    let mut entries = Vec::with_capacity(arguments.len() / 2);
    let mut arguments = arguments.into_iter();
    while let (Some(key), Some(value)) = (arguments.next(), arguments.next()) {
        let Value::String(key) = key else { bail!("keys are texts") };
        entries.push((key, value));
    }
    Ok(Value::from_iter(entries))
}

/// Random bits, the host's.
#[cfg(target_family = "wasm")]
fn random() -> u64 {
    wasip2::random::random::get_random_u64()
}

/// Random bits, for tests.
#[cfg(not(target_family = "wasm"))]
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(start: i64, stop: i64) -> Option<Vec<i64>> {
        let values = sequence(&[start.into(), stop.into()]).ok()?;
        values.as_array()?.iter().map(Value::as_integer).collect()
    }

    #[test]
    fn a_sequence_ends_before_its_stop() {
        assert_eq!(integers(1, 4), Some(vec![1, 2, 3]));
        assert_eq!(integers(-3, -1), Some(vec![-3, -2]));
        assert_eq!(integers(7, 7), Some(vec![]));
        assert_eq!(integers(7, 6), Some(vec![]));
        assert_eq!(integers(i64::MAX, i64::MIN), Some(vec![]));
    }

    #[test]
    fn a_sequence_has_a_limit() {
        assert_eq!(integers(1, SEQUENCE_LENGTH_MAX + 1).map(|integers| integers.len()), Some(1_000_000));
        assert_eq!(integers(0, SEQUENCE_LENGTH_MAX + 1), None);
        assert_eq!(integers(i64::MIN, i64::MAX), None);
        assert!(sequence(&[1.into()]).is_err() && sequence(&[1.into(), "2".into()]).is_err());
    }

    #[test]
    fn random_integers_are_below_their_end() {
        let below = |end: i64| random_int(&[end.into()]).ok().and_then(|value| value.as_integer());
        let drawn: Vec<i64> = (0..200).filter_map(|_| below(3)).collect();
        assert!(drawn.len() == 200 && (0..3).all(|value| drawn.contains(&value)));
        assert!(drawn.iter().all(|value| (0..3).contains(value)));
        assert_eq!(below(1), Some(0));
        assert!(below(i64::MAX).is_some_and(|value| value >= 0));
        assert_eq!((below(0), below(-1)), (None, None));
    }

    #[test]
    fn random_integers_differ() {
        let drawn: std::collections::HashSet<i64> =
            (0..100).filter_map(|_| random_int(&[]).ok()?.as_integer()).collect();
        assert!(drawn.len() == 100 && drawn.iter().all(|value| *value >= 0));
        for wrong in [vec![Value::Nil], vec!["5".into()], vec![1.5.into()], vec![1.into(), 2.into()]] {
            assert!(random_int(&wrong).is_err(), "{wrong:?}");
        }
    }
}
