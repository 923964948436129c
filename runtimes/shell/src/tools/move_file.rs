//! `cp`, `mv`, `ln`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Failure, Outcome, Spec, Tool, basename};
use crate::shell::paths::reason;

/// Directories in each other.
const DEPTH_MAX: usize = 100;

/// The sources, and where each goes: into a directory, or in place of one target.
fn pairs(tool: &Tool, operands: &[String], folder: Option<&str>) -> Result<Vec<(String, PathBuf)>, Failure> {
    let (sources, target) = match (operands, folder) {
        ([], _) => return Err(Failure::new("a file is needed")),
        (sources, Some(folder)) => (sources, folder),
        ([_], None) => return Err(Failure::new("a target is needed")),
        ([sources @ .., target], None) => (sources, target.as_str()),
    };
    let whole = tool.shell.path(target);
    if whole.is_dir() {
        let into = |source: &String| (source.clone(), whole.join(basename::last_part(source)));
        return Ok(sources.iter().map(into).collect());
    }
    match sources {
        [source] if folder.is_none() => Ok(vec![(source.clone(), whole)]),
        _ => Err(Failure::new(format!("{target}: not a directory"))),
    }
}

pub(super) async fn copy(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "rRapfvnTLPd",
        values: "t",
        long: &[("recursive", 'r'), ("archive", 'a'), ("force", 'f'), ("no-clobber", 'n'), ("verbose", 'v')],
        ..Spec::default()
    })?;
    let is_recursive = ['r', 'R', 'a'].iter().any(|letter| parsed.has(*letter));
    for (source, target) in pairs(tool, &parsed.operands, parsed.value('t'))? {
        if parsed.has('n') && target.exists() {
            continue;
        }
        let from = tool.shell.path(&source);
        if from.is_dir() && !is_recursive {
            tool.warn(&format!("{source}: is a directory, and there is no -r")).await;
            continue;
        }
        if from == target {
            tool.warn(&format!("{source}: the same file")).await;
            continue;
        }
        if target.starts_with(&from) && from.is_dir() {
            tool.warn(&format!("{source}: cannot be copied into itself")).await;
            continue;
        }
        match copy_all(&from, &target, 0) {
            Ok(()) if parsed.has('v') => {
                let line = format!("'{source}' -> '{}'", target.display());
                tool.output.line(line.as_bytes()).await?;
            }
            Ok(()) => {}
            Err(error) => tool.warn(&format!("{source}: {}", reason(&error))).await,
        }
    }
    Ok(tool.status)
}

fn copy_all(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Err(io::Error::other(format!("nested deeper than {DEPTH_MAX} levels")));
    }
    if fs::metadata(from)?.is_dir() {
        match fs::create_dir(to) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_all(&from.join(&name), &to.join(&name), depth + 1)?;
        }
        return Ok(());
    }
    // Not `fs::copy`, which copies permissions, and WASI has none.
    let mut source = File::open(from)?;
    let mut target = File::create(to)?;
    io::copy(&mut source, &mut target).map(drop)
}

pub(super) async fn rename(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "fnvT",
        values: "t",
        long: &[("force", 'f'), ("no-clobber", 'n'), ("verbose", 'v')],
        ..Spec::default()
    })?;
    for (source, target) in pairs(tool, &parsed.operands, parsed.value('t'))? {
        if parsed.has('n') && target.exists() {
            continue;
        }
        match fs::rename(tool.shell.path(&source), &target) {
            Ok(()) if parsed.has('v') => {
                let line = format!("renamed '{source}' -> '{}'", target.display());
                tool.output.line(line.as_bytes()).await?;
            }
            Ok(()) => {}
            Err(error) => tool.warn(&format!("{source}: {}", reason(&error))).await,
        }
    }
    Ok(tool.status)
}

pub(super) async fn link(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "sfnvT",
        long: &[("symbolic", 's'), ("force", 'f'), ("no-dereference", 'n')],
        ..Spec::default()
    })?;
    let operands = match parsed.operands.as_slice() {
        [only] => vec![only.clone(), ".".to_owned()],
        operands => operands.to_vec(),
    };
    for (source, target) in pairs(tool, &operands, None)? {
        if parsed.has('f') && fs::symlink_metadata(&target).is_ok_and(|found| !found.is_dir()) {
            fs::remove_file(&target)?;
        }
        let linked = if parsed.has('s') {
            symbolic_link(&source, &target)
        } else {
            fs::hard_link(tool.shell.path(&source), &target)
        };
        if let Err(error) = linked {
            tool.warn(&format!("{source}: {}", reason(&error))).await;
        }
    }
    Ok(tool.status)
}

/// Where the link goes is the text as it was given.
#[expect(deprecated, reason = "the function that replaces it is not stable for WASI")]
fn symbolic_link(source: &str, target: &Path) -> io::Result<()> {
    fs::soft_link(source, target)
}
