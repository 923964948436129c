//! What a descriptor stands for: a file, the end of a pipe, the host's own streams, or text in memory.

mod pipe;
mod reader;
mod writer;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

pub(crate) use pipe::{PipeReader, PipeWriter, pipe};
pub(crate) use reader::LineReader;
pub(crate) use writer::Output;

/// Bytes moved at one time.
pub(crate) const BLOCK_BYTES: usize = 64 << 10;

/// Bytes that `$(…)` and what else is kept in memory can have. A guest's memory is not much larger.
pub(crate) const CAPTURE_BYTES_MAX: usize = 64 << 20;

/// A clone is the same stream: it has the same position.
#[derive(Clone)]
pub(crate) enum Stream {
    /// `/dev/null`
    Null,
    File(Rc<File>),
    PipeReader(Rc<PipeReader>),
    PipeWriter(Rc<PipeWriter>),
    HostInput,
    HostOutput,
    HostError,
    Text(Rc<Text>),
    Capture(Rc<RefCell<Vec<u8>>>),
}

/// Text to be read: a here-document.
pub(crate) struct Text {
    bytes: Vec<u8>,
    position: Cell<usize>,
}

impl Stream {
    pub(crate) fn text(bytes: Vec<u8>) -> Self {
        Self::Text(Rc::new(Text { bytes, position: Cell::new(0) }))
    }

    pub(crate) fn file(file: File) -> Self {
        Self::File(Rc::new(file))
    }

    /// The next bytes, [`BLOCK_BYTES`] at most. None at the end.
    pub(crate) async fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Null => Ok(Vec::new()),
            Self::File(file) => read_block(&**file),
            Self::PipeReader(reader) => Ok(reader.read().await),
            Self::HostInput => read_block(io::stdin().lock()),
            Self::Text(text) => Ok(text.read(|rest| rest.len().min(BLOCK_BYTES))),
            Self::PipeWriter(_) | Self::HostOutput | Self::HostError | Self::Capture(_) => Err(not_open()),
        }
    }

    /// The next bytes up to the delimiter and with it, but not one more: the rest is for who reads next.
    pub(crate) async fn read_until(&self, delimiter: u8) -> io::Result<Vec<u8>> {
        let length =
            |rest: &[u8]| rest.iter().position(|byte| *byte == delimiter).map_or(rest.len(), |at| at + 1);
        match self {
            Self::Null => Ok(Vec::new()),
            Self::File(file) => {
                let mut bytes = read_block(&**file)?;
                let wanted = length(&bytes);
                let back = i64::try_from(bytes.len() - wanted).map_err(io::Error::other)?;
                (&**file).seek(SeekFrom::Current(-back))?;
                bytes.truncate(wanted);
                Ok(bytes)
            }
            Self::PipeReader(reader) => Ok(reader.read_until(delimiter).await),
            Self::HostInput => {
                let mut bytes = Vec::new();
                io::BufRead::read_until(&mut io::stdin().lock(), delimiter, &mut bytes)?;
                Ok(bytes)
            }
            Self::Text(text) => Ok(text.read(length)),
            Self::PipeWriter(_) | Self::HostOutput | Self::HostError | Self::Capture(_) => Err(not_open()),
        }
    }

    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Null => Ok(()),
            Self::File(file) => (&**file).write_all(bytes),
            Self::PipeWriter(writer) => writer.write(bytes).await,
            Self::HostOutput => io::stdout().write_all(bytes),
            Self::HostError => io::stderr().write_all(bytes),
            Self::Capture(captured) => {
                let mut captured = captured.borrow_mut();
                if captured.len() + bytes.len() > CAPTURE_BYTES_MAX {
                    return Err(io::Error::other(format!("output of more than {CAPTURE_BYTES_MAX} bytes")));
                }
                captured.extend_from_slice(bytes);
                Ok(())
            }
            Self::HostInput | Self::Text(_) | Self::PipeReader(_) => Err(not_open()),
        }
    }
}

impl Text {
    fn read(&self, length: impl Fn(&[u8]) -> usize) -> Vec<u8> {
        let rest = &self.bytes[self.position.get()..];
        let bytes = rest[..length(rest)].to_vec();
        self.position.set(self.position.get() + bytes.len());
        bytes
    }
}

fn read_block(mut source: impl Read) -> io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match source.read(&mut block) {
            Ok(count) => {
                block.truncate(count);
                return Ok(block);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn not_open() -> io::Error {
    io::Error::other("bad file descriptor")
}
