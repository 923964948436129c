//! `touch`, `mkdir`, `mktemp`, `truncate`, `chmod`.

use std::fs::{self, File};
use std::io;
use std::time::SystemTime;

use super::options::number;
use super::{Failure, Outcome, Spec, Tool};
use crate::shell::paths::reason;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "camf",
        values: "dr",
        long: &[("no-create", 'c'), ("date", 'd'), ("reference", 'r')],
        ..Spec::default()
    })?;
    if parsed.operands.is_empty() {
        return Err(Failure::new("a file is needed"));
    }
    let time = match (parsed.value('r'), parsed.value('d')) {
        (Some(path), _) => fs::metadata(tool.shell.path(path)).and_then(|found| found.modified())?,
        (None, Some(text)) => SystemTime::from(super::date::parse(text)?),
        (None, None) => SystemTime::now(),
    };
    for path in &parsed.operands {
        let whole = tool.shell.path(path);
        if parsed.has('c') && !whole.exists() {
            continue;
        }
        let file = if whole.is_dir() {
            File::open(&whole)
        } else {
            File::options().write(true).create(true).truncate(false).open(&whole)
        };
        let touched = file.and_then(|file| file.set_modified(time));
        if let Err(error) = touched {
            tool.warn(&format!("{path}: {}", reason(&error))).await;
        }
    }
    Ok(tool.status)
}

pub(super) async fn mkdir(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "pv",
        values: "m",
        long: &[("parents", 'p'), ("mode", 'm'), ("verbose", 'v')],
        ..Spec::default()
    })?;
    if parsed.operands.is_empty() {
        return Err(Failure::new("a directory is needed"));
    }
    for path in &parsed.operands {
        let whole = tool.shell.path(path);
        let made = if parsed.has('p') { fs::create_dir_all(whole) } else { fs::create_dir(whole) };
        match made {
            Ok(()) if parsed.has('v') => {
                tool.output.line(format!("created directory '{path}'").as_bytes()).await?
            }
            Ok(()) => {}
            Err(error) => tool.warn(&format!("{path}: {}", reason(&error))).await,
        }
    }
    Ok(tool.status)
}

/// Names that are tried.
const NAMES_MAX: u32 = 1000;

pub(super) async fn mktemp(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "dqut",
        values: "p",
        long: &[("directory", 'd'), ("dry-run", 'u'), ("tmpdir", 'p')],
        ..Spec::default()
    })?;
    let template = match parsed.operands.first() {
        Some(template) => template.clone(),
        None => {
            let folder = tool.shell.variables.get("TMPDIR").filter(|folder| !folder.is_empty());
            let folder = parsed.value('p').map(str::to_owned).or(folder.map(|folder| folder.to_string()));
            format!("{}/tmp.XXXXXXXXXX", folder.unwrap_or_else(|| "/tmp".to_owned()))
        }
    };
    let prefix = template.trim_end_matches('X');
    let count = template.len() - prefix.len();
    if count < 3 {
        return Err(Failure::new(format!("{template}: three X at its end are needed")));
    }
    for _ in 0..NAMES_MAX {
        let random = std::iter::repeat_with(|| tool.shell.variable("RANDOM"));
        let letters = random.take(count).flatten().filter_map(|number| number.parse::<u32>().ok());
        let letters: String = letters.filter_map(|number| char::from_digit(number % 36, 36)).collect();
        let path = format!("{prefix}{letters}");
        let whole = tool.shell.path(&path);
        let made = if parsed.has('u') {
            Ok(())
        } else if parsed.has('d') {
            fs::create_dir(&whole)
        } else {
            File::options().write(true).create_new(true).open(&whole).map(drop)
        };
        match made {
            Ok(()) => {
                // The next one is to have another name.
                tool.output.line(path.as_bytes()).await?;
                return Ok(0);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::new(format!("{path}: {}", reason(&error)))),
        }
    }
    Err(Failure::new("no name is left"))
}

pub(super) async fn truncate(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "c", values: "s", long: &[("size", 's')], ..Spec::default() })?;
    let size = parsed.value('s').ok_or_else(|| Failure::usage("-s is needed"))?;
    let bytes = number(size)?;
    for path in &parsed.operands {
        let file =
            File::options().write(true).create(!parsed.has('c')).truncate(false).open(tool.shell.path(path));
        if let Err(error) = file.and_then(|file| file.set_len(bytes)) {
            tool.warn(&format!("{path}: {}", reason(&error))).await;
        }
    }
    Ok(tool.status)
}

/// There are no permissions in the sandbox: nothing changes, but the files must be there.
pub(super) async fn chmod(tool: &mut Tool) -> Outcome {
    let operands =
        tool.arguments.iter().filter(|argument| !matches!(argument.as_str(), "-R" | "-f" | "-v" | "--"));
    let paths: Vec<String> = operands.skip(1).cloned().collect();
    if paths.is_empty() {
        return Err(Failure::new("a mode and a file are needed"));
    }
    for path in &paths {
        if !tool.shell.path(path).exists() {
            tool.warn(&format!("{path}: no such file or directory")).await;
        }
    }
    Ok(tool.status)
}
