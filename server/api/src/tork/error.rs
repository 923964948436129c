//! How Tork's API says no.

use serde_json::{Value, json};
use skep_domain::{Code, Error};

use crate::shared::failure::{self, Dialect};

/// Tork's way to say no.
pub(crate) struct Tork;

/// A failure on its way to one of its clients.
pub(super) type Failure = failure::Failure<Tork>;

impl Dialect for Tork {
    const SCHEMES: &'static [&'static str] = &["basic realm=Restricted"];

    fn body(error: &Error) -> Value {
        let message = match error.code() {
            // What it says of its own accord.
            Code::Unauthenticated => "Unauthorized",
            Code::Internal => "Internal Server Error",
            Code::Invalid
            | Code::ScopeRequired
            | Code::NotFound
            | Code::Conflict
            | Code::InFlight
            | Code::TooLarge
            | Code::TooMany
            | Code::Unavailable => error.message(),
        };
        json!({ "message": message })
    }

    fn method_not_allowed(_: &str) -> Value {
        json!({"message": "Method Not Allowed"})
    }
}

/// The state does not allow it, which is a 400 here.
pub(super) fn refused(error: Error, message: impl Into<String>) -> Error {
    match error.code() {
        Code::Conflict => Error::invalid(message),
        _ => error,
    }
}

/// What is not there, by its name here.
pub(super) fn missing(error: Error, what: &str) -> Error {
    match error.code() {
        Code::NotFound => Error::new(Code::NotFound, format!("{what} not found")),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;

    use super::*;
    use crate::shared::status::status_of;

    #[test]
    fn every_code_has_a_message_and_no_more() {
        for code in skep_domain::error::CODES {
            let body = Tork::body(&Error::new(code, "what and which"));
            assert!(
                body["message"].is_string() && body.as_object().is_some_and(|body| body.len() == 1),
                "{body}"
            );
            assert_ne!(status_of(code), StatusCode::OK);
        }
    }
}
