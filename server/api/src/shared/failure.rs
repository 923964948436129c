//! A domain error on its way out, in the words of a dialect.

use std::fmt;
use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;
use skep_domain::{Code, Error};

use super::status::status_of;

/// How a dialect says no.
pub(crate) trait Dialect: 'static {
    /// What its clients call a key or token in the header.
    const SCHEMES: &'static [&'static str] = &["Bearer"];

    /// The body of an error.
    fn body(error: &Error) -> Value;

    /// The body for a method that a path does not take.
    fn method_not_allowed(message: &str) -> Value;
}

/// An error that answers in the words of the dialect `D`.
pub(crate) struct Failure<D> {
    error: Error,
    dialect: PhantomData<D>,
}

impl<D> Failure<D> {
    pub(crate) fn code(&self) -> Code {
        self.error.code()
    }

    /// The same in the words of another dialect.
    pub(crate) fn said_by<E>(self) -> Failure<E> {
        self.error.into()
    }
}

/// What the server is to blame for, on its way to the log with the request's trace.
pub(crate) struct Blame(pub(crate) String);

impl<D> From<Error> for Failure<D> {
    fn from(error: Error) -> Self {
        Self { error, dialect: PhantomData }
    }
}

impl<D> fmt::Display for Failure<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<D> fmt::Debug for Failure<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<D: Dialect> ResponseError for Failure<D> {
    fn status_code(&self) -> StatusCode {
        status_of(self.error.code())
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.error.code() == Code::Unauthenticated {
            response.insert_header(("WWW-Authenticate", D::SCHEMES[0]));
        }
        if matches!(self.error.code(), Code::TooMany | Code::Unavailable) {
            response.insert_header(("Retry-After", "1"));
        }
        let mut response = response.json(D::body(&self.error));
        if self.status_code().is_server_error() {
            response.extensions_mut().insert(Blame(self.error.chain()));
        }
        response
    }
}
