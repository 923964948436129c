//! `rm`, `rmdir`, `unlink`.

use std::fs;
use std::io;

use super::{Failure, Outcome, Spec, Tool};
use crate::shell::paths::reason;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "rRfdvi",
        long: &[("recursive", 'r'), ("force", 'f'), ("verbose", 'v'), ("dir", 'd')],
        ..Spec::default()
    })?;
    if parsed.has('i') {
        return Err(Failure::usage("unsupported option -i: nobody is there to ask"));
    }
    if parsed.operands.is_empty() && !parsed.has('f') {
        return Err(Failure::new("a file is needed"));
    }
    let is_recursive = parsed.has('r') || parsed.has('R');
    for path in &parsed.operands {
        let whole = tool.shell.path(path);
        if is_recursive && whole.as_os_str() == "/" {
            tool.warn("/ is not removed").await;
            continue;
        }
        let removed = match fs::symlink_metadata(&whole) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && parsed.has('f') => continue,
            Err(error) => Err(error),
            Ok(found) if found.is_dir() && is_recursive => fs::remove_dir_all(&whole),
            Ok(found) if found.is_dir() && parsed.has('d') => fs::remove_dir(&whole),
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(_) => fs::remove_file(&whole),
        };
        match removed {
            Ok(()) if parsed.has('v') => tool.output.line(format!("removed '{path}'").as_bytes()).await?,
            Ok(()) => {}
            Err(error) => tool.warn(&format!("{path}: {}", reason(&error))).await,
        }
    }
    Ok(tool.status)
}

pub(super) async fn directory(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "pv", long: &[("parents", 'p')], ..Spec::default() })?;
    if parsed.operands.is_empty() {
        return Err(Failure::new("a directory is needed"));
    }
    for path in &parsed.operands {
        let mut path = path.trim_end_matches('/');
        loop {
            if let Err(error) = fs::remove_dir(tool.shell.path(path)) {
                tool.warn(&format!("{path}: {}", reason(&error))).await;
                break;
            }
            match path.rsplit_once('/') {
                Some((parent, _)) if parsed.has('p') && !parent.is_empty() => path = parent,
                _ => break,
            }
        }
    }
    Ok(tool.status)
}
