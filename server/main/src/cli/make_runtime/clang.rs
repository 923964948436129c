//! The runtime for C and C++: clang and wasm-ld as YoWASP builds them for WASI, of npm, and our half.

mod assemble;
mod rerun;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use self::assemble::File;
use super::local;
use crate::cli::failure::Failure;

/// The package of npm, and the SHA-256 by which it is known.
const PACKAGE: &str = "@yowasp/clang@22.0.0-git20542-10";
const SHA256: &str = "6230ea1afa9691fa065935cf68c01642ff9b31c183fe8ac64cdfda025df06009";
/// What is used of it: LLVM, and the files that it reads.
const LLVM: &str = "package/gen/llvm.core.wasm";
const RESOURCES: &str = "package/gen/llvm-resources.tar";

/// Our half.
const OURS: &[u8] = include_bytes!("../../../../../runtimes/built/clang.wasm");

/// Fetches LLVM by npm, and makes the runtime's component.
pub(super) fn make(work: &Path) -> Result<Vec<u8>, Failure> {
    run(Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(work))?;
    let entries = fs::read_dir(work).map_err(|error| local(&error))?;
    let archive = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "tgz"));
    let archive = archive.ok_or_else(|| Failure::Local("npm has brought no package".into()))?;
    check(&archive)?;
    run(Command::new("tar").arg("xzf").arg(&archive).args([LLVM, RESOURCES]).current_dir(work))?;
    let llvm = fs::read(work.join(LLVM)).map_err(|error| local(&error))?;
    let usr = work.join("usr");
    fs::create_dir(&usr).map_err(|error| local(&error))?;
    run(Command::new("tar").arg("xf").arg(work.join(RESOURCES)).arg("-C").arg(&usr))?;
    let mut files = Vec::new();
    collect(&usr, "", &mut files).map_err(|error| local(&error))?;
    let assembled = assemble::assemble(OURS, &llvm, &files);
    assembled.map_err(|misfit| Failure::Local(format!("LLVM is not as it was known: {misfit}")))
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Local(format!("{program} failed ({status})"))),
        Err(error) => {
            Err(Failure::Local(format!("{program} is needed to fetch {PACKAGE}, and cannot be run: {error}")))
        }
    }
}

/// Whether the package is the one that this was written for.
fn check(archive: &Path) -> Result<(), Failure> {
    let bytes = fs::read(archive).map_err(|error| local(&error))?;
    if hex::encode(Sha256::digest(&bytes)) == SHA256 {
        return Ok(());
    }
    Err(Failure::Local(format!("what npm has brought is not the {PACKAGE} that is known (SHA-256 {SHA256})")))
}

/// The files that a program for WASI may need, in the order of their paths.
fn collect(folder: &Path, path: &str, files: &mut Vec<File>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}{name}/"), files)?;
        } else if is_wanted(path, &name) {
            files.push((format!("usr/{path}{name}"), fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// Of clang's own headers those of the language, not those of other processors; of libraries the static ones.
fn is_wanted(folder: &str, name: &str) -> bool {
    const OF_THE_LANGUAGE: [&str; 10] = [
        "std",
        "__std",
        "float",
        "__float",
        "limits.h",
        "inttypes.h",
        "iso646.h",
        "tgmath.h",
        "unwind.h",
        "wasm_simd128.h",
    ];
    match folder {
        "include/" => OF_THE_LANGUAGE.iter().any(|start| name.starts_with(start)),
        _ if folder.starts_with("lib/") => name.ends_with(".a") || name == "crt1-reactor.o",
        _ if folder.starts_with("include/c++/v1/") => !folder.contains("/__cxx03/"),
        _ => folder.starts_with("include/wasm32-wasip1/"),
    }
}
