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

impl Line {
    /// What it takes.
    pub fn bytes(&self) -> usize {
        self.text.len() + LINE_COST
    }
}

/// What a line takes beside its text, so that a million empty ones are no cheaper.
const LINE_COST: usize = 32;
/// Bytes of one line; a longer one goes on in the next.
const LINE_BYTES_MAX: usize = 64 << 10;
/// What a text ends with that was too long.
const CUT_MARK: &str = "[cut: the limit of this stream is reached]";

/// The lines of a text that came as a whole, up to so many bytes.
pub fn lines(stream: Stream, text: &str, bytes_max: usize, at: Millis) -> Vec<Line> {
    let (mut lines, mut left) = (Vec::new(), bytes_max);
    let mut push = |text: &str| {
        let mut line = Line { stream, at, text: text.to_owned() };
        let room = left.checked_sub(line.bytes());
        left = room.unwrap_or(0);
        if room.is_none() {
            line.text = CUT_MARK.to_owned();
        }
        lines.push(line);
        room.is_some()
    };
    for mut line in text.lines() {
        while line.len() > LINE_BYTES_MAX {
            let (piece, rest) = line.split_at(line.floor_char_boundary(LINE_BYTES_MAX));
            if !push(piece) {
                return lines;
            }
            line = rest;
        }
        if !push(line) {
            break;
        }
    }
    lines
}

/// From where a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Start {
    /// The first attempt whose lines are read.
    pub attempt: u32,
    /// The first place.
    pub seq: u64,
}

impl Start {
    /// From a place on, whichever attempt wrote it.
    pub fn at(seq: u64) -> Self {
        Self { attempt: 0, seq }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_lines_that_are_cut_between_letters() {
        let texts = |text: &str, max| -> Vec<String> {
            lines(Stream::Stdout, text, max, Millis(1)).into_iter().map(|line| line.text).collect()
        };
        assert_eq!(texts("a\r\n\nb", 100), ["a", "", "b"]);
        assert_eq!(texts("", 100), [""; 0]);
        assert_eq!(texts(&"\n".repeat(1_000_000), 10 * LINE_COST).len(), 11);
        assert_eq!(texts("a\nb", 2 * LINE_COST), ["a", CUT_MARK]);
        let long = "ü".repeat(LINE_BYTES_MAX);
        assert_eq!(texts(&long, usize::MAX).concat(), long);
    }
}
