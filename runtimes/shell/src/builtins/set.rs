//! `set` and `shopt`.

use std::rc::Rc;

use super::{print, unsupported, wrong};
use crate::expand::quote;
use crate::shell::{Kind, Shell, Stop};

/// Letters and names that other shells have and that change nothing here: job control, history, `+h`, `-b`.
const WITHOUT_EFFECT: &str = "bhkmv";

pub(super) async fn set(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    if arguments.is_empty() {
        let lines = shell.variables.sorted(Kind::All).into_iter();
        let text: String = lines.map(|(name, value)| format!("{name}={}\n", quote(&value))).collect();
        return print(shell, &text).await;
    }
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (is_on, letters) = match (argument.strip_prefix('-'), argument.strip_prefix('+')) {
            (Some("-"), _) => {
                shell.arguments = Rc::new(rest.cloned().collect());
                return Ok(0);
            }
            (Some(letters), _) if !letters.is_empty() => (true, letters),
            (_, Some(letters)) if !letters.is_empty() => (false, letters),
            _ => {
                let mut arguments = vec![argument.clone()];
                arguments.extend(rest.cloned());
                shell.arguments = Rc::new(arguments);
                return Ok(0);
            }
        };
        for letter in letters.chars() {
            let result = if letter == 'o' {
                match rest.next() {
                    Some(name) => set_named(shell, name, is_on),
                    None => return print_options(shell).await,
                }
            } else {
                set_letter(shell, letter, is_on)
            };
            if let Err(option) = result {
                return Err(shell.fail(&unsupported("set", &option), 2).await);
            }
        }
    }
    Ok(0)
}

fn set_letter(shell: &mut Shell, letter: char, is_on: bool) -> Result<(), String> {
    match shell.options.by_letter(letter) {
        // `p` is no letter of other shells for this.
        Some(option) if letter != 'p' => *option = is_on,
        _ if WITHOUT_EFFECT.contains(letter) => {}
        _ => return Err(format!("-{letter}")),
    }
    Ok(())
}

fn set_named(shell: &mut Shell, name: &str, is_on: bool) -> Result<(), String> {
    match shell.options.by_name(name) {
        Some(option) => *option = is_on,
        None if matches!(name, "posix" | "monitor" | "history" | "emacs" | "vi" | "braceexpand") => {}
        None => return Err(format!("-o {name}")),
    }
    Ok(())
}

async fn print_options(shell: &mut Shell) -> Result<u8, Stop> {
    let mut options = shell.options;
    let mut text = String::new();
    for name in ["allexport", "errexit", "noclobber", "noglob", "nounset", "pipefail", "xtrace"] {
        let is_on = options.by_name(name).is_some_and(|option| *option);
        text.push_str(&format!("{name:<15} {}\n", if is_on { "on" } else { "off" }));
    }
    print(shell, &text).await
}

/// The options of bash that `shopt` has. What is here behaves as if none of them was on.
pub(super) async fn shopt(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    match arguments.iter().find(|argument| !matches!(argument.as_str(), "-u" | "-q")) {
        Some(option) if !arguments.iter().any(|argument| argument == "-u") => {
            wrong(shell, &format!("shopt: {option} is not supported"), 2).await
        }
        _ => Ok(0),
    }
}
