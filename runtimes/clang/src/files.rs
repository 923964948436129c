//! The files that LLVM sees: those of the source, what it makes of them, and `/usr`, which travels with the component
//! as one text of names and one run of bytes.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use crate::llvm;

/// The content of a file. Who has it open shares it.
pub(crate) type Content = Rc<RefCell<Vec<u8>>>;

/// What a path leads to.
pub(crate) enum Found {
    File(Content),
    Directory,
}

/// Files by path, without the first slash.
pub(crate) struct Files {
    made: BTreeMap<String, Content>,
    /// What has not been read yet: where it begins, and its length.
    resources: HashMap<String, (usize, usize)>,
    directories: HashSet<String>,
}

/// Bytes before the list of names: its length, in little-endian.
const HEAD_BYTES: usize = 4;

impl Files {
    /// Those that travel with the component: a line each with the length and the path, then the bytes of all.
    pub(crate) fn with_resources() -> Self {
        let length = llvm::resource(0, HEAD_BYTES).try_into().map(u32::from_le_bytes).expect("four bytes");
        let list = String::from_utf8(llvm::resource(HEAD_BYTES, length as usize)).expect("paths are text");
        let mut files =
            Self { made: BTreeMap::new(), resources: HashMap::new(), directories: HashSet::new() };
        files.directories.extend([String::new(), "tmp".to_owned()]);
        let mut offset = HEAD_BYTES + length as usize;
        for line in list.lines() {
            let (length, path) = line.split_once(' ').expect("a length and a path");
            let length = length.parse().expect("a number");
            files.add_directories(path);
            files.resources.insert(path.to_owned(), (offset, length));
            offset += length;
        }
        files
    }

    fn add_directories(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(end, _)| &path[..end]);
        for directory in ends {
            if !self.directories.contains(directory) {
                self.directories.insert(directory.to_owned());
            }
        }
    }

    /// Puts a file there, in place of what was.
    pub(crate) fn put(&mut self, path: &str, content: Vec<u8>) -> Content {
        self.add_directories(path);
        let content = Rc::new(RefCell::new(content));
        self.made.insert(path.to_owned(), content.clone());
        content
    }

    /// What a path leads to.
    pub(crate) fn find(&mut self, path: &str) -> Option<Found> {
        if let Some(content) = self.made.get(path) {
            return Some(Found::File(content.clone()));
        }
        if let Some((offset, length)) = self.resources.remove(path) {
            let content = llvm::resource(offset, length);
            return Some(Found::File(self.put(path, content)));
        }
        self.directories.contains(path).then_some(Found::Directory)
    }

    /// Takes a file away.
    pub(crate) fn remove(&mut self, path: &str) -> Option<Content> {
        self.made.remove(path)
    }

    /// Gives a file another name.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Option<()> {
        let content = self.made.remove(from)?;
        self.add_directories(to);
        self.made.insert(to.to_owned(), content);
        Some(())
    }

    pub(crate) fn add_directory(&mut self, path: &str) {
        self.directories.insert(path.to_owned());
    }
}

/// A path in one way only: without `.`, `..` and doubled slashes. It cannot lead out of the root.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
