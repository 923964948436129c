//! `seq`.

use super::{Failure, Outcome, Spec, Tool};

/// Digits after the point.
const PRECISION_MAX: usize = 30;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    // A negative number is no option.
    let is_number = |text: &String| text.parse::<f64>().is_ok();
    let split = tool.arguments.iter().position(is_number).unwrap_or(tool.arguments.len());
    let operands: Vec<String> = tool.arguments.drain(split..).collect();
    let parsed = tool.parse(&Spec {
        flags: "w",
        values: "s",
        long: &[("equal-width", 'w'), ("separator", 's')],
        ..Spec::default()
    })?;
    let (first, step, last) = match operands.as_slice() {
        [last] => ("1", "1", last.as_str()),
        [first, last] => (first.as_str(), "1", last.as_str()),
        [first, step, last] => (first.as_str(), step.as_str(), last.as_str()),
        _ => return Err(Failure::new("one, two or three numbers are needed")),
    };
    let number = |text: &str| {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| Failure::new(format!("{text:?} is not a number")))
    };
    let precision =
        |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len().min(PRECISION_MAX));
    let digits = precision(first).max(precision(step));
    let (from, by, to) = (number(first)?, number(step)?, number(last)?);
    if by == 0.0 {
        return Err(Failure::new("the step must not be 0"));
    }
    let width = if parsed.has('w') {
        format!("{from:.digits$}").len().max(format!("{to:.digits$}").len())
    } else {
        0
    };
    let separator = parsed.value('s').unwrap_or("\n").to_owned();
    let mut index = 0_u64;
    loop {
        // Each from the first, so that errors do not add up.
        let value = from + by * index as f64;
        let tolerance = by.abs() * 1e-9;
        if (by > 0.0 && value > to + tolerance) || (by < 0.0 && value < to - tolerance) {
            break;
        }
        if index > 0 {
            tool.output.write(separator.as_bytes()).await?;
        }
        tool.output.write(format!("{value:0width$.digits$}").as_bytes()).await?;
        index += 1;
    }
    if index > 0 {
        tool.output.write(b"\n").await?;
    }
    Ok(0)
}
