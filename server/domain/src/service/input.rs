//! What somebody wants to be run: found, pinned and checked before anything is recorded.

use serde_json::value::RawValue;

use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::function::{Function, Name, State, Version};
use crate::model::labels;
use crate::model::retry::Policy;
use crate::model::run::Common;
use crate::model::settings::{TIMEOUT_MS_MAX, check_env};
use crate::model::trace::Trace;

/// A call or a run, as it was asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// The function's name.
    pub function: String,
    /// The version; the current one where it is not named.
    pub version: Option<u32>,
    /// What all calls have in common.
    pub common: Common,
    /// One tuple of arguments a call.
    pub tuples: Vec<Box<RawValue>>,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
}

/// Where the tuples stood in what was sent, for the error of one that does not fit.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// The body's `arguments`.
    Arguments,
    /// The body's `payload.arguments`.
    Payload,
    /// The body's `parameters[i]`.
    Parameters,
}

impl Place {
    fn field(self, index: Option<usize>) -> String {
        match (self, index) {
            (Self::Arguments, _) => "arguments".into(),
            (Self::Payload, _) => "payload.arguments".into(),
            (Self::Parameters, Some(index)) => format!("parameters[{index}]"),
            (Self::Parameters, None) => "parameters".into(),
        }
    }
}

/// A request whose function is found and whose arguments fit.
#[derive(Debug)]
pub struct Checked {
    /// The function.
    pub function: Function,
    /// The pinned version.
    pub version: Version,
    /// What all calls have in common.
    pub common: Common,
    /// The tuples as JSON texts.
    pub tuples: Vec<Box<RawValue>>,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
}

/// Finds the function and checks every tuple against its types.
///
/// # Errors
/// Not found for the function or version; invalid with the field for anything that does not fit.
pub async fn check(base: &Base, caller: &Caller, request: Request, place: Place) -> Result<Checked> {
    let no_function = || Error::not_found("function").field("function");
    let name = Name::parse(&request.function).map_err(|_| no_function())?;
    let function = base.store.function_get(caller.account(), &name).await?.ok_or_else(no_function)?;
    let version = match request.version {
        Some(number) if number != function.current.number => {
            let found = base.store.version_get(function.id, number).await?;
            found.ok_or_else(|| Error::not_found("version").field("version"))?
        }
        _ => function.current.clone(),
    };
    check_ready(&function, &version)?;
    check_common(&request.common)?;
    check_sizes(base, &request, place)?;
    let export = request.common.export.as_deref().or(function.settings.export.as_deref());
    let checked = base.sandbox.check(version.code, export, request.tuples).await;
    let tuples = checked.map_err(|(index, error)| match (place, index) {
        (Place::Parameters, Some(index)) if error.code() == Code::Invalid => {
            Error::invalid(format!("parameters[{index}]: {error}")).field(place.field(Some(index)))
        }
        (_, Some(_)) => error.field(place.field(index)),
        (_, None) => error,
    })?;
    Ok(Checked { function, version, common: request.common, tuples, trace: request.trace })
}

/// Whether a version can be run.
///
/// # Errors
/// A conflict that says what it waits for, or where to look.
pub(super) fn check_ready(function: &Function, version: &Version) -> Result<()> {
    let (name, number) = (function.name.as_str(), version.number);
    match version.state {
        State::Ready => Ok(()),
        State::Building => {
            Err(Error::conflict(format!("version {number} of {name} is being built; try again")))
        }
        State::Failed => Err(Error::conflict(format!(
            "nothing came of the build of version {number} of {name}; its buildLogs say why"
        ))),
    }
}

fn check_common(common: &Common) -> Result<()> {
    check_env(common.env.keys().map(String::as_str), "env")?;
    if let Some(timeout) = common.timeout_ms
        && !(1..=TIMEOUT_MS_MAX).contains(&timeout)
    {
        return Err(
            Error::invalid(format!("timeoutMs must be from 1 to {TIMEOUT_MS_MAX}")).field("timeoutMs")
        );
    }
    labels::check(&common.labels, "labels")?;
    common.check_words()?;
    common.retry.as_ref().map_or(Ok(()), Policy::check)
}

fn check_sizes(base: &Base, request: &Request, place: Place) -> Result<()> {
    let max = base.limits.arguments_bytes_max;
    let common = &request.common;
    let env: usize = common.env.iter().map(|(name, value)| name.len() + value.len()).sum();
    let shared = env + common.stdin.as_ref().map_or(0, String::len);
    for (index, tuple) in request.tuples.iter().enumerate() {
        if shared + tuple.get().len() > max {
            let message =
                format!("the arguments, stdin and env of a job may have {max} bytes together at most");
            return Err(Error::new(Code::TooLarge, message).field(place.field(Some(index))));
        }
    }
    Ok(())
}
