//! Source: files of text, of which a runtime makes a function.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::id::Sha256;
use crate::error::{Code, Error, Result};

/// Files of one upload.
pub const FILES_MAX: usize = 2_000;
/// Bytes of a file's path.
pub const PATH_BYTES_MAX: usize = 255;

/// Source, as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    main: String,
    files: BTreeMap<String, Vec<u8>>,
}

/// Source as it is kept. The runtime stands in it, so that its hash is that of a build.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    runtime: String,
    main: String,
    files: BTreeMap<String, Content>,
}

/// A file: text as it is, anything else as base64.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    Text(String),
    Base64(String),
}

impl Source {
    /// Source of some files.
    ///
    /// # Errors
    /// Invalid for a path that leads elsewhere, a file that is there twice or no file to begin with; too large
    /// for more than there may be.
    pub fn new(main: String, files: Vec<(String, Vec<u8>)>, bytes_max: usize) -> Result<Self> {
        if files.len() > FILES_MAX {
            return Err(Error::new(Code::TooLarge, format!("source may have {FILES_MAX} files at most")));
        }
        let bytes: usize = files.iter().map(|(path, content)| path.len() + content.len()).sum();
        if bytes > bytes_max {
            let message = format!("source may have {bytes_max} bytes at most, this has {bytes}");
            return Err(Error::new(Code::TooLarge, message));
        }
        let mut named = BTreeMap::new();
        for (path, content) in files {
            check_path(&path)?;
            if let Some((twice, _)) = named.get_key_value(&path) {
                return Err(Error::invalid(format!("the file {twice:?} is there twice")));
            }
            named.insert(path, content);
        }
        for path in named.keys() {
            let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
            if let Some(file) = folders.find(|folder| named.contains_key(*folder)) {
                return Err(Error::invalid(format!("{file:?} is a file and a folder")).field("files"));
            }
        }
        if !named.contains_key(&main) {
            let message = format!("there is no file {main:?} to begin with");
            return Err(Error::invalid(message).field("main"));
        }
        Ok(Self { main, files: named })
    }

    /// The path of the file to begin with.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// All files, by path.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// As it is kept, for a build with a runtime. The same files give the same bytes.
    pub fn to_bytes(&self, runtime: Sha256) -> Vec<u8> {
        let content = |bytes: &Vec<u8>| match std::str::from_utf8(bytes) {
            Ok(text) if is_plain(text) => Content::Text(text.to_owned()),
            _ => Content::Base64(STANDARD.encode(bytes)),
        };
        let files = self.files.iter().map(|(path, bytes)| (path.clone(), content(bytes))).collect();
        let kept = Kept { runtime: runtime.to_string(), main: self.main.clone(), files };
        serde_json::to_vec(&kept).expect("our own types are always JSON")
    }

    /// Reads what [`Source::to_bytes`] wrote.
    ///
    /// # Errors
    /// Internal, if it did not write this.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Kept { main, files, .. } = serde_json::from_slice(bytes).map_err(Error::internal)?;
        let content = |content| match content {
            Content::Text(text) => Ok(text.into_bytes()),
            Content::Base64(text) => STANDARD.decode(text).map_err(Error::internal),
        };
        let files = files.into_iter().map(|(path, bytes)| Ok((path, content(bytes)?)));
        Ok(Self { main, files: files.collect::<Result<_>>()? })
    }
}

/// Whether a text is about as long in JSON as it is: control characters take six bytes each.
fn is_plain(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t'))
}

/// A path below the folder of the source, and nowhere else.
fn check_path(path: &str) -> Result<()> {
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    let is_plain = !path.contains(|c: char| c.is_control() || c == '\\');
    if (1..=PATH_BYTES_MAX).contains(&path.len()) && is_plain && path.split('/').all(is_part) {
        return Ok(());
    }
    let message = format!(
        "{path:?} is no path of a file: it is relative, with / between its parts, without . and .., and has {PATH_BYTES_MAX} bytes at most"
    );
    Err(Error::invalid(message).field("files"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(main: &str, paths: &[&str]) -> Result<Source> {
        let files = paths.iter().map(|path| ((*path).to_owned(), b"x".to_vec())).collect();
        Source::new(main.to_owned(), files, 1000)
    }

    #[test]
    fn a_path_stays_where_it_is() {
        for good in ["a.js", "lib/a.js", "..a", "ü.py", ".env"] {
            assert!(source(good, &[good]).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "../a", "a/../b", "a//b", "./a", "a\\b", "a\nb", &"x".repeat(256)] {
            assert!(source(bad, &[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn source_has_its_main_file_and_each_file_once() {
        assert!(source("b", &["a"]).unwrap_err().message().contains("begin with"));
        assert!(source("a", &["a", "a/b"]).unwrap_err().message().contains("a file and a folder"));
        assert!(source("a", &["a", "a"]).unwrap_err().message().contains("twice"));
        assert!(Source::new("a".into(), vec![("a".into(), vec![0; 1000])], 1000).is_err());
    }

    #[test]
    fn what_is_kept_is_read_back_and_has_the_runtime_in_its_hash() {
        let files = vec![("b".to_owned(), vec![0xff, 0]), ("a".to_owned(), b"text".to_vec())];
        let source = Source::new("a".into(), files.clone(), 1000).expect("it fits");
        let (one, other) = (Sha256::of(b"one"), Sha256::of(b"other"));
        assert_eq!(Source::from_bytes(&source.to_bytes(one)).expect("it is ours"), source);
        assert_ne!(source.to_bytes(one), source.to_bytes(other));
        let turned = Source::new("a".into(), files.into_iter().rev().collect(), 1000).expect("it fits");
        assert_eq!(source.to_bytes(one), turned.to_bytes(one));
    }
}
