//! `basename`, `dirname`, `realpath`, `readlink`.

use super::{Failure, Outcome, Spec, Tool};

pub(super) async fn basename(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "az",
        values: "s",
        long: &[("suffix", 's'), ("multiple", 'a'), ("zero", 'z')],
        ..Spec::default()
    })?;
    let is_many = parsed.has('a') || parsed.has('s');
    let (paths, suffix) = match parsed.operands.as_slice() {
        [] => return Err(Failure::new("a path is needed")),
        [path, suffix] if !is_many => (std::slice::from_ref(path), suffix.as_str()),
        [_, _, ..] if !is_many => return Err(Failure::new("too many paths")),
        paths => (paths, parsed.value('s').unwrap_or("")),
    };
    for path in paths {
        let name = last_part(path);
        let name = name.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(name);
        tool.output.write(name.as_bytes()).await?;
        tool.output.write(if parsed.has('z') { b"\0" } else { b"\n" }).await?;
    }
    Ok(0)
}

/// The name at the end of a path.
pub(super) fn last_part(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        _ if trimmed.is_empty() && !path.is_empty() => "/",
        Some(name) => name,
        None => trimmed,
    }
}

pub(super) async fn dirname(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec::default())?;
    if parsed.operands.is_empty() {
        return Err(Failure::new("a path is needed"));
    }
    for path in &parsed.operands {
        let trimmed = path.trim_end_matches('/');
        let folder = match trimmed.rfind('/') {
            _ if trimmed.is_empty() && !path.is_empty() => "/",
            None => ".",
            Some(at) => match trimmed[..at].trim_end_matches('/') {
                "" => "/",
                folder => folder,
            },
        };
        tool.output.line(folder.as_bytes()).await?;
    }
    Ok(0)
}

pub(super) async fn realpath(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "mesqz", ..Spec::default() })?;
    resolve(tool, &parsed.operands, parsed.has('m') || parsed.has('s'), true).await
}

pub(super) async fn readlink(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "femnq", ..Spec::default() })?;
    let is_whole = parsed.has('f') || parsed.has('e') || parsed.has('m');
    resolve(tool, &parsed.operands, parsed.has('m'), is_whole).await
}

async fn resolve(tool: &mut Tool, paths: &[String], may_lack: bool, is_whole: bool) -> Outcome {
    if paths.is_empty() {
        return Err(Failure::new("a path is needed"));
    }
    for path in paths {
        let whole = tool.shell.path(path);
        let found = if !is_whole {
            std::fs::read_link(&whole).ok()
        } else if may_lack {
            Some(whole)
        } else {
            follow(whole)
        };
        match found {
            Some(found) => tool.output.line(found.to_string_lossy().as_bytes()).await?,
            None if is_whole => tool.warn(&format!("{path}: no such file or directory")).await,
            None => tool.status = 1,
        }
    }
    Ok(tool.status)
}

/// Links that are followed one after another.
const LINKS_MAX: usize = 40;

/// The path with links at its end followed. The last part may not be there. `canonicalize` is not in WASI.
fn follow(path: std::path::PathBuf) -> Option<std::path::PathBuf> {
    let mut path = path;
    for _ in 0..LINKS_MAX {
        match std::fs::read_link(&path) {
            Ok(target) => path = path.parent().map_or(target.clone(), |folder| folder.join(target)),
            Err(_) => {
                let is_there =
                    std::fs::metadata(&path).is_ok() || path.parent().is_some_and(std::path::Path::is_dir);
                return is_there.then_some(path);
            }
        }
    }
    None
}
