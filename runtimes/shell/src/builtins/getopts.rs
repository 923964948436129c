//! `getopts`.

use super::wrong;
use crate::shell::{Shell, Stop};

/// What the next option is.
struct Found {
    letter: String,
    argument: Option<String>,
    message: Option<String>,
}

pub(super) async fn getopts(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let [known, name, given @ ..] = arguments else {
        return wrong(shell, "getopts: options and a name are needed", 2).await;
    };
    let given: Vec<String> = if given.is_empty() { shell.arguments.to_vec() } else { given.to_vec() };
    let index = shell.variables.get("OPTIND").and_then(|text| text.parse().ok()).unwrap_or(1_usize).max(1);
    let (found, index) = next(shell, known, &given, index);
    let mut set = shell.variables.set("OPTIND", index.to_string());
    let Some(found) = found else {
        set = set.and_then(|()| shell.variables.set(name, "?"));
        return match set {
            Ok(()) => Ok(1),
            Err(message) => wrong(shell, &message, 2).await,
        };
    };
    if let Some(message) = found.message
        && !known.starts_with(':')
    {
        shell.complain(&message).await;
    }
    set = set.and_then(|()| shell.variables.set(name, found.letter));
    set = set.and_then(|()| match found.argument {
        Some(argument) => shell.variables.set("OPTARG", argument),
        None => shell.variables.unset("OPTARG"),
    });
    match set {
        Ok(()) => Ok(0),
        Err(message) => wrong(shell, &message, 2).await,
    }
}

/// The option at this index, and the index after it.
fn next(shell: &mut Shell, known: &str, given: &[String], index: usize) -> (Option<Found>, usize) {
    let current = given.get(index - 1).filter(|argument| argument.len() > 1 && argument.starts_with('-'));
    let Some(current) = current else {
        shell.option_letter = 0;
        return (None, index);
    };
    if current == "--" {
        shell.option_letter = 0;
        return (None, index + 1);
    }
    let at = shell.option_letter.max(1);
    let letters: Vec<char> = current.chars().collect();
    let Some(letter) = letters.get(at).copied() else {
        shell.option_letter = 0;
        return next_argument(shell, known, given, index + 1);
    };
    let is_last = at + 1 == letters.len();
    shell.option_letter = if is_last { 0 } else { at + 1 };
    let after = if is_last { index + 1 } else { index };
    let is_silent = known.starts_with(':');
    let place = known.chars().skip(usize::from(is_silent)).position(|found| found == letter && letter != ':');
    let Some(place) = place else {
        let argument = is_silent.then(|| letter.to_string());
        let message = Some(format!("illegal option -- {letter}"));
        return (Some(Found { letter: "?".to_owned(), argument, message }), after);
    };
    let takes_argument = known.chars().nth(place + usize::from(is_silent) + 1) == Some(':');
    if !takes_argument {
        return (Some(Found { letter: letter.to_string(), argument: None, message: None }), after);
    }
    shell.option_letter = 0;
    if !is_last {
        let argument = Some(letters[at + 1..].iter().collect());
        return (Some(Found { letter: letter.to_string(), argument, message: None }), index + 1);
    }
    match given.get(index) {
        Some(argument) => {
            let found = Found { letter: letter.to_string(), argument: Some(argument.clone()), message: None };
            (Some(found), index + 2)
        }
        None => {
            let message = Some(format!("option requires an argument -- {letter}"));
            let (shown, argument) = if is_silent { (":", Some(letter.to_string())) } else { ("?", None) };
            (Some(Found { letter: shown.to_owned(), argument, message }), index + 1)
        }
    }
}

fn next_argument(shell: &mut Shell, known: &str, given: &[String], index: usize) -> (Option<Found>, usize) {
    if index > given.len() { (None, index) } else { next(shell, known, given, index) }
}
