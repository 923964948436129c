//! What can be done with paths.

use super::status::{directory_identity, put_file_status, put_status};
use super::{
    DIRECTORY, Descriptor, EXISTS, INVALID, NOT_SUPPORTED, NOT_THERE, Open, System, code, path, put32, with,
};
use crate::files::Found;

#[unsafe(no_mangle)]
extern "C" fn system_path_open(
    fd: u32,
    _follow: u32,
    at: u32,
    length: u32,
    flags: u32,
    _rights: u64,
    _inheriting: u64,
    fd_flags: u32,
    opened: u32,
) -> i32 {
    const CREATE: u32 = 1;
    const EXCLUSIVE: u32 = 4;
    const TRUNCATE: u32 = 8;
    const APPEND: u32 = 1;
    let name = path(at, length);
    let open = |system: &mut System| {
        let path = system.beside(fd, &name)?;
        let content = match system.files.find(&path) {
            Some(_) if flags & EXCLUSIVE != 0 => return Err(EXISTS),
            Some(Found::Directory) => return system.open(Descriptor::Directory(path)),
            Some(Found::File(content)) => content,
            None if flags & CREATE == 0 => return Err(NOT_THERE),
            None => system.files.put(&path, Vec::new()),
        };
        if flags & TRUNCATE != 0 {
            content.borrow_mut().clear();
        }
        system.open(Descriptor::File(Open { content, offset: 0, append: fd_flags & APPEND != 0 }))
    };
    code(with(open).map(|fd| put32(opened, fd)))
}

#[unsafe(no_mangle)]
extern "C" fn system_path_filestat_get(fd: u32, _follow: u32, name: u32, length: u32, at: u32) -> i32 {
    let name = path(name, length);
    code(with(|system| {
        let path = system.beside(fd, &name)?;
        match system.files.find(&path) {
            Some(Found::File(content)) => put_file_status(at, &content),
            Some(Found::Directory) => put_status(at, DIRECTORY, directory_identity(&path), 0),
            None => return Err(NOT_THERE),
        }
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_path_create_directory(fd: u32, at: u32, length: u32) -> i32 {
    let name = path(at, length);
    code(with(|system| {
        let path = system.beside(fd, &name)?;
        system.files.add_directory(&path);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_path_rename(fd: u32, at: u32, length: u32, to: u32, new: u32, new_length: u32) -> i32 {
    let (old, new) = (path(at, length), path(new, new_length));
    code(with(|system| {
        let (old, new) = (system.beside(fd, &old)?, system.beside(to, &new)?);
        system.files.rename(&old, &new).ok_or(NOT_THERE)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_path_unlink_file(fd: u32, at: u32, length: u32) -> i32 {
    let name = path(at, length);
    code(with(|system| {
        let path = system.beside(fd, &name)?;
        system.files.remove(&path).map(|_| ()).ok_or(NOT_THERE)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn system_path_readlink(
    _fd: u32,
    _at: u32,
    _length: u32,
    _buffer: u32,
    _size: u32,
    _used: u32,
) -> i32 {
    INVALID
}

#[unsafe(no_mangle)]
extern "C" fn system_path_link(_: u32, _: u32, _: u32, _: u32, _: u32, _: u32, _: u32) -> i32 {
    NOT_SUPPORTED
}

#[unsafe(no_mangle)]
extern "C" fn system_path_symlink(_: u32, _: u32, _: u32, _: u32, _: u32) -> i32 {
    NOT_SUPPORTED
}

#[unsafe(no_mangle)]
extern "C" fn system_path_remove_directory(_: u32, _: u32, _: u32) -> i32 {
    NOT_SUPPORTED
}
