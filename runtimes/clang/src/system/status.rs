//! What is said of a file.

use super::REGULAR;
use crate::files::Content;
use crate::llvm;

/// A file's kind, its length, and an identity by which it is known for the same: clang reads each but once.
pub(super) fn put_status(at: u32, kind: u8, identity: u64, length: u64) {
    let mut status = [0; 64];
    status[8..16].copy_from_slice(&identity.to_le_bytes());
    status[16] = kind;
    status[24] = 1;
    status[32..40].copy_from_slice(&length.to_le_bytes());
    llvm::write(at, &status);
}

pub(super) fn put_file_status(at: u32, content: &Content) {
    put_status(at, REGULAR, std::rc::Rc::as_ptr(content) as u64, content.borrow().len() as u64);
}

/// An identity of a directory: no address of a file is as large.
pub(super) fn directory_identity(path: &str) -> u64 {
    path.bytes().fold(1 << 40, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) | 1 << 40)
}
