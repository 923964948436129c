//! Reads a stream line by line.

use std::io;

use super::{CAPTURE_BYTES_MAX, Stream};

pub(crate) struct LineReader {
    stream: Stream,
    delimiter: u8,
    bytes: Vec<u8>,
    position: usize,
    at_end: bool,
}

impl LineReader {
    pub(crate) fn new(stream: Stream, delimiter: u8) -> Self {
        Self { stream, delimiter, bytes: Vec::new(), position: 0, at_end: false }
    }

    /// The next line without its newline, and whether it had one.
    pub(crate) async fn line(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let mut searched = self.position;
        loop {
            if let Some(at) = self.bytes[searched..].iter().position(|byte| *byte == self.delimiter) {
                let line = self.bytes[self.position..searched + at].to_vec();
                self.position = searched + at + 1;
                return Ok(Some((line, true)));
            }
            if self.at_end {
                let line = self.bytes.split_off(self.position);
                self.bytes.clear();
                self.position = 0;
                return Ok((!line.is_empty()).then_some((line, false)));
            }
            self.bytes.drain(..self.position);
            self.position = 0;
            searched = self.bytes.len();
            if searched > CAPTURE_BYTES_MAX {
                return Err(io::Error::other(format!("a line of more than {CAPTURE_BYTES_MAX} bytes")));
            }
            let more = self.stream.read().await?;
            self.at_end = more.is_empty();
            self.bytes.extend_from_slice(&more);
        }
    }
}

impl Stream {
    /// All that is left.
    pub(crate) async fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let more = self.read().await?;
            if more.is_empty() {
                return Ok(bytes);
            }
            if bytes.len() + more.len() > CAPTURE_BYTES_MAX {
                return Err(io::Error::other(format!("input of more than {CAPTURE_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&more);
        }
    }
}
