//! How the native API says no: exactly `{"statusCode","code","message"}`, with `details` where a
//! field is at fault; and the 401 as seed 002 has it, without a code.

use serde_json::{Value, json};
use skep_domain::{Code, Error};

use crate::shared::failure::{self, Dialect};
use crate::shared::status::status_of;

/// The native API's way to say no.
pub(crate) struct Native;

/// A failure on its way to a client of the native API.
pub(crate) type Failure = failure::Failure<Native>;

impl Dialect for Native {
    fn body(error: &Error) -> Value {
        body(error)
    }

    fn method_not_allowed(message: &str) -> Value {
        json!({"statusCode": 405, "code": "METHOD_NOT_ALLOWED", "message": message})
    }
}

fn body(error: &Error) -> Value {
    let status = status_of(error.code()).as_u16();
    if error.code() == Code::Unauthenticated {
        return json!({"statusCode": status, "message": error.message()});
    }
    let mut body = json!({"statusCode": status, "code": error.code().name(), "message": error.message()});
    if let Some(field) = error.field_at_fault() {
        body["details"] = json!({"field": field});
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_status_and_body() {
        let bodies: Vec<String> = skep_domain::error::CODES
            .iter()
            .map(|code| body(&Error::new(*code, "what and which")).to_string())
            .collect();
        insta::assert_snapshot!(bodies.join("\n"), @r#"
        {"statusCode":400,"code":"INVALID_REQUEST","message":"what and which"}
        {"statusCode":401,"message":"what and which"}
        {"statusCode":403,"code":"SCOPE_REQUIRED","message":"what and which"}
        {"statusCode":404,"code":"NOT_FOUND","message":"what and which"}
        {"statusCode":409,"code":"CONFLICT","message":"what and which"}
        {"statusCode":409,"code":"IDEMPOTENCY_IN_FLIGHT","message":"what and which"}
        {"statusCode":413,"code":"LIMIT_EXCEEDED","message":"what and which"}
        {"statusCode":429,"code":"TOO_MANY_REQUESTS","message":"what and which"}
        {"statusCode":503,"code":"UNAVAILABLE","message":"what and which"}
        {"statusCode":500,"code":"INTERNAL","message":"what and which"}
        "#);
    }
}
