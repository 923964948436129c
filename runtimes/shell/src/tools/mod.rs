//! The tools: what other systems have as programs of their own. Each is a file, reads its input and writes its
//! output in blocks, and so can stand in a pipeline beside others in this one process.
//!
//! The crates `uu_*` are not used: they read and write the streams of the process itself and end it with
//! `process::exit`, so that two of them cannot stand in one pipeline.

mod base64;
mod basename;
mod cat;
mod cut;
mod date;
mod digest;
mod echo;
mod environment;
mod expr;
mod find;
mod fold;
mod grep;
mod head;
mod hexdump;
mod identity;
mod jq;
mod list;
mod move_file;
mod nl;
mod number_list;
mod options;
mod paste;
mod printf;
mod registry;
mod remove;
mod reverse;
mod sed;
mod shuffle;
mod sleep;
mod sort;
mod tail;
mod tee;
mod test;
mod touch;
mod translate;
mod unique;
mod which;
mod word_count;
mod xargs;
mod yes;

use std::io;

use crate::executor::Task;
use crate::shell::Shell;
use crate::shell::paths::reason;
use crate::stream::{LineReader, Output, Stream};

pub(crate) use options::{Parsed, Spec};
pub(crate) use registry::find;

/// What a command ends with when nobody reads its output any more: 128 and the number of SIGPIPE.
pub(crate) const BROKEN_PIPE: u8 = 141;

pub(crate) type Outcome = Result<u8, Failure>;

/// What a tool is in the registry.
pub(crate) type Run = for<'a> fn(&'a mut Tool) -> Task<'a, Outcome>;

/// Why a tool did not come to its end.
pub(crate) enum Failure {
    /// A message, and the status.
    Message(String, u8),
    BrokenPipe,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into(), 1)
    }

    /// The tool was used wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Message(message.into(), 2)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::BrokenPipe } else { Self::new(reason(&error)) }
    }
}

/// A tool that runs: its arguments, and a copy of the shell that it was named in.
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) shell: Shell,
    pub(crate) output: Output,
    /// What it ends with if nothing else is said: 1 after a warning.
    pub(crate) status: u8,
}

impl Tool {
    pub(crate) fn new(shell: &Shell, name: String, arguments: Vec<String>) -> Self {
        let output = Output::new(shell.descriptors.get(1));
        Self { name, arguments, shell: shell.subshell(), output, status: 0 }
    }

    /// Runs it to its end, and returns its status.
    pub(crate) async fn finish(&mut self, run: Run) -> u8 {
        let outcome = run(self).await;
        let flushed = self.output.flush().await;
        match (outcome, flushed) {
            (Ok(status), Ok(())) => status,
            (Err(Failure::BrokenPipe), _) => BROKEN_PIPE,
            (Err(Failure::Message(message, status)), _) => {
                self.warn(&message).await;
                status
            }
            (Ok(_), Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => BROKEN_PIPE,
            (Ok(_), Err(error)) => {
                self.warn(&format!("write error: {}", reason(&error))).await;
                1
            }
        }
    }

    /// Writes a message to stderr.
    pub(crate) async fn warn(&mut self, message: &str) {
        self.status = 1;
        // In the order in which it happened.
        let _ = self.output.flush().await;
        if let Some(stream) = self.shell.descriptors.get(2) {
            // A message that nobody reads is no failure.
            let _ = stream.write(format!("{}: {message}\n", self.name).as_bytes()).await;
        }
    }

    pub(crate) fn parse(&self, spec: &Spec) -> Result<Parsed, Failure> {
        options::parse(&self.arguments, spec)
    }

    pub(crate) fn input(&self) -> Stream {
        self.shell.descriptors.get(0).unwrap_or(Stream::Null)
    }

    /// A file to read; `-` is the input.
    pub(crate) fn open(&self, path: &str) -> Result<Stream, Failure> {
        if path == "-" {
            return Ok(self.input());
        }
        self.shell.open_to_read(path).map_err(|error| Failure::new(format!("{path}: {}", reason(&error))))
    }

    /// Opens each file in turn, or the input if there is none. What cannot be opened is warned of.
    pub(crate) async fn open_or_warn(&mut self, path: &str) -> Option<Stream> {
        match self.open(path) {
            Ok(stream) => Some(stream),
            Err(Failure::Message(message, _)) => {
                self.warn(&message).await;
                None
            }
            Err(Failure::BrokenPipe) => None,
        }
    }

    /// All bytes of the files, or of the input if there is none, one after another.
    pub(crate) async fn read_files(&mut self, paths: &[String]) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        for path in or_input(paths) {
            if let Some(stream) = self.open_or_warn(&path).await {
                bytes.extend_from_slice(&stream.read_all().await?);
            }
        }
        Ok(bytes)
    }

    /// All lines of the files, without their newlines.
    pub(crate) async fn read_lines(
        &mut self,
        paths: &[String],
        delimiter: u8,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let mut lines = Vec::new();
        for path in or_input(paths) {
            let Some(stream) = self.open_or_warn(&path).await else { continue };
            let mut reader = LineReader::new(stream, delimiter);
            while let Some((line, _)) = reader.line().await? {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// Runs another command, with what is written so far before its output. Returns its status.
    pub(crate) async fn run_command(&mut self, words: Vec<String>) -> Result<u8, Failure> {
        self.output.flush().await?;
        let mut shell = self.shell.subshell();
        if shell.descend().await.is_err() {
            return Ok(shell.status);
        }
        // Functions of the shell are not known outside of it.
        shell.functions = std::rc::Rc::default();
        let _ = crate::evaluate::run_words(&mut shell, words).await;
        Ok(shell.status)
    }
}

/// The paths, or `-` if there is none.
pub(crate) fn or_input(paths: &[String]) -> Vec<String> {
    if paths.is_empty() { vec!["-".to_owned()] } else { paths.to_vec() }
}
