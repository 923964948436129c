//! How Fiddler's API says no. Its client raises its own errors only where every part of this is there.

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use skep_domain::{Code, Error};

use super::model::API_VERSION;
use crate::shared::failure::{self, Dialect};
use crate::shared::status::status_of;

/// Fiddler's way to say no.
pub(crate) struct Fiddler;

/// A failure on its way to one of its clients.
pub(super) type Failure = failure::Failure<Fiddler>;

impl Dialect for Fiddler {
    fn body(error: &Error) -> Value {
        body(status_of(error.code()), reason(error.code()), error.message())
    }

    fn method_not_allowed(message: &str) -> Value {
        body(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }
}

fn body(status: StatusCode, reason: &str, message: &str) -> Value {
    json!({
        "api_version": API_VERSION,
        "kind": "ERROR",
        "error": {
            "code": status.as_u16(),
            "message": message,
            "errors": [{"reason": reason, "message": message, "help": ""}],
        },
    })
}

/// `ObjectNotFound` is the product's; the others are named as it names that.
fn reason(code: Code) -> &'static str {
    match code {
        Code::Invalid => "BadRequest",
        Code::Unauthenticated => "Unauthorized",
        Code::ScopeRequired => "Forbidden",
        Code::NotFound => "ObjectNotFound",
        Code::Conflict | Code::InFlight => "Conflict",
        Code::TooLarge => "PayloadTooLarge",
        Code::TooMany => "TooManyRequests",
        Code::Unavailable => "ServiceUnavailable",
        Code::Internal => "InternalServerError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_all_that_the_client_asks_for() {
        for code in skep_domain::error::CODES {
            let body = Fiddler::body(&Error::new(code, "what and which"));
            let error = &body["error"];
            assert_eq!(error["code"], status_of(code).as_u16(), "{body}");
            assert_eq!(
                (&error["message"], &error["errors"][0]["message"]),
                (&json!("what and which"), &json!("what and which"))
            );
            assert!(
                error["errors"][0]["reason"].is_string() && error["errors"][0]["help"].is_string(),
                "{body}"
            );
        }
    }
}
