//! Writes a stream in blocks.

use std::io;

use super::Stream;

/// Bytes that wait to be written.
const BUFFER_BYTES: usize = 16 << 10;

pub(crate) struct Output {
    stream: Option<Stream>,
    buffer: Vec<u8>,
}

impl Output {
    /// Without a stream the descriptor is closed, and writing fails.
    pub(crate) fn new(stream: Option<Stream>) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    pub(crate) async fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.write(b"\n").await
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.buffer);
        match &self.stream {
            Some(stream) => stream.write(&bytes).await,
            None => Err(io::Error::other("bad file descriptor")),
        }
    }
}
