//! What an instance runs: a function's source, a call of its handler, and a mark in what it writes before the result.

use serde_json::Value;
use serde_json::value::RawValue;
use skep_domain::Error;
use skep_domain::model::attempt::{Failure, FailureCode, Outcome, Output};
use skep_domain::model::id::JobId;

use super::catalog::Image;
use super::literal;

/// Bytes of a result.
const RESULT_BYTES_MAX: usize = 1 << 20;

/// Whether instances can run what is for an image: it takes its code as the product's images do.
pub(super) fn is_runnable(image: &Image) -> bool {
    matches!(image.runtime.name.as_str(), "python" | "javascript")
}

/// What an attempt is called: the job's id, and from the second one on its number. An instance that goes on with an
/// attempt that it has lost must not end the next one.
pub(super) fn attempt_name((job, attempt): (JobId, u32)) -> String {
    if attempt > 1 { format!("{job}-{attempt}") } else { job.to_string() }
}

/// The attempt of a name.
pub(super) fn attempt_named(name: &str) -> Result<(JobId, u32), Error> {
    if let Ok(job) = name.parse() {
        return Ok((job, 1));
    }
    let parts =
        name.rsplit_once('-').and_then(|(job, attempt)| Some((job.parse().ok()?, attempt.parse().ok()?)));
    parts.filter(|(_, attempt)| *attempt > 1).ok_or_else(|| Error::not_found("job"))
}

/// What calls the handler and writes its result as the runtimes here do, with words for the event and the mark.
const PYTHON: &str = include_str!("wrapped/call.py");
const JAVASCRIPT: &str = include_str!("wrapped/call.js");

/// The program that makes an attempt's call.
pub(super) fn program(image: &Image, text: &str, arguments: &str, name: &str) -> Result<String, Error> {
    let (call, event) = match image.runtime.name.as_str() {
        "python" => {
            let values: Vec<Value> = serde_json::from_str(arguments).map_err(Error::internal)?;
            (PYTHON, literal::tuple(&values))
        }
        _ => (JAVASCRIPT, arguments.to_owned()),
    };
    // The event comes last: it may have any word in it.
    let call = call.replace("SKEP_MARK", &format!("{:?}", mark(name))).replace("SKEP_EVENT", &event);
    Ok(format!("{text}\n{call}"))
}

/// Nobody writes it by chance.
fn mark(name: &str) -> String {
    format!("skep-result-{name}:")
}

/// What the program wrote beside the line of the result, and what came of it.
pub(super) fn parted(output: &str, name: &str) -> (String, Outcome) {
    let Some((before, rest)) = output.rsplit_once(&mark(name)) else {
        let failure = Failure::new(FailureCode::GuestError, "the program ended without a result");
        return (output.to_owned(), Outcome::Failed(failure));
    };
    let (result, after) = rest.split_once('\n').unwrap_or((rest, ""));
    let (stdout, result) = (format!("{before}{after}"), result.trim());
    if result.len() > RESULT_BYTES_MAX {
        let message = format!("the result has {} bytes, {RESULT_BYTES_MAX} are allowed", result.len());
        return (stdout, Outcome::Failed(Failure::new(FailureCode::OutputTooLarge, message)));
    }
    let output = match serde_json::from_str::<&RawValue>(result) {
        Ok(json) => Output::of_json(json.get()),
        // What its language writes and JSON has not, as NaN.
        Err(_) => Output::Text(result.to_owned()),
    };
    (stdout, Outcome::Succeeded(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_with_the_last_mark_is_the_result() {
        let mark = mark("job");
        let of = |output: &str| parted(output, "job");
        let json = |text: &str| Outcome::Succeeded(Output::Json(text.into()));
        assert_eq!(of(&format!("a\nb{mark}[1, 2]\r\n")), ("a\nb".into(), json("[1, 2]")));
        assert_eq!(of(&format!("{mark}1\n{mark}2")), (format!("{mark}1\n"), json("2")));
        assert_eq!(of(&format!("a\n{mark}42\nbye\n")), ("a\nbye\n".into(), json("42")));
        assert_eq!(of(&format!("{mark}NaN")).1, Outcome::Succeeded(Output::Text("NaN".into())));
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert_eq!(of(&format!("{mark}{deep}")).1, Outcome::Succeeded(Output::Text(deep)));
        for odd in [r#""\ud800""#, "1e999"] {
            assert_eq!(of(&format!("{mark}{odd}")).1, Outcome::Succeeded(Output::Text(odd.into())));
        }
        assert!(matches!(of("a\n"), (stdout, Outcome::Failed(_)) if stdout == "a\n"));
        let long = format!("{mark}\"{}\"", "x".repeat(RESULT_BYTES_MAX));
        assert!(
            matches!(of(&long).1, Outcome::Failed(failure) if failure.code == FailureCode::OutputTooLarge)
        );
    }

    #[test]
    fn an_attempt_has_a_name_of_its_own() {
        let job = JobId::from_bytes([7; 16]);
        for attempt in [1, 2, 10] {
            assert_eq!(attempt_named(&attempt_name((job, attempt))).expect("it is one"), (job, attempt));
        }
        assert_eq!(attempt_named(&job.to_string().replace('-', "")).expect("hex"), (job, 1));
        for bad in
            ["", "x", &format!("{job}-"), &format!("{job}-1"), &format!("{job}-x"), &format!("x{job}-2")]
        {
            assert!(attempt_named(bad).is_err(), "{bad}");
        }
    }
}
