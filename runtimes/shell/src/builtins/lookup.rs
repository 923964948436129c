//! `command`, `builtin`, `type`: what a name stands for.

use std::rc::Rc;

use super::{find, print, unsupported, wrong};
use crate::evaluate::launch;
use crate::shell::{Shell, Stop};
use crate::tools;

const RESERVED: [&str; 19] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in",
    "function", "{", "}", "!", "[[", "time",
];

/// What a name stands for.
enum Meaning {
    Reserved,
    Function,
    Builtin,
    /// A tool, with the path that people expect, or a script's own path.
    File(String),
}

fn meaning(shell: &Shell, name: &str) -> Option<Meaning> {
    if RESERVED.contains(&name) {
        return Some(Meaning::Reserved);
    }
    if shell.functions.contains_key(name) {
        return Some(Meaning::Function);
    }
    if find(name).is_some() || matches!(name, "echo" | "printf" | "test" | "[" | "true" | "false") {
        return Some(Meaning::Builtin);
    }
    if tools::find(name).is_some() {
        return Some(Meaning::File(format!("/usr/bin/{name}")));
    }
    let is_file =
        name.contains('/') && std::fs::metadata(shell.path(name)).is_ok_and(|found| found.is_file());
    is_file.then(|| Meaning::File(name.to_owned()))
}

pub(super) async fn command(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    match arguments {
        [option, names @ ..] if option == "-v" => lookup(shell, names, false).await,
        [option, names @ ..] if option == "-V" => lookup(shell, names, true).await,
        [option, words @ ..] if option == "-p" || option == "--" => run(shell, words).await,
        [option, ..] if option.starts_with('-') && option.len() > 1 => {
            wrong(shell, &unsupported("command", option), 2).await
        }
        words => run(shell, words).await,
    }
}

/// Runs a command that is no function.
async fn run(shell: &mut Shell, words: &[String]) -> Result<u8, Stop> {
    let Some((name, arguments)) = words.split_first() else { return Ok(0) };
    let depth = shell.depth;
    shell.descend().await?;
    let result = match find(name) {
        Some(builtin) => builtin(shell, arguments).await,
        None => launch(shell, words.to_vec()).await,
    };
    shell.depth = depth;
    result
}

async fn lookup(shell: &mut Shell, names: &[String], in_words: bool) -> Result<u8, Stop> {
    let mut text = String::new();
    let mut status = 0;
    for name in names {
        let Some(found) = meaning(shell, name) else {
            status = if in_words { 1 } else { 127 };
            if in_words {
                shell.complain(&format!("{name}: not found")).await;
            }
            continue;
        };
        text.push_str(&match (found, in_words) {
            (Meaning::File(path), false) => format!("{path}\n"),
            (_, false) => format!("{name}\n"),
            (Meaning::Reserved, true) => format!("{name} is a shell keyword\n"),
            (Meaning::Function, true) => format!("{name} is a function\n"),
            (Meaning::Builtin, true) => format!("{name} is a shell builtin\n"),
            (Meaning::File(path), true) => format!("{name} is {path}\n"),
        });
    }
    print(shell, &text).await?;
    Ok(status)
}

pub(super) async fn describe(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    match arguments {
        [option, names @ ..] if option == "-t" || option == "-p" => {
            let mut text = String::new();
            let mut status = 0;
            for name in names {
                match meaning(shell, name) {
                    Some(Meaning::File(path)) => text.push_str(if option == "-p" { &path } else { "file" }),
                    Some(_) if option == "-p" => continue,
                    Some(Meaning::Reserved) => text.push_str("keyword"),
                    Some(Meaning::Function) => text.push_str("function"),
                    Some(Meaning::Builtin) => text.push_str("builtin"),
                    None => {
                        status = 1;
                        continue;
                    }
                }
                text.push('\n');
            }
            print(shell, &text).await?;
            Ok(status)
        }
        [option, ..] if option.starts_with('-') && option.len() > 1 => {
            wrong(shell, &unsupported("type", option), 2).await
        }
        names => {
            let names = Rc::<[String]>::from(names);
            lookup(shell, &names, true).await
        }
    }
}
