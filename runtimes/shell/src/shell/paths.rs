//! Paths, relative to the working directory of a shell.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;

use super::Shell;
use crate::stream::Stream;

/// Bytes of a path.
const PATH_BYTES_MAX: usize = 4096;

impl Shell {
    /// The path from the root. `..` is resolved in the text: the sandbox has no directory above its root, and
    /// would refuse a path that goes there on its way.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(self.absolute(path))
    }

    pub(crate) fn absolute(&self, path: &str) -> String {
        let whole =
            if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.directory) };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        // `name/` is a directory or nothing.
        let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
        format!("/{}{end}", parts.join("/"))
    }

    /// Opens a file as a stream. The paths of the standard streams are the shell's own.
    pub(crate) fn open(&self, path: &str, options: &OpenOptions) -> io::Result<Stream> {
        if path.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if path.len() > PATH_BYTES_MAX {
            return Err(io::Error::other("file name too long"));
        }
        let absolute = self.absolute(path);
        let standard = match absolute.as_str() {
            "/dev/null" => return Ok(Stream::Null),
            "/dev/stdin" | "/dev/fd/0" => 0,
            "/dev/stdout" | "/dev/fd/1" => 1,
            "/dev/stderr" | "/dev/fd/2" => 2,
            _ => return options.open(&absolute).map(Stream::file),
        };
        self.descriptors.get(standard).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(crate) fn open_to_read(&self, path: &str) -> io::Result<Stream> {
        let stream = self.open(path, File::options().read(true))?;
        match &stream {
            Stream::File(file) if file.metadata()?.is_dir() => Err(io::Error::other("is a directory")),
            _ => Ok(stream),
        }
    }
}

/// What went wrong, in the words that people know from other shells.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::AlreadyExists => "file exists".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        io::ErrorKind::DirectoryNotEmpty => "directory not empty".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "no space left".to_owned(),
        io::ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        _ => {
            let text = error.to_string();
            text.split_once(" (os error").map_or(text.clone(), |(text, _)| text.to_lowercase())
        }
    }
}
