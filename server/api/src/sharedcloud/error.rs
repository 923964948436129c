//! How sharedcloud's API says no: as Django's REST framework does.

use serde_json::{Value, json};
use skep_domain::{Code, Error};

use crate::shared::failure::{self, Dialect};

/// sharedcloud's way to say no.
pub(crate) struct SharedCloud;

/// A failure on its way to one of its clients.
pub(super) type Failure = failure::Failure<SharedCloud>;

impl Dialect for SharedCloud {
    const SCHEMES: &'static [&'static str] = &["Token", "Bearer"];

    fn body(error: &Error) -> Value {
        match (error.code(), error.field_at_fault()) {
            (Code::Unauthenticated, _) => json!({"detail": "Invalid token."}),
            (Code::NotFound, None) => json!({"detail": "Not found."}),
            (Code::Invalid | Code::TooLarge, Some(field)) => json!({field: [error.message()]}),
            (Code::Invalid, None) => json!({"non_field_errors": [error.message()]}),
            _ => json!({"detail": error.message()}),
        }
    }

    fn method_not_allowed(message: &str) -> Value {
        json!({"detail": message})
    }
}

/// That a field does not fit.
pub(super) fn wrong(field: &str, message: impl Into<String>) -> Error {
    Error::invalid(message).field(field)
}

/// What is deleted only once its jobs are over, is a request that does not fit there.
pub(super) fn or_wait(error: Error) -> Error {
    match error.code() {
        Code::Conflict => {
            Error::invalid("There are jobs in progress. Please wait until they are finished").caused_by(error)
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_body_that_its_client_prints() {
        for code in skep_domain::error::CODES {
            let body = SharedCloud::body(&Error::new(code, "what and which"));
            assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
        }
        let body = SharedCloud::body(&wrong("code", "needs more"));
        assert_eq!(body, json!({"code": ["needs more"]}));
    }
}
