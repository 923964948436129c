//! What guests write.

use super::time::Millis;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The guest's standard output.
    Stdout,
    /// The guest's standard error.
    Stderr,
    /// Skep itself, about the guest.
    Host,
}

impl Stream {
    /// The stream's name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Host => "host",
        }
    }
}

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it came from.
    pub stream: Stream,
    /// When its first byte came.
    pub at: Millis,
    /// The text.
    pub text: String,
}

/// A line as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the job's log, from 0, over all attempts.
    pub seq: u64,
    /// The attempt that wrote it.
    pub attempt: u32,
    /// The line.
    pub line: Line,
}
