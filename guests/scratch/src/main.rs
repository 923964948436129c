//! A command of WASI 0.2 that does to its files what its arguments say, one operation an argument:
//! `mkdir a`, `put a/b text`, `get a/b`, `rename a c`. It prints a line for each: what came of it, or
//! the error code, as the host gave it. It speaks to `wasi:filesystem` itself, because a standard library
//! has opinions of its own about paths.

use std::env;

use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

fn main() {
    let directories = preopens::get_directories();
    let Some((root, name)) = directories.first() else {
        println!("no directory");
        return;
    };
    println!("{name}");
    for operation in env::args().skip(1) {
        let words: Vec<&str> = operation.split(' ').collect();
        match run(root, &words) {
            Ok(text) => println!("{text}"),
            Err(code) => println!("{}", code.name()),
        }
    }
}

fn run(root: &Descriptor, words: &[&str]) -> Result<String, ErrorCode> {
    let done = |()| "ok".to_owned();
    match words {
        ["mkdir", path] => root.create_directory_at(path).map(done),
        ["rmdir", path] => root.remove_directory_at(path).map(done),
        ["unlink", path] => root.unlink_file_at(path).map(done),
        ["symlink", target, path] => root.symlink_at(target, path).map(done),
        ["readlink", path] => root.readlink_at(path),
        ["link", from, to] => root.link_at(PathFlags::empty(), from, root, to).map(done),
        ["rename", from, to] => root.rename_at(from, root, to).map(done),
        ["put", path, text] => write(&create(root, path)?, text.as_bytes(), 0).map(done),
        ["append", path, text] => append(&create(root, path)?, text.as_bytes()).map(done),
        ["get", path] => open(root, path, OpenFlags::empty(), DescriptorFlags::READ).and_then(|file| read(&file)),
        ["list", path] => open(root, path, OpenFlags::DIRECTORY, DescriptorFlags::READ).and_then(|file| list(&file)),
        ["stat", path] => stat(root, PathFlags::empty(), path),
        ["follow", path] => stat(root, PathFlags::SYMLINK_FOLLOW, path),
        ["create", path] => create_new(root, path).map(|_| "ok".to_owned()),
        ["size", path, bytes] => create(root, path)?.set_size(number(bytes)).map(done),
        ["fill", path, bytes] => fill(&create(root, path)?, number(bytes)),
        ["many", path, count] => many(root, path, number(count)),
        ["deep", count] => deep(root, number(count)),
        ["unnamed", path] => unnamed(root, path),
        _ => Err(ErrorCode::Unsupported),
    }
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number")
}

fn open(at: &Descriptor, path: &str, open: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    at.open_at(PathFlags::SYMLINK_FOLLOW, path, open, flags)
}

fn create(at: &Descriptor, path: &str) -> Result<Descriptor, ErrorCode> {
    open(at, path, OpenFlags::CREATE, DescriptorFlags::READ | DescriptorFlags::WRITE)
}

fn create_new(at: &Descriptor, path: &str) -> Result<Descriptor, ErrorCode> {
    open(at, path, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, DescriptorFlags::WRITE)
}

/// Writes all of it, or says why not.
fn write(file: &Descriptor, bytes: &[u8], mut offset: u64) -> Result<(), ErrorCode> {
    let mut left = bytes;
    while !left.is_empty() {
        let written = file.write(left, offset)?;
        offset += written;
        left = &left[written as usize..];
    }
    Ok(())
}

/// Appends through a stream, whose failure is an error resource.
fn append(file: &Descriptor, bytes: &[u8]) -> Result<(), ErrorCode> {
    let stream = file.append_via_stream()?;
    stream.blocking_write_and_flush(bytes).map_err(|error| match error {
        wasip2::io::streams::StreamError::LastOperationFailed(error) => {
            wasip2::filesystem::types::filesystem_error_code(&error).unwrap_or(ErrorCode::Io)
        }
        wasip2::io::streams::StreamError::Closed => ErrorCode::Pipe,
    })
}

fn read(file: &Descriptor) -> Result<String, ErrorCode> {
    let mut bytes = Vec::new();
    loop {
        let (more, is_end) = file.read(1 << 20, bytes.len() as u64)?;
        bytes.extend(more);
        if is_end {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

fn list(directory: &Descriptor) -> Result<String, ErrorCode> {
    let stream = directory.read_directory()?;
    let mut names = Vec::new();
    while let Some(entry) = stream.read_directory_entry()? {
        names.push(entry.name);
    }
    Ok(names.join(" "))
}

fn stat(at: &Descriptor, flags: PathFlags, path: &str) -> Result<String, ErrorCode> {
    let stat = at.stat_at(flags, path)?;
    Ok(format!("{:?} {} bytes {} links", stat.type_, stat.size, stat.link_count))
}

/// Writes zeros until it is so long; says how far it came.
fn fill(file: &Descriptor, bytes: u64) -> Result<String, ErrorCode> {
    let block = vec![0; 64 << 10];
    let mut offset = 0;
    while offset < bytes {
        let count = (bytes - offset).min(block.len() as u64) as usize;
        match file.write(&block[..count], offset) {
            Ok(written) => offset += written,
            Err(code) => return Ok(format!("{offset} then {}", code.name())),
        }
    }
    Ok(format!("{offset}"))
}

/// Makes so many empty files; says how far it came.
fn many(at: &Descriptor, path: &str, count: u64) -> Result<String, ErrorCode> {
    for index in 0..count {
        if let Err(code) = create_new(at, &format!("{path}{index}")) {
            return Ok(format!("{index} then {}", code.name()));
        }
    }
    Ok(format!("{count}"))
}

/// Makes directories in directories; says how far it came.
fn deep(root: &Descriptor, count: u64) -> Result<String, ErrorCode> {
    let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
    let mut here = open(root, ".", OpenFlags::DIRECTORY, flags)?;
    for index in 0..count {
        if let Err(code) = here.create_directory_at("d") {
            return Ok(format!("{index} then {}", code.name()));
        }
        here = open(&here, "d", OpenFlags::DIRECTORY, flags)?;
    }
    // Somewhere below itself it cannot go, and finding that out takes a way through all of them.
    let moved = root.rename_at("d", &here, "e").err().map_or("ok", |code| code.name());
    Ok(format!("{count}, moved into itself: {moved}"))
}

/// Uses a file that has lost its name.
fn unnamed(root: &Descriptor, path: &str) -> Result<String, ErrorCode> {
    let file = create(root, path)?;
    root.unlink_file_at(path)?;
    write(&file, b"still here", 0)?;
    read(&file)
}
