//! `exit`, `return`, `break`, `continue`, `shift`, `trap`.

use std::rc::Rc;

use super::{print, wrong};
use crate::shell::{Shell, Stop};

/// The status that an argument means. Of a larger number the last eight bits.
fn status(shell: &Shell, arguments: &[String]) -> Result<u8, String> {
    match arguments.first() {
        None => Ok(shell.status),
        Some(text) => match text.trim().parse::<i64>() {
            Ok(number) => Ok(number.rem_euclid(256) as u8),
            Err(_) => Err(format!("{text}: not a number")),
        },
    }
}

pub(super) async fn exit(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    match status(shell, arguments) {
        Ok(status) => shell.status = status,
        Err(message) => return Err(shell.fail(&format!("exit: {message}"), 2).await),
    }
    Err(Stop::Exit)
}

pub(super) async fn leave(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    match status(shell, arguments) {
        Ok(status) => shell.status = status,
        Err(message) => return Err(shell.fail(&format!("return: {message}"), 2).await),
    }
    Err(Stop::Return)
}

pub(super) async fn leave_loop(shell: &mut Shell, arguments: &[String], is_break: bool) -> Result<u8, Stop> {
    if shell.loops == 0 {
        return Ok(0);
    }
    let count = match arguments.first().map(|text| text.parse::<u32>()) {
        None => 1,
        Some(Ok(count)) if count > 0 => count.min(shell.loops),
        Some(_) => {
            let name = if is_break { "break" } else { "continue" };
            return Err(shell.fail(&format!("{name}: not a positive number"), 2).await);
        }
    };
    shell.status = 0;
    Err(if is_break { Stop::Break(count) } else { Stop::Continue(count) })
}

pub(super) async fn shift(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let count = match arguments.first().map(|text| text.parse::<usize>()) {
        None => 1,
        Some(Ok(count)) => count,
        Some(Err(_)) => return wrong(shell, "shift: not a number", 2).await,
    };
    if count > shell.arguments.len() {
        return wrong(shell, "shift: there are not so many arguments", 1).await;
    }
    Rc::make_mut(&mut shell.arguments).drain(..count);
    Ok(0)
}

/// Signals that a script may name. None of them ever comes.
const SIGNALS: [&str; 12] =
    ["HUP", "INT", "QUIT", "ABRT", "ALRM", "TERM", "USR1", "USR2", "PIPE", "CHLD", "TSTP", "WINCH"];

pub(super) async fn trap(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let arguments =
        if arguments.first().is_some_and(|first| first == "--") { &arguments[1..] } else { arguments };
    let Some((action, conditions)) = arguments.split_first() else { return print_traps(shell).await };
    if action.starts_with('-') && action.len() > 1 {
        return wrong(shell, &super::unsupported("trap", action), 2).await;
    }
    // A lone condition, or `-`, takes the trap away.
    let (action, conditions) =
        if conditions.is_empty() { ("-", arguments) } else { (action.as_str(), conditions) };
    let action = (action != "-").then(|| Rc::<str>::from(action));
    let mut status = 0;
    for condition in conditions {
        let name = condition.strip_prefix("SIG").unwrap_or(condition);
        match name {
            "EXIT" | "0" => shell.exit_trap.clone_from(&action),
            "ERR" => shell.error_trap.clone_from(&action),
            name if SIGNALS.contains(&name) || name.parse::<u8>().is_ok_and(|number| number < 65) => {}
            name => status = wrong(shell, &format!("trap: {name}: no such signal"), 1).await?,
        }
    }
    Ok(status)
}

async fn print_traps(shell: &mut Shell) -> Result<u8, Stop> {
    let traps = [(shell.exit_trap.clone(), "EXIT"), (shell.error_trap.clone(), "ERR")];
    let mut text = String::new();
    for (action, name) in traps {
        if let Some(action) = action {
            text.push_str(&format!("trap -- {} {name}\n", crate::expand::quote(&action)));
        }
    }
    print(shell, &text).await
}
