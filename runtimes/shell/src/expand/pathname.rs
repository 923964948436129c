//! Pathname expansion: the files that match a pattern.

use std::fs;

use super::pattern::Pattern;
use crate::shell::Shell;

/// Paths that one word can become.
const PATHS_MAX: usize = 100_000;

/// The paths that match, sorted. None if nothing does.
pub(crate) fn expand(shell: &Shell, pattern: &Pattern) -> Vec<String> {
    let components = pattern.components();
    let mut paths = vec![String::new()];
    let count = components.len();
    for (index, component) in components.iter().enumerate() {
        let is_last = index + 1 == count;
        let mut longer = Vec::new();
        for path in &paths {
            extend(shell, path, component, is_last, &mut longer);
            if longer.len() > PATHS_MAX {
                break;
            }
        }
        paths = longer;
    }
    paths.sort_unstable();
    paths
}

fn extend(shell: &Shell, path: &str, component: &Pattern, is_last: bool, longer: &mut Vec<String>) {
    let end = if is_last { "" } else { "/" };
    if component.is_empty() {
        // The slash at the start of a path, two slashes, or one at the end, which only a directory can have.
        if !is_last || path.is_empty() || fs::metadata(shell.path(path)).is_ok_and(|found| found.is_dir()) {
            longer.push(format!("{path}{end}"));
        }
        return;
    }
    if !component.has_wildcards() {
        let whole = format!("{path}{}", component.literal());
        if fs::symlink_metadata(shell.path(&whole)).is_ok() {
            longer.push(format!("{whole}{end}"));
        }
        return;
    }
    let directory = if path.is_empty() { "." } else { path };
    let Ok(entries) = fs::read_dir(shell.path(directory)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with('.') && !component.begins_with('.') {
            continue;
        }
        if component.matches(name) && (is_last || shell.path(&format!("{path}{name}")).is_dir()) {
            longer.push(format!("{path}{name}{end}"));
        }
    }
}
