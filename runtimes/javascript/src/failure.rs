//! Exceptions as failures: what was thrown, and the stack in the user's files.

use rquickjs::{CatchResultExt, CaughtError, Ctx, Exception, Object, Value};

use crate::exports::skep::runtime::guest::Failure;

/// A failure that is not an exception of the script's.
pub(crate) fn plain(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), trace: None }
}

/// The result of something that may throw, as a failure if it did.
pub(crate) fn caught<'js, T>(ctx: &Ctx<'js>, result: rquickjs::Result<T>) -> Result<T, Failure> {
    result.catch(ctx).map_err(|error| match error {
        CaughtError::Exception(exception) => of_exception(&exception),
        CaughtError::Value(value) => of_value(ctx, &value),
        CaughtError::Error(error) => plain(error.to_string()),
    })
}

/// What was thrown, or what a promise was rejected with.
pub(crate) fn of_value<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Failure {
    if let Some(exception) = value.as_exception() {
        return of_exception(exception);
    }
    let text = match value.as_string().map(|text| text.to_string()) {
        Some(Ok(text)) => Some(text),
        _ => ctx.json_stringify(value.clone()).ok().flatten().and_then(|text| text.to_string().ok()),
    };
    plain(format!("thrown: {}", text.as_deref().unwrap_or("undefined")))
}

fn of_exception(exception: &Exception<'_>) -> Failure {
    let object: &Object<'_> = exception.as_object();
    let name: Option<String> = object.get("name").ok();
    let message = exception.message().unwrap_or_default();
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "Error".into());
    let message = if message.is_empty() { name } else { format!("{name}: {message}") };
    // Our own functions stand in the stack without a file.
    let stack = exception.stack().unwrap_or_default();
    let own = stack.lines().filter(|line| !line.contains("(native)") && !line.contains("(skep:"));
    let trace: Vec<&str> = own.map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    Failure { message, trace: (!trace.is_empty()).then(|| trace.join("\n")) }
}
