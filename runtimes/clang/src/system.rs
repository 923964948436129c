//! The system that LLVM sees: `wasi_snapshot_preview1`, as far as it calls it, over [`Files`].
//!
//! Every function is exported by the name that it has there, behind `system_`. Addresses are in LLVM's memory.

mod descriptors;
mod paths;
mod process;
mod status;

use std::cell::RefCell;

use crate::files::{Content, Files, normal};
use crate::llvm;

/// The one directory that is open from the start: `/`.
const ROOT: u32 = 3;
/// Descriptors that are open at once.
const DESCRIPTORS_MAX: usize = 1024;

// The numbers that WASI gives to errors.
const OK: i32 = 0;
const BAD_DESCRIPTOR: i32 = 8;
const EXISTS: i32 = 20;
const INVALID: i32 = 28;
const IS_DIRECTORY: i32 = 31;
const TOO_MANY_OPEN: i32 = 33;
const NOT_THERE: i32 = 44;
const NOT_SUPPORTED: i32 = 58;

// And to kinds of files.
const CHARACTERS: u8 = 2;
const DIRECTORY: u8 = 3;
const REGULAR: u8 = 4;

struct Open {
    content: Content,
    offset: u64,
    append: bool,
}

enum Descriptor {
    File(Open),
    Directory(String),
}

/// What one run of LLVM is given, and leaves.
pub(crate) struct System {
    pub(crate) files: Files,
    arguments: Vec<String>,
    descriptors: Vec<Option<Descriptor>>,
    /// What it wrote to its standard output and error.
    said: Vec<u8>,
}

thread_local! {
    static SYSTEM: RefCell<Option<System>> = const { RefCell::new(None) };
}

fn with<T>(work: impl FnOnce(&mut System) -> T) -> T {
    SYSTEM.with_borrow_mut(|system| work(system.as_mut().expect("it is there while LLVM runs")))
}

/// Runs LLVM with these arguments over these files. Its exit code, and what it said.
pub(crate) fn run(files: Files, arguments: Vec<String>) -> (Files, i32, String) {
    let system = System { files, arguments, descriptors: Vec::new(), said: Vec::new() };
    SYSTEM.set(Some(system));
    let code = llvm::run();
    let system = SYSTEM.take().expect("it is there until here");
    (system.files, code, String::from_utf8_lossy(&system.said).into_owned())
}

fn put32(at: u32, value: u32) {
    llvm::write(at, &value.to_le_bytes());
}

fn put64(at: u32, value: u64) {
    llvm::write(at, &value.to_le_bytes());
}

fn path(at: u32, length: u32) -> String {
    String::from_utf8_lossy(&llvm::read(at, length)).into_owned()
}

impl System {
    fn descriptor(&mut self, fd: u32) -> Option<&mut Descriptor> {
        let index = fd.checked_sub(ROOT + 1)? as usize;
        self.descriptors.get_mut(index)?.as_mut()
    }

    fn file(&mut self, fd: u32) -> Result<&mut Open, i32> {
        match self.descriptor(fd) {
            Some(Descriptor::File(open)) => Ok(open),
            Some(Descriptor::Directory(_)) => Err(IS_DIRECTORY),
            None => Err(BAD_DESCRIPTOR),
        }
    }

    /// The path that a descriptor and a path beside it mean.
    fn beside(&mut self, fd: u32, path: &str) -> Result<String, i32> {
        match self.descriptor(fd) {
            None if fd == ROOT => Ok(normal(path)),
            Some(Descriptor::Directory(directory)) => Ok(normal(&format!("{directory}/{path}"))),
            _ => Err(BAD_DESCRIPTOR),
        }
    }

    fn open(&mut self, descriptor: Descriptor) -> Result<u32, i32> {
        let free = self.descriptors.iter().position(Option::is_none).unwrap_or(self.descriptors.len());
        if free == DESCRIPTORS_MAX {
            return Err(TOO_MANY_OPEN);
        }
        if free == self.descriptors.len() {
            self.descriptors.push(None);
        }
        self.descriptors[free] = Some(descriptor);
        Ok(free as u32 + ROOT + 1)
    }
}

/// What WASI has for success or an error.
fn code(result: Result<(), i32>) -> i32 {
    result.err().unwrap_or(OK)
}
