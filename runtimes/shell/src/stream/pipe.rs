//! A pipe in memory: what is written at one end is read at the other, at most [`PIPE_BYTES_MAX`] later.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use super::BLOCK_BYTES;
use crate::executor;

/// Bytes that wait in a pipe.
const PIPE_BYTES_MAX: usize = 64 << 10;

#[derive(Default)]
struct Pipe {
    bytes: RefCell<VecDeque<u8>>,
    has_reader: Cell<bool>,
    has_writer: Cell<bool>,
}

/// Dropped with the last descriptor, and the pipe is closed at this end.
pub(crate) struct PipeReader(Rc<Pipe>);

pub(crate) struct PipeWriter(Rc<Pipe>);

pub(crate) fn pipe() -> (PipeReader, PipeWriter) {
    let pipe = Rc::new(Pipe { has_reader: Cell::new(true), has_writer: Cell::new(true), ..Pipe::default() });
    (PipeReader(Rc::clone(&pipe)), PipeWriter(pipe))
}

impl PipeReader {
    pub(crate) async fn read(&self) -> Vec<u8> {
        self.take(|_| None).await
    }

    /// Waits for the delimiter, for a full pipe, or for the end.
    pub(crate) async fn read_until(&self, delimiter: u8) -> Vec<u8> {
        let mut line = Vec::new();
        loop {
            let end =
                |bytes: &VecDeque<u8>| bytes.iter().position(|byte| *byte == delimiter).map(|at| at + 1);
            let more = self.take(end).await;
            let is_last = more.is_empty() || more.last() == Some(&delimiter);
            line.extend_from_slice(&more);
            if is_last {
                return line;
            }
        }
    }

    /// What is there, or so much of it as is wanted. Nothing if the other end is closed.
    async fn take(&self, wanted: impl Fn(&VecDeque<u8>) -> Option<usize>) -> Vec<u8> {
        let pipe = &self.0;
        executor::until(|| !pipe.bytes.borrow().is_empty() || !pipe.has_writer.get()).await;
        let mut bytes = pipe.bytes.borrow_mut();
        let count = wanted(&bytes).unwrap_or(bytes.len()).min(BLOCK_BYTES);
        executor::moved();
        bytes.drain(..count).collect()
    }
}

impl PipeWriter {
    /// An error of the kind broken pipe if nobody can read it any more.
    pub(crate) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        let pipe = &self.0;
        while !bytes.is_empty() {
            executor::until(|| pipe.bytes.borrow().len() < PIPE_BYTES_MAX || !pipe.has_reader.get()).await;
            if !pipe.has_reader.get() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let mut waiting = pipe.bytes.borrow_mut();
            let (now, later) = bytes.split_at(bytes.len().min(PIPE_BYTES_MAX - waiting.len()));
            waiting.extend(now);
            executor::moved();
            bytes = later;
        }
        Ok(())
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.has_reader.set(false);
        executor::moved();
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.0.has_writer.set(false);
        executor::moved();
    }
}
