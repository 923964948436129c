//! `.`, `eval`, `exec`, `sh`: other texts as scripts, and other commands in place of the shell.

use super::{unsupported, wrong};
use crate::evaluate::{self, launch};
use crate::shell::paths::reason;
use crate::shell::{Shell, Stop};
use crate::syntax;

/// Runs a text in this shell.
async fn run_here(shell: &mut Shell, text: &str, line: u32) -> Result<(), Stop> {
    let list = match syntax::parse(text, line) {
        Ok(list) => list,
        Err(error) => {
            shell.line = error.line;
            return Err(shell.fail(&error.to_string(), 2).await);
        }
    };
    shell.status = 0;
    evaluate::list(shell, &list).await
}

pub(super) async fn eval(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let arguments =
        if arguments.first().is_some_and(|first| first == "--") { &arguments[1..] } else { arguments };
    let text = arguments.join(" ");
    let line = shell.line;
    run_here(shell, &text, line).await?;
    Ok(shell.status)
}

pub(super) async fn source(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let Some((path, arguments)) = arguments.split_first() else {
        return wrong(shell, ".: a file is needed", 2).await;
    };
    let text = match std::fs::read(shell.path(path)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return Err(shell.fail(&format!(".: {path}: {}", reason(&error)), 2).await),
    };
    let line = shell.line;
    let name = std::mem::replace(&mut shell.name, path.as_str().into());
    let outer = (!arguments.is_empty())
        .then(|| std::mem::replace(&mut shell.arguments, std::rc::Rc::new(arguments.to_vec())));
    let flow = run_here(shell, &text, 1).await;
    if let Some(outer) = outer {
        shell.arguments = outer;
    }
    shell.name = name;
    shell.line = line;
    match flow {
        Ok(()) | Err(Stop::Return) => Ok(shell.status),
        Err(stop) => Err(stop),
    }
}

pub(super) async fn exec(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    match arguments.first() {
        None => Ok(0),
        Some(option) if option.starts_with('-') => wrong(shell, &unsupported("exec", option), 2).await,
        Some(name) => {
            shell.descend().await?;
            let result = match super::find(name) {
                Some(builtin) => builtin(shell, &arguments[1..]).await,
                None => launch(shell, arguments.to_vec()).await,
            };
            shell.status = result?;
            // The shell is gone after it, and so is its trap.
            shell.exit_trap = None;
            Err(Stop::Exit)
        }
    }
}

/// `sh file arguments…` and `sh -c text name arguments…`, with the letters of `set` before.
pub(super) async fn shell(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let mut rest = arguments;
    let mut options = String::new();
    let mut is_text = false;
    while let [first, others @ ..] = rest {
        match first.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            Some("-") => {
                rest = others;
                break;
            }
            Some("-posix" | "-norc" | "-noprofile" | "-login" | "l" | "s" | "i") => {}
            Some("o") => {
                let Some((name, after)) = others.split_first() else { break };
                options.push_str(&format!("set -o {}\n", crate::expand::quote(name)));
                rest = after;
                continue;
            }
            Some(letters) if letters.chars().all(|letter| "ceufxaC".contains(letter)) => {
                is_text |= letters.contains('c');
                let others: String = letters.chars().filter(|letter| *letter != 'c').collect();
                if !others.is_empty() {
                    options.push_str(&format!("set -{others}\n"));
                }
            }
            Some(_) => return wrong(shell, &unsupported("sh", first), 2).await,
            None => break,
        }
        rest = others;
    }
    let (name, text, arguments) = match (is_text, rest) {
        (true, []) => return wrong(shell, "sh: -c needs a text", 2).await,
        (true, [text, name, arguments @ ..]) => (name.clone(), text.clone(), arguments.to_vec()),
        (true, [text]) => ("sh".to_owned(), text.clone(), Vec::new()),
        (false, []) => {
            let input = shell.descriptors.get(0).unwrap_or(crate::stream::Stream::Null);
            let bytes = input.read_all().await.unwrap_or_default();
            ("sh".to_owned(), String::from_utf8_lossy(&bytes).into_owned(), Vec::new())
        }
        (false, [path, arguments @ ..]) => match std::fs::read(shell.path(path)) {
            Ok(bytes) => (path.clone(), String::from_utf8_lossy(&bytes).into_owned(), arguments.to_vec()),
            Err(error) => return wrong(shell, &format!("{path}: {}", reason(&error)), 127).await,
        },
    };
    // On the first line of the text, so that the numbers of lines stay as they are.
    let text = format!("{}{text}", options.replace('\n', ";"));
    Ok(evaluate::run_text(shell, &name, &text, arguments).await)
}
