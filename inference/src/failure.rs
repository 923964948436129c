//! Why an inference, or what goes before it, came to nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A failure as a guest is told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure, for programs.
    pub code: Code,
    /// For people. It names tensors, operators and limits, never a path of the server.
    pub message: String,
}

/// The kinds of failure, as wasi:nn 0.2.0-rc-2024-10-28 has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A tensor does not fit the model.
    InvalidArgument,
    /// The bytes are not a model of that encoding.
    InvalidEncoding,
    /// It took longer than it may.
    Timeout,
    /// The backend failed while it computed.
    RuntimeError,
    /// No backend here can do this.
    UnsupportedOperation,
    /// It takes more memory or more work than it may.
    TooLarge,
    /// There is no such model, or none for this caller.
    NotFound,
    /// The caller may not do this.
    Security,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
