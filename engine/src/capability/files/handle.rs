//! What a descriptor may do: the operations of `wasi:filesystem`, the same for 0.2 and 0.3.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::content::Content;
use super::fault::Fault;
use super::path::{PATH_BYTES_MAX, Place};
use super::tree::{Kind, NodeId, Spare, Tree};

/// A node that somebody holds open: it stays, even without a name, until the last holder goes.
pub(super) struct Opened {
    tree: Arc<Mutex<Tree>>,
    node: NodeId,
}

/// A descriptor.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) opened: Opened,
    pub(super) access: Access,
}

/// What a descriptor was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) mutate: bool,
}

/// How something is opened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opening {
    pub(super) follow: bool,
    pub(super) create: bool,
    pub(super) directory: bool,
    pub(super) exclusive: bool,
    pub(super) truncate: bool,
}

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Directory,
    Link,
}

/// A listing, with the memory that it takes.
pub(super) struct Entries {
    entries: std::vec::IntoIter<(Type, String)>,
    _spare: Spare,
}

/// What an entry of a listing costs in memory beside its name.
const ENTRY_COST: u64 = 64;

impl Iterator for Entries {
    type Item = (Type, String);

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next()
    }
}

/// What `stat` tells.
pub(super) struct Stat {
    pub(super) node: NodeId,
    pub(super) ty: Type,
    pub(super) links: u64,
    pub(super) size: u64,
    pub(super) accessed: SystemTime,
    pub(super) modified: SystemTime,
    pub(super) changed: SystemTime,
}

impl Opened {
    pub(super) fn new(tree: &Arc<Mutex<Tree>>, node: NodeId) -> Self {
        lock(tree).hold(node);
        Self { tree: tree.clone(), node }
    }

    pub(super) fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        lock(&self.tree).read(self.node, offset, length)
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        lock(&self.tree).write(self.node, offset, bytes)
    }

    pub(super) fn append(&self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut tree = lock(&self.tree);
        let end = tree.node(self.node)?.size();
        tree.write(self.node, end, bytes)
    }
}

impl Clone for Opened {
    fn clone(&self) -> Self {
        Self::new(&self.tree, self.node)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        lock(&self.tree).release(self.node);
    }
}

impl Handle {
    /// The file, for reading or writing.
    pub(super) fn file(&self, writes: bool) -> Result<Opened, Fault> {
        if self.lock().is_directory(self.opened.node) {
            return Err(Fault::IsDirectory);
        }
        let allowed = if writes { self.access.write } else { self.access.read };
        allowed.then(|| self.opened.clone()).ok_or(Fault::NotPermitted)
    }

    pub(super) fn open(&self, path: &str, opening: Opening, access: Access) -> Result<Self, Fault> {
        let Opening { follow, create, directory, exclusive, truncate } = opening;
        if directory && (create || exclusive || truncate) {
            return Err(Fault::Invalid);
        }
        if (create || truncate || access.write || access.mutate) && !self.access.mutate {
            return Err(Fault::NotPermitted);
        }
        let mut tree = self.lock();
        // What is to be made anew is not looked for behind a link.
        let place = tree.walk(self.opened.node, path, follow && !exclusive)?;
        let node = match place.node {
            Some(_) if create && exclusive => return Err(Fault::Exist),
            Some(node) if tree.is_link(node) => return Err(Fault::Loop),
            Some(node) => node,
            None if create && place.wants_directory => return Err(Fault::IsDirectory),
            None if create => tree.make(&place, Kind::File(Content::Memory(Vec::new())))?,
            None => return Err(Fault::NoEntry),
        };
        let is_directory = tree.is_directory(node);
        if !is_directory && (directory || place.wants_directory) {
            return Err(Fault::NotDirectory);
        }
        if is_directory && (create || truncate || access.write) {
            return Err(Fault::IsDirectory);
        }
        if truncate {
            tree.resize(node, 0)?;
        }
        drop(tree);
        let access = Access {
            // What is not opened to write is opened to read.
            read: access.read || !access.write,
            write: !is_directory && access.write,
            mutate: is_directory && self.access.mutate,
        };
        Ok(Self { opened: Opened::new(&self.opened.tree, node), access })
    }

    pub(super) fn create_directory(&self, path: &str) -> Result<(), Fault> {
        self.make(path, |_| Ok(Kind::Directory(BTreeMap::new())))
    }

    pub(super) fn symlink(&self, target: &str, path: &str) -> Result<(), Fault> {
        if target.is_empty() {
            return Err(Fault::NoEntry);
        }
        if target.starts_with('/') {
            return Err(Fault::NotPermitted);
        }
        if target.len() > PATH_BYTES_MAX {
            return Err(Fault::NameTooLong);
        }
        self.make(path, |place| match place.wants_directory {
            true => Err(Fault::NoEntry),
            false => Ok(Kind::Link(target.to_owned())),
        })
    }

    fn make(&self, path: &str, kind: impl FnOnce(&Place) -> Result<Kind, Fault>) -> Result<(), Fault> {
        let mut tree = self.lock_to_change()?;
        let place = tree.walk(self.opened.node, path, false)?;
        if place.node.is_some() {
            return Err(Fault::Exist);
        }
        let kind = kind(&place)?;
        tree.make(&place, kind).map(drop)
    }

    pub(super) fn readlink(&self, path: &str) -> Result<String, Fault> {
        let tree = self.lock();
        let node = tree.walk(self.opened.node, path, false)?.found()?;
        match &tree.node(node)?.kind {
            Kind::Link(target) => Ok(target.clone()),
            Kind::File(_) | Kind::Directory(_) => Err(Fault::Invalid),
        }
    }

    pub(super) fn unlink(&self, path: &str) -> Result<(), Fault> {
        let mut tree = self.lock_to_change()?;
        let place = tree.walk(self.opened.node, path, false)?;
        let node = place.found()?;
        if tree.is_directory(node) {
            return Err(Fault::IsDirectory);
        }
        if place.wants_directory {
            return Err(Fault::NotDirectory);
        }
        tree.unlink(&place)
    }

    pub(super) fn remove_directory(&self, path: &str) -> Result<(), Fault> {
        let mut tree = self.lock_to_change()?;
        let place = tree.walk(self.opened.node, path, false)?;
        let entries = tree.directory(place.found()?)?;
        if place.name.is_none() {
            return Err(Fault::Invalid);
        }
        if !entries.is_empty() {
            return Err(Fault::NotEmpty);
        }
        tree.unlink(&place)
    }

    pub(super) fn link(&self, follow: bool, from: &str, to: &Self, path: &str) -> Result<(), Fault> {
        if follow {
            return Err(Fault::Invalid);
        }
        to.check_change()?;
        let mut tree = self.lock_to_change()?;
        let source = tree.walk(self.opened.node, from, false)?;
        let node = source.found()?;
        if tree.is_directory(node) {
            return Err(Fault::NotPermitted);
        }
        let place = tree.walk(to.opened.node, path, false)?;
        if place.node.is_some() {
            return Err(Fault::Exist);
        }
        if source.wants_directory || place.wants_directory {
            return Err(Fault::NotDirectory);
        }
        tree.link(&place, node)
    }

    pub(super) fn rename(&self, from: &str, to: &Self, path: &str) -> Result<(), Fault> {
        to.check_change()?;
        let mut tree = self.lock_to_change()?;
        let source = tree.walk(self.opened.node, from, false)?;
        let node = source.found()?;
        let target = tree.walk(to.opened.node, path, false)?;
        let is_directory = tree.is_directory(node);
        source.name().and(target.name())?;
        if !is_directory && (source.wants_directory || target.wants_directory) {
            return Err(Fault::NotDirectory);
        }
        if let Some(replaced) = target.node.filter(|replaced| *replaced != node) {
            match (is_directory, tree.directory(replaced)) {
                (true, Ok(entries)) if !entries.is_empty() => return Err(Fault::NotEmpty),
                (true, Err(_)) => return Err(Fault::NotDirectory),
                (false, Ok(_)) => return Err(Fault::IsDirectory),
                (true, Ok(_)) | (false, Err(_)) => {}
            }
        }
        if is_directory && tree.contains(node, target.parent) {
            return Err(Fault::Invalid);
        }
        tree.rename(&source, &target)
    }

    pub(super) fn stat(&self) -> Result<Stat, Fault> {
        stat(&self.lock(), self.opened.node)
    }

    pub(super) fn stat_at(&self, follow: bool, path: &str) -> Result<Stat, Fault> {
        let tree = self.lock();
        stat(&tree, self.find(&tree, follow, path)?)
    }

    pub(super) fn set_size(&self, size: u64) -> Result<(), Fault> {
        let file = self.file(true)?;
        lock(&file.tree).resize(file.node, size)
    }

    /// Sets the times of access and of change; as each is to be set.
    pub(super) fn set_times(&self, accessed: Time, modified: Time) -> Result<(), Fault> {
        set_times(&mut self.lock(), self.opened.node, accessed, modified)
    }

    pub(super) fn set_times_at(
        &self,
        follow: bool,
        path: &str,
        accessed: Time,
        modified: Time,
    ) -> Result<(), Fault> {
        let mut tree = self.lock_to_change()?;
        let node = self.find(&tree, follow, path)?;
        set_times(&mut tree, node, accessed, modified)
    }

    /// What is in a directory, as it is now. The host keeps it as long as the guest reads it.
    pub(super) fn entries(&self) -> Result<Entries, Fault> {
        let tree = self.lock();
        let directory = tree.directory(self.opened.node)?;
        let spare = tree.spare(directory.keys().map(|name| name.len() as u64 + ENTRY_COST).sum())?;
        let entries = directory.iter().map(|(name, id)| Ok((stat(&tree, *id)?.ty, name.clone())));
        let entries = entries.collect::<Result<Vec<_>, Fault>>()?.into_iter();
        Ok(Entries { entries, _spare: spare })
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.opened.node == other.opened.node
    }

    fn find(&self, tree: &Tree, follow: bool, path: &str) -> Result<NodeId, Fault> {
        let place = tree.walk(self.opened.node, path, follow)?;
        let node = place.found()?;
        if place.wants_directory && !tree.is_directory(node) {
            return Err(Fault::NotDirectory);
        }
        Ok(node)
    }

    fn check_change(&self) -> Result<(), Fault> {
        self.access.mutate.then_some(()).ok_or(match self.lock().is_directory(self.opened.node) {
            true => Fault::NotPermitted,
            false => Fault::NotDirectory,
        })
    }

    fn lock_to_change(&self) -> Result<MutexGuard<'_, Tree>, Fault> {
        self.check_change()?;
        Ok(self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        lock(&self.opened.tree)
    }
}

pub(super) fn lock(tree: &Mutex<Tree>) -> MutexGuard<'_, Tree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stat(tree: &Tree, id: NodeId) -> Result<Stat, Fault> {
    let node = tree.node(id)?;
    let ty = match node.kind {
        Kind::File(_) => Type::File,
        Kind::Directory(_) => Type::Directory,
        Kind::Link(_) => Type::Link,
    };
    Ok(Stat {
        node: id,
        ty,
        links: node.links,
        size: node.size(),
        accessed: node.accessed,
        modified: node.modified,
        changed: node.changed,
    })
}

/// What to set a time to.
#[derive(Clone, Copy)]
pub(super) enum Time {
    Kept,
    Now,
    At(SystemTime),
}

impl Time {
    fn or(self, kept: SystemTime, now: SystemTime) -> SystemTime {
        match self {
            Self::Kept => kept,
            Self::Now => now,
            Self::At(time) => time,
        }
    }
}

fn set_times(tree: &mut Tree, id: NodeId, accessed: Time, modified: Time) -> Result<(), Fault> {
    let now = tree.now();
    let node = tree.node_mut(id)?;
    node.accessed = accessed.or(node.accessed, now);
    node.modified = modified.or(node.modified, now);
    node.changed = now;
    Ok(())
}
