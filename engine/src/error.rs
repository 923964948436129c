//! The two ways in which the engine itself says no: the host failed, or the bytes are no program.

use std::io;

/// The host failed: nothing is known about the guest. Its `Display` is safe to show a stranger.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime could not be set up, or refused work for a reason that is not the guest's.
    #[error("the engine failed while it was {doing}")]
    Runtime {
        /// What the engine was doing, as a participle phrase.
        doing: &'static str,
        /// The runtime's own error, for the log.
        #[source]
        source: wasmtime::Error,
    },
    /// A file of the engine could not be read or written.
    #[error("the engine could not use its files while it was {doing}")]
    Files {
        /// What the engine was doing, as a participle phrase.
        doing: &'static str,
        /// The system's error, for the log.
        #[source]
        source: io::Error,
    },
    /// The machine cannot hold the pool that was asked for.
    #[error("{0}")]
    Machine(String),
    /// The engine was dropped while the guest ran.
    #[error("the engine has stopped")]
    Stopped,
    /// A host function panicked. The process goes on; the guest is gone.
    #[error("a host function panicked")]
    Panicked,
}

impl Error {
    pub(crate) fn runtime(doing: &'static str) -> impl FnOnce(wasmtime::Error) -> Self {
        move |source| Self::Runtime { doing, source }
    }

    pub(crate) fn files(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Files { doing, source }
    }
}

/// The uploaded bytes, or the arguments of a call, are not acceptable: the reason and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(pub String);
