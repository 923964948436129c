//! `ls` and `stat`. Owners and permissions are the same for everything: the sandbox has none.

use std::fs::{self, Metadata};
use std::time::SystemTime;

use jiff::Timestamp;

use super::{Failure, Outcome, Parsed, Spec, Tool, basename};
use crate::shell::paths::reason;

/// Directories in each other that `-R` shows.
const DEPTH_MAX: usize = 100;

struct Entry {
    name: String,
    metadata: Metadata,
    /// Where a link goes.
    target: Option<String>,
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "1aAldtrSRhFpnCgoUi",
        long: &[("all", 'a'), ("almost-all", 'A'), ("recursive", 'R'), ("directory", 'd'), ("reverse", 'r')],
        ..Spec::default()
    })?;
    if parsed.has('i') {
        return Err(Failure::usage("unsupported option -i"));
    }
    let operands = if parsed.operands.is_empty() { vec![".".to_owned()] } else { parsed.operands.clone() };
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for path in &operands {
        match entry(tool, path, path) {
            // A link to a directory stands for the directory, but not in a long list.
            Ok(found) => {
                let is_directory = found.metadata.is_dir()
                    || (found.metadata.is_symlink() && !parsed.has('l') && tool.shell.path(path).is_dir());
                if is_directory && !parsed.has('d') {
                    directories.push(path.clone())
                } else {
                    files.push(found)
                }
            }
            Err(error) => {
                tool.warn(&format!("{path}: {}", reason(&error))).await;
                tool.status = 2;
            }
        }
    }
    sort(&mut files, &parsed);
    let has_files = !files.is_empty();
    print(tool, &files, &parsed, false).await?;
    directories.sort_unstable();
    let shows_titles = operands.len() > 1 || parsed.has('R');
    let mut open: Vec<(String, usize)> = directories.into_iter().rev().map(|path| (path, 0)).collect();
    let mut is_first = !has_files;
    while let Some((path, depth)) = open.pop() {
        if shows_titles {
            let before = if is_first { "" } else { "\n" };
            tool.output.write(format!("{before}{path}:\n").as_bytes()).await?;
        }
        is_first = false;
        let entries = directory(tool, &path, &parsed).await;
        print(tool, &entries, &parsed, true).await?;
        if parsed.has('R') && depth < DEPTH_MAX {
            let below = entries.iter().rev().filter(|entry| entry.metadata.is_dir());
            let below = below.filter(|entry| !matches!(entry.name.as_str(), "." | ".."));
            open.extend(
                below.map(|entry| (format!("{}/{}", path.trim_end_matches('/'), entry.name), depth + 1)),
            );
        }
    }
    Ok(tool.status)
}

fn entry(tool: &Tool, path: &str, name: &str) -> std::io::Result<Entry> {
    let whole = tool.shell.path(path);
    let metadata = fs::symlink_metadata(&whole)?;
    let target = if metadata.is_symlink() { fs::read_link(&whole).ok() } else { None };
    let target = target.map(|target| target.to_string_lossy().into_owned());
    Ok(Entry { name: name.to_owned(), metadata, target })
}

async fn directory(tool: &mut Tool, path: &str, parsed: &Parsed) -> Vec<Entry> {
    let mut names: Vec<String> = match fs::read_dir(tool.shell.path(path)) {
        Ok(entries) => {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        }
        Err(error) => {
            tool.warn(&format!("{path}: {}", reason(&error))).await;
            tool.status = 2;
            return Vec::new();
        }
    };
    if !parsed.has('a') && !parsed.has('A') {
        names.retain(|name| !name.starts_with('.'));
    }
    if parsed.has('a') {
        names.extend([".".to_owned(), "..".to_owned()]);
    }
    let mut entries: Vec<Entry> =
        names.iter().filter_map(|name| entry(tool, &format!("{path}/{name}"), name).ok()).collect();
    sort(&mut entries, parsed);
    entries
}

fn sort(entries: &mut [Entry], parsed: &Parsed) {
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    if parsed.has('t') {
        entries.sort_by_key(|entry| {
            std::cmp::Reverse(entry.metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH))
        });
    }
    if parsed.has('S') {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.metadata.len()));
    }
    if parsed.has('r') {
        entries.reverse();
    }
}

async fn print(
    tool: &mut Tool,
    entries: &[Entry],
    parsed: &Parsed,
    is_directory: bool,
) -> Result<(), Failure> {
    let is_long = parsed.has('l') || parsed.has('n') || parsed.has('g') || parsed.has('o');
    if is_long && is_directory {
        let blocks: u64 = entries.iter().map(|entry| entry.metadata.len().div_ceil(4096) * 4).sum();
        tool.output.line(format!("total {blocks}").as_bytes()).await?;
    }
    let size = |entry: &Entry| {
        if parsed.has('h') { human(entry.metadata.len()) } else { entry.metadata.len().to_string() }
    };
    let width = entries.iter().map(|entry| size(entry).len()).max().unwrap_or(0);
    for entry in entries {
        let mark = match &entry.metadata {
            found if found.is_dir() && (parsed.has('F') || parsed.has('p')) => "/",
            found if found.is_symlink() && parsed.has('F') => "@",
            _ => "",
        };
        let mut line = String::new();
        if is_long {
            let changed = time(entry.metadata.modified().ok(), "%b %e %H:%M");
            line = format!("{} 1 root root {:>width$} {changed} ", mode(&entry.metadata), size(entry));
        }
        line.push_str(&entry.name);
        line.push_str(mark);
        if let (true, Some(target)) = (is_long, &entry.target) {
            line.push_str(&format!(" -> {target}"));
        }
        tool.output.line(line.as_bytes()).await?;
    }
    Ok(())
}

fn mode(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        "drwxr-xr-x"
    } else if metadata.is_symlink() {
        "lrwxrwxrwx"
    } else {
        "-rw-r--r--"
    }
}

fn human(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["", "K", "M", "G"] {
        if size < 1024.0 {
            return if unit.is_empty() || size >= 10.0 {
                format!("{size:.0}{unit}")
            } else {
                format!("{size:.1}{unit}")
            };
        }
        size /= 1024.0;
    }
    format!("{size:.1}T")
}

/// A time in UTC. A dash if there is none.
fn time(time: Option<SystemTime>, format: &str) -> String {
    let timestamp = time.and_then(|time| Timestamp::try_from(time).ok());
    let text = timestamp.and_then(|timestamp| jiff::fmt::strtime::format(format, timestamp).ok());
    text.unwrap_or_else(|| "-".to_owned())
}

/// `stat -c format`, and the directives people use of it.
pub(super) async fn stat(tool: &mut Tool) -> Outcome {
    let parsed =
        tool.parse(&Spec { flags: "L", values: "c", long: &[("format", 'c')], ..Spec::default() })?;
    let format = parsed.value('c').unwrap_or("  File: %n\n  Size: %s\t%F\nAccess: (%a/%A)\nModify: %y");
    if parsed.operands.is_empty() {
        return Err(Failure::new("a file is needed"));
    }
    for path in &parsed.operands {
        let whole = tool.shell.path(path);
        let found = if parsed.has('L') { fs::metadata(whole) } else { fs::symlink_metadata(whole) };
        match found {
            Ok(metadata) => {
                let line = described(format, path, &metadata)?;
                tool.output.line(line.as_bytes()).await?;
            }
            Err(error) => tool.warn(&format!("{path}: {}", reason(&error))).await,
        }
    }
    Ok(tool.status)
}

fn described(format: &str, path: &str, metadata: &Metadata) -> Result<String, Failure> {
    let mut line = String::new();
    let mut rest = format.chars();
    while let Some(character) = rest.next() {
        if character != '%' {
            line.push(character);
            continue;
        }
        let changed = metadata.modified().ok();
        line.push_str(&match rest.next() {
            Some('n') => path.to_owned(),
            Some('N') => format!("'{}'", basename::last_part(path)),
            Some('s') => metadata.len().to_string(),
            Some('F') => if metadata.is_dir() {
                "directory"
            } else if metadata.is_symlink() {
                "symbolic link"
            } else if metadata.len() == 0 {
                "regular empty file"
            } else {
                "regular file"
            }
            .to_owned(),
            Some('a') => if metadata.is_dir() { "755" } else { "644" }.to_owned(),
            Some('A') => mode(metadata).to_owned(),
            Some('U' | 'G') => "root".to_owned(),
            Some('u' | 'g') => "0".to_owned(),
            Some('Y') => time(changed, "%s"),
            Some('y') => time(changed, "%Y-%m-%d %H:%M:%S.%N +0000"),
            Some('%') => "%".to_owned(),
            directive => {
                return Err(Failure::usage(format!("unsupported directive %{}", directive.unwrap_or(' '))));
            }
        });
    }
    Ok(line)
}
