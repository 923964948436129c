//! From a path to a node: always below the directory that it starts from.
//!
//! A path is walked component by component in the tree itself, so there is nothing outside to get to;
//! what would leave the directory of the descriptor is refused all the same, as WASI has it.

use std::collections::VecDeque;

use super::fault::Fault;
use super::tree::{Kind, NodeId, Tree};

/// Bytes of a path, and of what all its symbolic links add to it.
pub(super) const PATH_BYTES_MAX: usize = 4096;
/// Bytes of one name.
const NAME_BYTES_MAX: usize = 255;
/// Symbolic links that are followed on one way.
const LINKS_FOLLOWED_MAX: usize = 40;

/// Where a path leads.
pub(super) struct Place {
    /// The directory of the last component.
    pub(super) parent: NodeId,
    /// The last component; `None` where the path names a directory by `.`, `..` or itself.
    pub(super) name: Option<String>,
    /// What is there, if anything is.
    pub(super) node: Option<NodeId>,
    /// Whether the path ends with a slash: only a directory may be there.
    pub(super) wants_directory: bool,
}

impl Place {
    /// What is there.
    pub(super) fn found(&self) -> Result<NodeId, Fault> {
        self.node.ok_or(Fault::NoEntry)
    }

    /// The name of what is there or will be.
    pub(super) fn name(&self) -> Result<&str, Fault> {
        self.name.as_deref().ok_or(Fault::Busy)
    }
}

impl Tree {
    /// Walks `path` from a directory; a symbolic link at its end is followed if `follow` says so.
    pub(super) fn walk(&self, base: NodeId, path: &str, follow: bool) -> Result<Place, Fault> {
        if path.is_empty() {
            return Err(Fault::NoEntry);
        }
        let mut way = Way { tree: self, above: Vec::new(), here: base, left: VecDeque::new(), bytes: 0 };
        let mut wants_directory = way.add(path)?;
        let mut followed = 0;
        let mut last = None;
        while let Some(component) = way.left.pop_front() {
            last = None;
            if component == ".." {
                way.here = way.above.pop().ok_or(Fault::NotPermitted)?;
                continue;
            }
            let node = self.directory(way.here)?.get(component.as_str()).copied();
            let is_last = way.left.is_empty();
            match node {
                Some(node) if self.is_link(node) && (!is_last || follow || wants_directory) => {
                    followed += 1;
                    if followed > LINKS_FOLLOWED_MAX {
                        return Err(Fault::Loop);
                    }
                    let Kind::Link(target) = &self.node(node)?.kind else { return Err(Fault::Io) };
                    wants_directory |= way.add(target)? && is_last;
                }
                node if is_last => last = Some((component, node)),
                Some(node) => {
                    self.directory(node)?;
                    way.above.push(way.here);
                    way.here = node;
                }
                None => return Err(Fault::NoEntry),
            }
        }
        Ok(match last {
            Some((name, node)) => Place { parent: way.here, name: Some(name), node, wants_directory },
            None => Place { parent: way.here, name: None, node: Some(way.here), wants_directory: true },
        })
    }
}

/// A walk under way.
struct Way<'a> {
    tree: &'a Tree,
    /// The directories between the one that the walk began in and this one.
    above: Vec<NodeId>,
    here: NodeId,
    left: VecDeque<String>,
    bytes: usize,
}

impl Way<'_> {
    /// Puts a path before what is left of the way. Says whether it ends in a directory.
    fn add(&mut self, path: &str) -> Result<bool, Fault> {
        if path.starts_with('/') {
            return Err(Fault::NotPermitted);
        }
        if path.contains('\0') {
            return Err(Fault::Invalid);
        }
        self.bytes += path.len();
        if self.bytes > PATH_BYTES_MAX || path.split('/').any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(Fault::NameTooLong);
        }
        self.tree.directory(self.here)?;
        for component in path.split('/').rev() {
            if !matches!(component, "" | ".") {
                self.left.push_front(component.to_owned());
            }
        }
        Ok(path.ends_with('/') || path.ends_with("/.") || path == ".")
    }
}
