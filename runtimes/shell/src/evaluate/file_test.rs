//! The operators of `test` and `[[ … ]]`: on files, texts and numbers.

use std::fs;

use crate::shell::Shell;

/// An operator before one operand.
pub(crate) fn unary(shell: &mut Shell, operator: &str, operand: &str) -> Result<bool, String> {
    let path = shell.path(operand);
    let metadata = || if operand.is_empty() { None } else { fs::metadata(&path).ok() };
    Ok(match operator {
        "-n" => !operand.is_empty(),
        "-z" => operand.is_empty(),
        // There are no permissions in the sandbox: what is there can be read, written and run.
        "-e" | "-a" | "-r" | "-w" => metadata().is_some() || is_device(shell, operand),
        "-x" => metadata().is_some_and(|found| found.is_dir() || is_executable(&found)),
        "-f" => metadata().is_some_and(|found| found.is_file()),
        "-d" => metadata().is_some_and(|found| found.is_dir()),
        "-s" => metadata().is_some_and(|found| found.len() > 0),
        "-L" | "-h" => fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()),
        "-c" => is_device(shell, operand),
        "-b" | "-p" | "-S" | "-u" | "-g" | "-k" | "-t" => false,
        "-O" | "-G" => metadata().is_some(),
        "-v" => match operand.split_once('[') {
            Some((name, index)) => {
                let index = crate::expand::arithmetic::evaluate(shell, index.trim_end_matches(']'))?;
                shell.variables.element(name, index).is_some()
            }
            None => shell.variable(operand).is_some(),
        },
        "-o" => shell.options.by_name(operand).is_some_and(|option| *option),
        operator => return Err(format!("{operator}: unknown operator")),
    })
}

fn is_device(shell: &Shell, operand: &str) -> bool {
    matches!(shell.absolute(operand).as_str(), "/dev/null" | "/dev/stdin" | "/dev/stdout" | "/dev/stderr")
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(metadata: &fs::Metadata) -> bool {
    metadata.is_file()
}

/// An operator between two texts or paths.
pub(crate) fn binary(shell: &Shell, left: &str, operator: &str, right: &str) -> Result<bool, String> {
    let changed = |path: &str| fs::metadata(shell.path(path)).and_then(|found| found.modified()).ok();
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" => changed(left) > changed(right),
        "-ot" => changed(left) < changed(right),
        "-ef" => shell.absolute(left) == shell.absolute(right),
        "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => compare(integer(left)?, operator, integer(right)?),
        operator => return Err(format!("{operator}: unknown operator")),
    })
}

fn integer(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{text}: integer expression expected"))
}

pub(crate) fn compare(left: i64, operator: &str, right: i64) -> bool {
    match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        _ => left >= right,
    }
}
