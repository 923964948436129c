//! The scratch files of one guest: a tree of nodes under quotas, which no other guest can name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::content::{Content, Disk};
use super::fault::Fault;
use super::path::Place;
use crate::capability::clocks::Coarse;
use crate::control::Control;

/// Bytes that one guest's files may take in memory; past it, files go to disk that are not small.
const MEMORY_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a file that goes to disk for want of room there.
const SPILLED_BYTES_MIN: u64 = 64 << 10;
/// What a node costs in memory beside its bytes, with its name.
const NODE_COST: u64 = 512;
/// Bytes that one read gives at most.
pub(super) const READ_BYTES_MAX: usize = 64 << 10;

/// Which node of a tree.
pub(crate) type NodeId = usize;

/// A file, a directory or a symbolic link.
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Names that lead to it.
    pub(super) links: u64,
    /// Descriptors and streams that hold it.
    opened: u64,
    pub(super) accessed: SystemTime,
    pub(super) modified: SystemTime,
    pub(super) changed: SystemTime,
}

pub(super) enum Kind {
    File(Content),
    Directory(BTreeMap<String, NodeId>),
    Link(String),
}

/// A guest's files.
pub(crate) struct Tree {
    nodes: Vec<Option<Node>>,
    free: Vec<NodeId>,
    /// Names and nodes without a name, which are what the quota of files counts.
    count: u64,
    /// Bytes of all files and links.
    bytes: u64,
    /// Bytes of those that are in memory.
    memory: u64,
    disk: Arc<Disk>,
    /// Whose limits they are, and who meters their memory.
    control: Arc<Control>,
    /// What time it is for the guest.
    clock: Coarse,
}

/// Memory that the host takes for a guest, until it is dropped.
pub(super) struct Spare {
    control: Arc<Control>,
    bytes: u64,
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.control.memory_shrink(self.bytes);
    }
}

/// The directory that a guest is given.
pub(super) const ROOT: NodeId = 0;

impl Tree {
    /// Makes the root, and in it `tmp`, where programs expect to be able to write.
    pub(crate) fn new(control: Arc<Control>, disk: Arc<Disk>, clock: Coarse) -> Self {
        let mut tree =
            Self { nodes: Vec::new(), free: Vec::new(), count: 0, bytes: 0, memory: 0, disk, control, clock };
        let tmp = ROOT + 1;
        for entries in [BTreeMap::from([("tmp".to_owned(), tmp)]), BTreeMap::new()] {
            let mut node = Node::new(Kind::Directory(entries), clock.time());
            node.links = 1;
            tree.nodes.push(Some(node));
        }
        // The root has no name that could be taken from it; `tmp` has one.
        tree.count = 1;
        tree.control.memory_spare(2 * NODE_COST);
        tree
    }

    /// The time of a node that is touched now.
    pub(super) fn now(&self) -> SystemTime {
        self.clock.time()
    }

    /// Takes memory for what the host keeps beside the files.
    pub(super) fn spare(&self, bytes: u64) -> Result<Spare, Fault> {
        let granted = self.control.memory_spare(bytes);
        granted.then(|| Spare { control: self.control.clone(), bytes }).ok_or(Fault::NoMemory)
    }

    pub(super) fn node(&self, id: NodeId) -> Result<&Node, Fault> {
        self.nodes.get(id).and_then(Option::as_ref).ok_or(Fault::BadDescriptor)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Result<&mut Node, Fault> {
        self.nodes.get_mut(id).and_then(Option::as_mut).ok_or(Fault::BadDescriptor)
    }

    pub(super) fn directory(&self, id: NodeId) -> Result<&BTreeMap<String, NodeId>, Fault> {
        match &self.node(id)?.kind {
            Kind::Directory(entries) => Ok(entries),
            Kind::File(_) | Kind::Link(_) => Err(Fault::NotDirectory),
        }
    }

    fn directory_mut(&mut self, id: NodeId) -> Result<&mut BTreeMap<String, NodeId>, Fault> {
        let now = self.now();
        let node = self.node_mut(id)?;
        (node.modified, node.changed) = (now, now);
        match &mut node.kind {
            Kind::Directory(entries) => Ok(entries),
            Kind::File(_) | Kind::Link(_) => Err(Fault::NotDirectory),
        }
    }

    pub(super) fn is_link(&self, id: NodeId) -> bool {
        self.node(id).is_ok_and(|node| matches!(node.kind, Kind::Link(_)))
    }

    pub(super) fn is_directory(&self, id: NodeId) -> bool {
        self.node(id).is_ok_and(|node| matches!(node.kind, Kind::Directory(_)))
    }

    /// Makes a node where nothing is yet.
    pub(super) fn make(&mut self, place: &Place, kind: Kind) -> Result<NodeId, Fault> {
        self.check_there(place.parent)?;
        let name = place.name()?.to_owned();
        let bytes = kind.bytes();
        self.take(1, bytes)?;
        if !self.control.memory_spare(NODE_COST) {
            self.give_back(1, bytes);
            return Err(Fault::NoSpace);
        }
        let mut node = Node::new(kind, self.now());
        node.links = 1;
        let id = match self.free.pop() {
            Some(id) => {
                self.nodes[id] = Some(node);
                id
            }
            None => {
                self.nodes.push(Some(node));
                self.nodes.len() - 1
            }
        };
        self.directory_mut(place.parent)?.insert(name, id);
        Ok(id)
    }

    /// In a directory that is gone nothing can be made.
    fn check_there(&self, directory: NodeId) -> Result<(), Fault> {
        if self.node(directory)?.links > 0 { Ok(()) } else { Err(Fault::NoEntry) }
    }

    /// Gives a node one more name.
    pub(super) fn link(&mut self, place: &Place, id: NodeId) -> Result<(), Fault> {
        self.check_there(place.parent)?;
        let name = place.name()?.to_owned();
        self.take(1, 0)?;
        if !self.control.memory_spare(NODE_COST) {
            self.give_back(1, 0);
            return Err(Fault::NoSpace);
        }
        self.node_mut(id)?.links += 1;
        self.directory_mut(place.parent)?.insert(name, id);
        Ok(())
    }

    /// Takes a name from its node, which goes with its last name and its last descriptor.
    pub(super) fn unlink(&mut self, place: &Place) -> Result<(), Fault> {
        let id = place.found()?;
        self.directory_mut(place.parent)?.remove(place.name()?);
        let now = self.now();
        let node = self.node_mut(id)?;
        node.links -= 1;
        node.changed = now;
        if node.links > 0 {
            self.give_back(1, 0);
            self.control.memory_shrink(NODE_COST);
        }
        self.collect(id);
        Ok(())
    }

    /// Moves a name.
    pub(super) fn rename(&mut self, from: &Place, to: &Place) -> Result<(), Fault> {
        let id = from.found()?;
        let (old, new) = (from.name()?.to_owned(), to.name()?.to_owned());
        if to.node == Some(id) {
            return Ok(());
        }
        self.check_there(to.parent)?;
        if to.node.is_some() {
            self.unlink(to)?;
        }
        self.directory_mut(from.parent)?.remove(&old);
        self.directory_mut(to.parent)?.insert(new, id);
        Ok(())
    }

    /// Whether `below` is `above` or lies in it.
    pub(super) fn contains(&self, above: NodeId, below: NodeId) -> bool {
        // Not by recursion: a stranger decides how deep it goes.
        let mut left = vec![above];
        while let Some(id) = left.pop() {
            if id == below {
                return true;
            }
            left.extend(self.directory(id).into_iter().flat_map(BTreeMap::values));
        }
        false
    }

    /// Counts one more holder of a node.
    pub(super) fn hold(&mut self, id: NodeId) {
        if let Ok(node) = self.node_mut(id) {
            node.opened += 1;
        }
    }

    /// Counts one holder less.
    pub(super) fn release(&mut self, id: NodeId) {
        if let Ok(node) = self.node_mut(id) {
            node.opened -= 1;
        }
        self.collect(id);
    }

    fn collect(&mut self, id: NodeId) {
        let gone = self.node(id).is_ok_and(|node| node.links == 0 && node.opened == 0);
        let Some(node) = self.nodes.get_mut(id).filter(|_| gone).and_then(Option::take) else {
            return;
        };
        self.give_back(1, node.kind.bytes());
        let memory = node.kind.memory();
        self.memory -= memory;
        self.control.memory_shrink(memory + NODE_COST);
        self.free.push(id);
    }

    /// Sets the length of a file, within the quotas.
    pub(super) fn resize(&mut self, id: NodeId, length: u64) -> Result<(), Fault> {
        let (before, in_memory) = match &self.node(id)?.kind {
            Kind::File(content) => (content.len(), content.memory()),
            Kind::Directory(_) => return Err(Fault::IsDirectory),
            Kind::Link(_) => return Err(Fault::Invalid),
        };
        let more = length.saturating_sub(before);
        self.take(0, more)?;
        let resized = self.resize_taken(id, (before, in_memory), length);
        match resized {
            Ok(()) => self.give_back(0, before.saturating_sub(length)),
            Err(_) => self.give_back(0, more),
        }
        resized
    }

    fn resize_taken(
        &mut self,
        id: NodeId,
        (before, in_memory): (u64, u64),
        length: u64,
    ) -> Result<(), Fault> {
        let more = length.saturating_sub(before);
        let is_in_memory = in_memory == before;
        // What is small stays in memory, whatever there is of it: a file on disk takes one of the process's.
        let wants_disk = length >= SPILLED_BYTES_MIN && self.memory + more > MEMORY_BYTES_MAX;
        let spills = is_in_memory && more > 0 && (wants_disk || !self.control.memory_spare(more));
        let (disk, now) = (self.disk.clone(), self.now());
        let node = self.node_mut(id)?;
        let Kind::File(content) = &mut node.kind else { return Err(Fault::Invalid) };
        let resized = match spills {
            true => content.spill(&disk).and_then(|()| content.resize(length)),
            false => content.resize(length),
        };
        let after = content.memory();
        (node.modified, node.changed) = (now, now);
        self.memory = self.memory - in_memory + after;
        // What was granted above is what it has grown by; the rest is given back.
        let granted = if is_in_memory && !spills { in_memory + more } else { in_memory };
        self.control.memory_shrink(granted.saturating_sub(after));
        resized
    }

    /// Writes at an offset, as much as there is room for. Says how much that was.
    pub(super) fn write(&mut self, id: NodeId, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        let Kind::File(content) = &self.node(id)?.kind else { return Err(Fault::IsDirectory) };
        if bytes.is_empty() {
            return Ok(0);
        }
        let length = content.len();
        let end = offset.checked_add(bytes.len() as u64).ok_or(Fault::FileTooLarge)?;
        let room = length.saturating_add(self.control.limits.scratch_bytes_max.saturating_sub(self.bytes));
        let end = end.min(room.max(length));
        let count = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
        if count == 0 {
            return Err(Fault::NoSpace);
        }
        if end > length {
            self.resize(id, end)?;
        }
        let now = self.now();
        let node = self.node_mut(id)?;
        (node.modified, node.changed) = (now, now);
        match &mut node.kind {
            Kind::File(content) => content.write(offset, &bytes[..count]).map(|()| count),
            Kind::Directory(_) | Kind::Link(_) => Err(Fault::IsDirectory),
        }
    }

    /// Reads at an offset; nothing at the end.
    pub(super) fn read(&mut self, id: NodeId, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let now = self.now();
        let node = self.node_mut(id)?;
        node.accessed = now;
        match &node.kind {
            Kind::File(content) => content.read(offset, length.min(READ_BYTES_MAX)),
            Kind::Directory(_) => Err(Fault::IsDirectory),
            Kind::Link(_) => Err(Fault::Invalid),
        }
    }

    fn take(&mut self, names: u64, bytes: u64) -> Result<(), Fault> {
        let limits = &self.control.limits;
        let fits = self.count + names <= limits.scratch_files_max
            && self.bytes.saturating_add(bytes) <= limits.scratch_bytes_max;
        if !fits {
            return Err(Fault::NoSpace);
        }
        self.count += names;
        self.bytes += bytes;
        Ok(())
    }

    fn give_back(&mut self, names: u64, bytes: u64) {
        self.count -= names;
        self.bytes -= bytes;
    }
}

impl Node {
    fn new(kind: Kind, now: SystemTime) -> Self {
        Self { kind, links: 0, opened: 0, accessed: now, modified: now, changed: now }
    }

    /// Its size as `stat` tells it.
    pub(super) fn size(&self) -> u64 {
        self.kind.bytes()
    }
}

impl Kind {
    fn bytes(&self) -> u64 {
        match self {
            Self::File(content) => content.len(),
            Self::Link(target) => target.len() as u64,
            Self::Directory(_) => 0,
        }
    }

    fn memory(&self) -> u64 {
        match self {
            Self::File(content) => content.memory(),
            Self::Link(_) | Self::Directory(_) => 0,
        }
    }
}
