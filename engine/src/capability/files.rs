//! Scratch files: a private directory for each guest, made when it is first used, under quotas, gone
//! with the guest. Nothing in it is on the host's file system under any name.
//!
//! It takes the place of `wasi:filesystem` as wasmtime-wasi has it, whose host functions know no quota.
//! The traits and types of that crate's bindings are used, with a host of our own behind them: their
//! `Descriptor` stands for a [`Handle`] of ours in the guest's table of resources.

mod content;
mod fault;
mod handle;
mod p2;
mod p3;
mod path;
mod tree;

use std::sync::{Arc, Mutex, OnceLock, Weak};

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::filesystem as bindings2;
use wasmtime_wasi::p2::bindings::filesystem::types::Descriptor;
use wasmtime_wasi::p3::bindings::filesystem as bindings3;

pub(crate) use self::content::Disk;
use self::fault::Fault;
use self::handle::{Access, Handle, Opened, Opening};
use self::tree::{ROOT, Tree};
use crate::capability::clocks::Coarse;
use crate::control::Control;
use crate::runtime::Kind;
use crate::sandbox::Sandbox;

/// One guest's files, which there are none of until it asks.
pub(crate) struct Files {
    tree: Arc<OnceLock<Arc<Mutex<Tree>>>>,
    disk: Arc<Disk>,
    control: Arc<Control>,
    clock: Coarse,
}

/// Where a guest sees its directory: it is all that there is.
const MOUNTED_AT: &str = "/";

impl Files {
    pub(crate) fn new(disk: Arc<Disk>, control: Arc<Control>, clock: Coarse) -> Self {
        Self { tree: Arc::default(), disk, control, clock }
    }

    /// The directory that the guest is given.
    fn root(&self) -> Handle {
        let new = || Arc::new(Mutex::new(Tree::new(self.control.clone(), self.disk.clone(), self.clock)));
        root(self.tree.get_or_init(new))
    }

    /// A look at them from outside, for as long as they are there.
    pub(crate) fn outside(&self) -> Outside {
        Outside(Arc::downgrade(&self.tree))
    }

    /// The bytes of a file, if it is there; `bytes_max` of them and one more where it is longer.
    pub(crate) fn take(&self, path: &str, bytes_max: u64) -> Option<Vec<u8>> {
        read(self.tree.get()?, path, bytes_max)
    }
}

/// A look at a guest's files while it runs. It does not keep them.
pub(crate) struct Outside(Weak<OnceLock<Arc<Mutex<Tree>>>>);

impl Outside {
    /// As [`Files::take`]; nothing once they are gone.
    pub(crate) fn read(&self, path: &str, bytes_max: u64) -> Option<Vec<u8>> {
        read(self.0.upgrade()?.get()?, path, bytes_max)
    }
}

fn root(tree: &Arc<Mutex<Tree>>) -> Handle {
    Handle { opened: Opened::new(tree, ROOT), access: Access { read: true, write: false, mutate: true } }
}

fn read(tree: &Arc<Mutex<Tree>>, path: &str, bytes_max: u64) -> Option<Vec<u8>> {
    let opening = Opening { follow: true, ..Opening::default() };
    let access = Access { read: true, write: false, mutate: false };
    let file = root(tree).open(path.trim_start_matches('/'), opening, access).ok()?.file(false).ok()?;
    let mut bytes = Vec::new();
    while bytes.len() as u64 <= bytes_max {
        let wanted = usize::try_from(bytes_max).unwrap_or(usize::MAX).saturating_add(1) - bytes.len();
        match file.read(bytes.len() as u64, wanted).ok()? {
            end if end.is_empty() => break,
            more => bytes.extend(more),
        }
    }
    Some(bytes)
}

/// The files and the table of one guest, during a host call.
pub(crate) struct View<'a> {
    pub(crate) files: &'a Files,
    pub(crate) table: &'a mut ResourceTable,
}

/// What the bindings know this host by.
struct Scratch;

impl HasData for Scratch {
    type Data<'a> = View<'a>;
}

/// Puts scratch files where `wasi:filesystem` is linked.
pub(crate) fn link(linker: &mut Linker<Sandbox>, kind: Kind) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    bindings2::types::add_to_linker::<_, Scratch>(linker, Sandbox::files)?;
    bindings2::preopens::add_to_linker::<_, Scratch>(linker, Sandbox::files)?;
    if kind == Kind::Concurrent {
        bindings3::types::add_to_linker::<_, Scratch>(linker, Sandbox::files)?;
        bindings3::preopens::add_to_linker::<_, Scratch>(linker, Sandbox::files)?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

impl View<'_> {
    /// The one directory that every guest has.
    fn preopens(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let root = self.files.root();
        Ok(vec![(self.push(root)?, MOUNTED_AT.to_owned())])
    }

    fn push(&mut self, handle: Handle) -> wasmtime::Result<Resource<Descriptor>> {
        Ok(Resource::new_own(self.table.push(handle)?.rep()))
    }

    fn handle(&self, descriptor: &Resource<Descriptor>) -> wasmtime::Result<&Handle> {
        Ok(self.table.get(&Resource::<Handle>::new_borrow(descriptor.rep()))?)
    }

    fn close(&mut self, descriptor: &Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<Handle>::new_own(descriptor.rep()))?;
        Ok(())
    }
}
