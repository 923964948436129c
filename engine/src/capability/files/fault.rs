//! What goes wrong with a scratch file, in the words of either WASI.

use std::io;

use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as Code2;
use wasmtime_wasi::p3::bindings::filesystem::types::ErrorCode as Code3;

/// A file operation that cannot be done, by its POSIX reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("bad descriptor")]
    BadDescriptor,
    #[error("it is there already")]
    Exist,
    #[error("the file would be too large")]
    FileTooLarge,
    #[error("invalid argument")]
    Invalid,
    #[error("the host's disk failed")]
    Io,
    #[error("it is a directory")]
    IsDirectory,
    #[error("too many symbolic links")]
    Loop,
    #[error("the name is too long")]
    NameTooLong,
    #[error("no memory for it")]
    NoMemory,
    #[error("no such file or directory")]
    NoEntry,
    #[error("no space left in the scratch directory")]
    NoSpace,
    #[error("it is no directory")]
    NotDirectory,
    #[error("the directory is not empty")]
    NotEmpty,
    #[error("operation not permitted")]
    NotPermitted,
    #[error("it is in use")]
    Busy,
}

impl From<Fault> for Code2 {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::BadDescriptor => Self::BadDescriptor,
            Fault::Exist => Self::Exist,
            Fault::FileTooLarge => Self::FileTooLarge,
            Fault::Invalid => Self::Invalid,
            Fault::Io => Self::Io,
            Fault::IsDirectory => Self::IsDirectory,
            Fault::Loop => Self::Loop,
            Fault::NameTooLong => Self::NameTooLong,
            Fault::NoMemory => Self::InsufficientMemory,
            Fault::NoEntry => Self::NoEntry,
            Fault::NoSpace => Self::InsufficientSpace,
            Fault::NotDirectory => Self::NotDirectory,
            Fault::NotEmpty => Self::NotEmpty,
            Fault::NotPermitted => Self::NotPermitted,
            Fault::Busy => Self::Busy,
        }
    }
}

impl From<Fault> for Code3 {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::BadDescriptor => Self::BadDescriptor,
            Fault::Exist => Self::Exist,
            Fault::FileTooLarge => Self::FileTooLarge,
            Fault::Invalid => Self::Invalid,
            Fault::Io => Self::Io,
            Fault::IsDirectory => Self::IsDirectory,
            Fault::Loop => Self::Loop,
            Fault::NameTooLong => Self::NameTooLong,
            Fault::NoMemory => Self::InsufficientMemory,
            Fault::NoEntry => Self::NoEntry,
            Fault::NoSpace => Self::InsufficientSpace,
            Fault::NotDirectory => Self::NotDirectory,
            Fault::NotEmpty => Self::NotEmpty,
            Fault::NotPermitted => Self::NotPermitted,
            Fault::Busy => Self::Busy,
        }
    }
}

/// The host's own disk: full is full, whatever the guest's quota says; all else is the host's trouble.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => {
                tracing::error!(%error, "a scratch file could not be used");
                Self::Io
            }
        }
    }
}
