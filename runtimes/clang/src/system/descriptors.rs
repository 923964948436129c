//! What can be done with what is open.

use std::io::Write;

use super::status::{directory_identity, put_file_status, put_status};
use super::{
    BAD_DESCRIPTOR, CHARACTERS, DIRECTORY, Descriptor, INVALID, NOT_SUPPORTED, OK, REGULAR, ROOT, code,
    put32, put64, with,
};
use crate::files::Content;
use crate::llvm;

/// The buffers of a read or a write: address and length of each.
fn buffers(at: u32, count: u32) -> Vec<(u32, u32)> {
    let bytes = llvm::read(at, count * 8);
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    bytes.chunks_exact(8).map(|pair| (word(&pair[..4]), word(&pair[4..]))).collect()
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_prestat_get(fd: u32, at: u32) -> i32 {
    if fd != ROOT {
        return BAD_DESCRIPTOR;
    }
    llvm::write(at, &[0; 4]);
    put32(at + 4, 1);
    OK
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_prestat_dir_name(_fd: u32, at: u32, _length: u32) -> i32 {
    llvm::write(at, b"/");
    OK
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_close(fd: u32) -> i32 {
    with(|system| match fd.checked_sub(ROOT + 1).and_then(|at| system.descriptors.get_mut(at as usize)) {
        Some(descriptor) if descriptor.is_some() => {
            *descriptor = None;
            OK
        }
        _ => BAD_DESCRIPTOR,
    })
}

fn take(content: &Content, offset: u64, list: u32, count: u32) -> usize {
    let content = content.borrow();
    let mut rest = content.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
    let before = rest.len();
    for (at, length) in buffers(list, count) {
        let (part, after) = rest.split_at(rest.len().min(length as usize));
        llvm::write(at, part);
        rest = after;
    }
    before - rest.len()
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_read(fd: u32, list: u32, count: u32, taken: u32) -> i32 {
    code(with(|system| {
        if fd == 0 {
            put32(taken, 0);
            return Ok(());
        }
        let open = system.file(fd)?;
        let bytes = take(&open.content, open.offset, list, count);
        open.offset += bytes as u64;
        put32(taken, bytes as u32);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_pread(fd: u32, list: u32, count: u32, offset: u64, taken: u32) -> i32 {
    code(with(|system| {
        let open = system.file(fd)?;
        put32(taken, take(&open.content, offset, list, count) as u32);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_write(fd: u32, list: u32, count: u32, written: u32) -> i32 {
    let bytes: Vec<u8> =
        buffers(list, count).into_iter().flat_map(|(at, length)| llvm::read(at, length)).collect();
    code(with(|system| {
        if fd == 1 || fd == 2 {
            // At once: LLVM may end in the middle of its work.
            let _ = std::io::stderr().write_all(&bytes);
            system.said.extend_from_slice(&bytes);
        } else {
            let open = system.file(fd)?;
            let mut content = open.content.borrow_mut();
            let offset = if open.append { content.len() } else { open.offset as usize };
            let end = offset + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[offset..end].copy_from_slice(&bytes);
            open.offset = end as u64;
        }
        put32(written, bytes.len() as u32);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_seek(fd: u32, by: i64, whence: u32, at: u32) -> i32 {
    code(with(|system| {
        let open = system.file(fd)?;
        let from = match whence {
            0 => 0,
            1 => open.offset,
            2 => open.content.borrow().len() as u64,
            _ => return Err(INVALID),
        };
        open.offset = from.checked_add_signed(by).ok_or(INVALID)?;
        put64(at, open.offset);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_fdstat_get(fd: u32, at: u32) -> i32 {
    let kind = with(|system| match system.descriptor(fd) {
        Some(Descriptor::File(_)) => Ok(REGULAR),
        Some(Descriptor::Directory(_)) => Ok(DIRECTORY),
        None if fd == ROOT => Ok(DIRECTORY),
        None if fd < ROOT => Ok(CHARACTERS),
        None => Err(BAD_DESCRIPTOR),
    });
    code(kind.map(|kind| {
        llvm::write(at, &[kind, 0, 0, 0, 0, 0, 0, 0]);
        put64(at + 8, u64::MAX);
        put64(at + 16, u64::MAX);
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_filestat_get(fd: u32, at: u32) -> i32 {
    code(with(|system| {
        match system.descriptor(fd) {
            Some(Descriptor::File(open)) => put_file_status(at, &open.content),
            Some(Descriptor::Directory(path)) => put_status(at, DIRECTORY, directory_identity(path), 0),
            None if fd == ROOT => put_status(at, DIRECTORY, directory_identity(""), 0),
            None if fd < ROOT => put_status(at, CHARACTERS, 0, 0),
            None => return Err(BAD_DESCRIPTOR),
        }
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_filestat_set_size(fd: u32, size: u64) -> i32 {
    code(with(|system| {
        system.file(fd)?.content.borrow_mut().resize(usize::try_from(size).map_err(|_| INVALID)?, 0);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_filestat_set_times(_fd: u32, _accessed: u64, _changed: u64, _flags: u32) -> i32 {
    OK
}

#[unsafe(no_mangle)]
extern "C" fn system_fd_readdir(_: u32, _: u32, _: u32, _: u64, _: u32) -> i32 {
    NOT_SUPPORTED
}
