//! The one error of the product: a code for programs, a message for people, a cause for the log.

use std::fmt;

/// What a service or a port answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of no it is. Few on purpose: a new one is for a caller that must act differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request makes no sense, whatever the state of the world.
    Invalid,
    /// Nobody known sent it.
    Unauthenticated,
    /// Its sender may not do this.
    ScopeRequired,
    /// It is not there, or not the caller's.
    NotFound,
    /// The state of the world does not allow it now.
    Conflict,
    /// The same request is under way already.
    InFlight,
    /// It is larger than a limit allows.
    TooLarge,
    /// Too many at once; later it may do.
    TooMany,
    /// The server cannot take it now, and nothing was recorded for certain.
    Unavailable,
    /// The server failed.
    Internal,
}

/// Every code, for tables and tests.
pub const CODES: [Code; 10] = [
    Code::Invalid,
    Code::Unauthenticated,
    Code::ScopeRequired,
    Code::NotFound,
    Code::Conflict,
    Code::InFlight,
    Code::TooLarge,
    Code::TooMany,
    Code::Unavailable,
    Code::Internal,
];

impl Code {
    /// The code's name in answers of the native API. Names are contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID_REQUEST",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::ScopeRequired => "SCOPE_REQUIRED",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::InFlight => "IDEMPOTENCY_IN_FLIGHT",
            Self::TooLarge => "LIMIT_EXCEEDED",
            Self::TooMany => "TOO_MANY_REQUESTS",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// An error. `Display` is the message, which is safe to show a stranger; the source is for the log.
pub struct Error {
    code: Code,
    message: String,
    field: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with its message: lowercase, no full stop, says what and which.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, source: None }
    }

    /// A request that makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// Something that is not there, or not the caller's: the two look the same.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// A request that the present state does not allow.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// A failure of the server. What happened goes to the log, not to the caller.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "the server failed; its log says why").caused_by(source)
    }

    /// Names the field at fault: `payload.arguments[2]`.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The field at fault, if one is.
    pub fn field_at_fault(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The message and every cause, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.chain())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
