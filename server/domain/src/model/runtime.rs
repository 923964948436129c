//! Runtimes: what makes functions of source.

use super::function::Name;
use super::id::Sha256;
use super::time::Millis;

/// The runtimes of one server at most.
pub const RUNTIMES_MAX: usize = 100;

/// One version of a runtime. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// Its name.
    pub name: Name,
    /// The version's number, from 1.
    pub number: u32,
    /// The hash of its component.
    pub component: Sha256,
    /// Bytes of its component.
    pub size_bytes: u64,
    /// When it was added.
    pub created_at: Millis,
}

impl Runtime {
    /// Its name and number: `python@2`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name.as_str(), self.number)
    }
}

/// What source is taken for where nobody says: by its media type, or by the end of its file's name.
struct Known {
    runtime: &'static str,
    ends: &'static [&'static str],
    media_types: &'static [&'static str],
}

const KNOWN: [Known; 6] = [
    Known {
        runtime: "javascript",
        ends: &["js", "mjs"],
        media_types: &["text/javascript", "application/javascript", "application/x-javascript"],
    },
    Known {
        runtime: "typescript",
        ends: &["ts", "mts"],
        media_types: &["text/typescript", "application/typescript", "text/x-typescript"],
    },
    Known {
        runtime: "python",
        ends: &["py"],
        media_types: &["text/x-python", "application/x-python", "application/x-python-code"],
    },
    Known {
        runtime: "shell",
        ends: &["sh"],
        media_types: &["application/x-sh", "text/x-sh", "text/x-shellscript"],
    },
    Known { runtime: "c", ends: &["c"], media_types: &["text/x-c", "text/x-csrc"] },
    Known { runtime: "cpp", ends: &["cpp", "cc", "cxx"], media_types: &["text/x-c++", "text/x-c++src"] },
];

/// The runtime that a media type means, and the end of a file's name that goes with it.
pub fn of_media_type(media_type: &str) -> Option<(&'static str, &'static str)> {
    let known = KNOWN.iter().find(|known| known.media_types.contains(&media_type))?;
    Some((known.runtime, known.ends[0]))
}

/// The runtime that the end of a file's name means.
pub fn of_file(path: &str) -> Option<&'static str> {
    let (_, end) = path.rsplit_once('.')?;
    KNOWN.iter().find(|known| known.ends.contains(&end)).map(|known| known.runtime)
}

/// Whether it does not matter with which file one begins, since all are compiled.
pub fn takes_all(path: &str) -> bool {
    matches!(of_file(path), Some("c" | "cpp"))
}

/// The end of the name of a runtime's file, where it is known.
pub fn file_end(runtime: &str) -> Option<&'static str> {
    KNOWN.iter().find(|known| known.runtime == runtime).map(|known| known.ends[0])
}
