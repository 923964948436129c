//! `cd`, `pwd`, `umask`.

use super::{print, unsupported, wrong};
use crate::shell::paths::reason;
use crate::shell::{Shell, Stop};

pub(super) async fn cd(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let operands: Vec<&String> =
        arguments.iter().filter(|argument| !matches!(argument.as_str(), "-L" | "-P" | "--")).collect();
    let target = match operands.as_slice() {
        [] => shell.variables.get("HOME").map_or_else(|| "/".to_owned(), |home| home.to_string()),
        [back] if back.as_str() == "-" => match shell.variables.get("OLDPWD") {
            Some(before) => before.to_string(),
            None => return wrong(shell, "cd: OLDPWD not set", 1).await,
        },
        [path] if path.starts_with('-') => return wrong(shell, &unsupported("cd", path), 2).await,
        [path] => (*path).clone(),
        _ => return wrong(shell, "cd: too many arguments", 2).await,
    };
    let path = shell.absolute(&target);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return wrong(shell, &format!("cd: {target}: not a directory"), 1).await,
        Err(error) => return wrong(shell, &format!("cd: {target}: {}", reason(&error)), 1).await,
    }
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { &path };
    let before = shell.directory.clone();
    shell.directory = path.into();
    let set = shell.variables.set("OLDPWD", before).and_then(|()| shell.variables.set("PWD", path));
    if let Err(message) = set {
        return wrong(shell, &message, 1).await;
    }
    if operands.first().is_some_and(|operand| operand.as_str() == "-") {
        return print(shell, &format!("{path}\n")).await;
    }
    Ok(0)
}

pub(super) async fn pwd(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    if let Some(option) = arguments.iter().find(|argument| !matches!(argument.as_str(), "-L" | "-P")) {
        return wrong(shell, &unsupported("pwd", option), 2).await;
    }
    let text = format!("{}\n", shell.directory);
    print(shell, &text).await
}

/// There are no permissions in the sandbox, so there is nothing to mask.
pub(super) async fn umask(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    if arguments.is_empty() { print(shell, "0022\n").await } else { Ok(0) }
}
