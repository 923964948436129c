//! Commands outside of the shell: tools, and scripts that are named by their path.

use crate::executor::Task;
use crate::shell::paths::reason;
use crate::shell::{Shell, Stop};
use crate::tools::{self, BROKEN_PIPE, Tool};

/// Folders in which people expect the tools.
const TOOL_FOLDERS: [&str; 5] = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/"];

/// Tools that other shells have built in.
const BUILT_IN: [&str; 2] = ["echo", "printf"];

const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Runs a tool or a script, and returns its status.
pub(crate) fn launch(shell: &mut Shell, words: Vec<String>) -> Task<'_, Result<u8, Stop>> {
    Box::pin(async move {
        let name = words.first().cloned().unwrap_or_default();
        let is_script = name.contains('/') && std::fs::metadata(shell.path(&name)).is_ok();
        let tool_name = match TOOL_FOLDERS.iter().find_map(|folder| name.strip_prefix(folder)) {
            Some(base) if !is_script => base.to_owned(),
            _ => name.clone(),
        };
        if let Some(run) = tools::find(&tool_name) {
            let is_builtin = BUILT_IN.contains(&tool_name.as_str());
            let status = Tool::new(shell, tool_name, words[1..].to_vec()).finish(run).await;
            if is_builtin && status == BROKEN_PIPE {
                // Elsewhere these are part of the shell, and it is the shell that gets the signal.
                shell.status = status;
                return Err(Stop::Exit);
            }
            return Ok(status);
        }
        if is_script {
            return Ok(script(shell, &name, words).await);
        }
        shell.complain(&format!("{name}: not found")).await;
        Ok(NOT_FOUND)
    })
}

/// Runs a file as a script, in a shell that gets nothing of this one but its environment.
async fn script(shell: &mut Shell, path: &str, mut words: Vec<String>) -> u8 {
    let text = match std::fs::read(shell.path(path)) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| "cannot run: not a text".to_owned()),
        Err(error) => Err(reason(&error)),
    };
    let text = text.and_then(|text| {
        if is_shell_script(&text) { Ok(text) } else { Err("only scripts of sh run here".to_owned()) }
    });
    match text {
        Ok(text) => {
            words.remove(0);
            run_text(shell, path, &text, words).await
        }
        Err(message) => {
            shell.complain(&format!("{path}: {message}")).await;
            NOT_EXECUTABLE
        }
    }
}

/// Whether the first line names no other interpreter than a shell.
fn is_shell_script(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!").and_then(|text| text.lines().next()) else { return true };
    line.split_whitespace()
        .any(|word| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash")))
}

/// Runs a text as a script of this name, in a shell of its own: `sh file`, `sh -c text`.
pub(crate) async fn run_text(shell: &Shell, name: &str, text: &str, arguments: Vec<String>) -> u8 {
    let mut child = Shell::new(name, arguments, shell.descriptors.clone());
    child.variables = shell.variables.clone();
    child.variables.keep_exported();
    child.directory = shell.directory.clone();
    child.depth = shell.depth;
    match crate::syntax::parse(text, 1) {
        Ok(list) => super::subshell(child, &list).await,
        Err(error) => {
            child.line = error.line;
            child.complain(&error.to_string()).await;
            2
        }
    }
}
