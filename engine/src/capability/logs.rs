//! Stdout and stderr of a guest: cut into lines, timed, bounded.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::control::Control;

/// One line that a guest wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Where it wrote it.
    pub stream: LogStream,
    /// When its first byte came, in Unix milliseconds.
    pub at_ms: u64,
    /// The line without its end; what is not UTF-8 is replaced.
    pub text: String,
}

/// A guest's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What the memory of a line costs beside its text; counted against the limit, so that a million
/// empty lines are no cheaper than their book-keeping.
const LINE_COST: u64 = 32;
/// Bytes of one line; a longer one is broken.
const LINE_BYTES_MAX: usize = 64 << 10;
/// Bytes that one write may carry.
const WRITE_BYTES_MAX: usize = 64 << 10;
/// What stands where a stream was cut.
const CUT_MARK: &str = "[cut: the limit of this stream is reached]";

/// What a guest wrote, as the host sees it.
pub(crate) struct Capture {
    streams: Mutex<Streams>,
    written: Notify,
    /// Whose memory it is that holds what was written.
    control: Arc<Control>,
}

struct Streams {
    lines: Vec<LogLine>,
    stdout: Stream,
    stderr: Stream,
    /// Stdout as it was written, for commands, whose result it is.
    raw: Option<Raw>,
    bytes: u64,
    /// Memory that the lines which were not taken yet were granted.
    granted: u64,
}

/// A stream as it was written, as long as it may be.
struct Raw {
    bytes: Vec<u8>,
    bytes_max: u64,
    is_over: bool,
}

struct Stream {
    partial: Vec<u8>,
    partial_at_ms: u64,
    budget: u64,
    cut: bool,
}

impl Capture {
    /// Keeps each stream as lines, as long as the limits let it; and stdout as it is, where `keeps_raw`.
    pub(crate) fn new(control: Arc<Control>, keeps_raw: bool) -> Arc<Self> {
        let raw_bytes_max = keeps_raw.then_some(control.limits.output_bytes_max);
        let bytes_max = control.limits.log_bytes_max;
        let stream = || Stream { partial: Vec::new(), partial_at_ms: 0, budget: bytes_max, cut: false };
        let streams = Streams {
            lines: Vec::new(),
            stdout: stream(),
            stderr: stream(),
            raw: raw_bytes_max.map(|bytes_max| Raw { bytes: Vec::new(), bytes_max, is_over: false }),
            bytes: 0,
            granted: 0,
        };
        Arc::new(Self { streams: Mutex::new(streams), written: Notify::new(), control })
    }

    /// The complete lines since the last call.
    pub(crate) fn take_lines(&self) -> Vec<LogLine> {
        let mut streams = self.lock();
        // What is still without its end is granted again with the next line: it is one at most.
        self.control.memory_shrink(std::mem::take(&mut streams.granted));
        std::mem::take(&mut streams.lines)
    }

    /// Begins anew, for the next request of the same instance.
    pub(crate) fn renew(&self) {
        let mut streams = self.lock();
        streams.bytes = 0;
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let stream = streams.stream(stream);
            (stream.budget, stream.cut) = (self.control.limits.log_bytes_max, false);
        }
    }

    /// Waits until something was written since this was last waited for.
    pub(crate) async fn written(&self) {
        self.written.notified().await;
    }

    /// Ends the last line of each stream, once the guest is over.
    pub(crate) fn finish(&self) {
        let mut streams = self.lock();
        streams.end_line(LogStream::Stdout);
        streams.end_line(LogStream::Stderr);
    }

    /// Stdout as it was written; nothing if it was longer than it may be.
    pub(crate) fn take_raw(&self) -> Option<Vec<u8>> {
        let raw = self.lock().raw.take();
        raw.map_or(Some(Vec::new()), |raw| (!raw.is_over).then_some(raw.bytes))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    #[expect(clippy::disallowed_methods, reason = "lines have the time at which they were written")]
    fn write(&mut self, stream: LogStream, bytes: &[u8], control: &Control) {
        self.bytes += bytes.len() as u64;
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        if let (LogStream::Stdout, Some(raw)) = (stream, &mut self.raw) {
            raw.is_over |= raw.bytes.len() as u64 + bytes.len() as u64 > raw.bytes_max;
            raw.is_over = raw.is_over || !control.memory_spare(bytes.len() as u64);
            if !raw.is_over {
                raw.bytes.extend_from_slice(bytes);
            }
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.write_piece(stream, piece, at_ms, control) {
                return;
            }
        }
    }

    /// Adds at most one line. Says no once the stream is cut.
    fn write_piece(&mut self, stream: LogStream, piece: &[u8], at_ms: u64, control: &Control) -> bool {
        let state = self.stream(stream);
        if state.cut {
            return false;
        }
        let cost = piece.len() as u64 + if state.partial.is_empty() { LINE_COST } else { 0 };
        if cost > state.budget || !control.memory_spare(cost) {
            let room = usize::try_from(state.budget.saturating_sub(LINE_COST)).unwrap_or(usize::MAX);
            state.partial.extend_from_slice(&piece[..room.min(piece.len())]);
            state.cut = true;
            self.end_line(stream);
            self.lines.push(LogLine { stream, at_ms, text: CUT_MARK.into() });
            return false;
        }
        state.budget -= cost;
        self.granted += cost;
        let state = self.stream(stream);
        if state.partial.is_empty() {
            state.partial_at_ms = at_ms;
        }
        state.partial.extend_from_slice(piece);
        if piece.ends_with(b"\n") || state.partial.len() >= LINE_BYTES_MAX {
            self.end_line(stream);
        }
        true
    }

    fn end_line(&mut self, stream: LogStream) {
        let state = self.stream(stream);
        if state.partial.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut state.partial);
        let at_ms = state.partial_at_ms;
        if bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        self.lines.push(LogLine { stream, at_ms, text });
    }

    fn stream(&mut self, stream: LogStream) -> &mut Stream {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }
}

/// A guest's handle on one of its streams. Writing never blocks: what is over the limit is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) capture: Arc<Capture>,
    pub(crate) stream: LogStream,
}

impl Writer {
    fn put(&self, bytes: &[u8]) {
        self.capture.lock().write(self.stream, bytes, &self.capture.control);
        self.capture.written.notify_one();
    }
}

impl IsTerminal for Writer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Writer {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn written(bytes_max: u64, writes: &[&[u8]]) -> Vec<String> {
        let limits = Limits { log_bytes_max: bytes_max, ..Limits::default() };
        let capture = Capture::new(Arc::new(Control::new(limits)), false);
        let writer = Writer { capture: capture.clone(), stream: LogStream::Stdout };
        for bytes in writes {
            writer.put(bytes);
        }
        capture.finish();
        capture.take_lines().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn writes_become_lines_however_they_are_cut() {
        assert_eq!(written(1000, &[b"one\ntw", b"o\r\nthr", b"ee"]), ["one", "two", "three"]);
        assert_eq!(written(1000, &[b"\n\n"]), ["", ""]);
    }

    #[test]
    fn a_stream_over_its_limit_is_cut_once_with_a_mark() {
        let lines = written(100, &[b"0123456789\n", b"0123456789\n", b"0123456789\n", b"0123456789\n"]);
        assert_eq!(lines, ["0123456789", "0123456789", CUT_MARK]);
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced() {
        assert_eq!(written(1000, &[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }
}
