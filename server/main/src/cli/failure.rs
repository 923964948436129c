//! Why a command did not do what it was asked, and with which exit code.

use std::fmt;
use std::process::ExitCode;

/// A command's failure.
#[derive(Debug)]
pub(super) enum Failure {
    /// What was asked for makes no sense.
    Usage(String),
    /// The server said no.
    Refused { code: String, message: String },
    /// The server cannot be reached, or does not speak as Skep does.
    Unreachable(String),
    /// Something on this machine failed.
    Local(String),
}

impl Failure {
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Local(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused { .. } => 3,
            Self::Unreachable(_) => 4,
        })
    }

    /// The code that `--json` prints.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Usage(_) => "USAGE",
            Self::Refused { code, .. } => code,
            Self::Unreachable(_) => "UNREACHABLE",
            Self::Local(_) => "LOCAL",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Unreachable(message) | Self::Local(message) => f.write_str(message),
            Self::Refused { message, .. } => f.write_str(message),
        }
    }
}

impl From<skep_domain::Error> for Failure {
    fn from(error: skep_domain::Error) -> Self {
        // Here is no log to point at: what caused it is what helps.
        match (error.code(), std::error::Error::source(&error)) {
            (skep_domain::Code::Internal, Some(cause)) => Self::Local(chain(cause)),
            _ => Self::Local(error.message().to_owned()),
        }
    }
}

/// An error and its causes, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// A file that could not be used, with its path.
pub(super) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::Local(format!("{path}: {error}"))
}
