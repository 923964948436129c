//! Builtins: commands that change or ask the shell itself.

mod control;
mod directory;
mod getopts;
mod jobs;
mod lookup;
mod read;
mod set;
mod shells;
mod variables;

use crate::executor::Task;
use crate::shell::{Shell, Stop};
use crate::stream::Output;

pub(crate) type Builtin = for<'a> fn(&'a mut Shell, &'a [String]) -> Task<'a, Result<u8, Stop>>;

const BUILTINS: [(&str, Builtin); 35] = [
    (":", |_, _| Box::pin(async { Ok(0) })),
    (".", |shell, arguments| Box::pin(shells::source(shell, arguments))),
    ("source", |shell, arguments| Box::pin(shells::source(shell, arguments))),
    ("eval", |shell, arguments| Box::pin(shells::eval(shell, arguments))),
    ("exec", |shell, arguments| Box::pin(shells::exec(shell, arguments))),
    ("sh", |shell, arguments| Box::pin(shells::shell(shell, arguments))),
    ("bash", |shell, arguments| Box::pin(shells::shell(shell, arguments))),
    ("exit", |shell, arguments| Box::pin(control::exit(shell, arguments))),
    ("return", |shell, arguments| Box::pin(control::leave(shell, arguments))),
    ("break", |shell, arguments| Box::pin(control::leave_loop(shell, arguments, true))),
    ("continue", |shell, arguments| Box::pin(control::leave_loop(shell, arguments, false))),
    ("shift", |shell, arguments| Box::pin(control::shift(shell, arguments))),
    ("trap", |shell, arguments| Box::pin(control::trap(shell, arguments))),
    ("cd", |shell, arguments| Box::pin(directory::cd(shell, arguments))),
    ("pwd", |shell, arguments| Box::pin(directory::pwd(shell, arguments))),
    ("umask", |shell, arguments| Box::pin(directory::umask(shell, arguments))),
    ("export", |shell, arguments| Box::pin(variables::export(shell, arguments))),
    ("readonly", |shell, arguments| Box::pin(variables::readonly(shell, arguments))),
    ("local", |shell, arguments| Box::pin(variables::local(shell, arguments))),
    ("declare", |shell, arguments| Box::pin(variables::declare(shell, arguments))),
    ("typeset", |shell, arguments| Box::pin(variables::declare(shell, arguments))),
    ("unset", |shell, arguments| Box::pin(variables::unset(shell, arguments))),
    ("let", |shell, arguments| Box::pin(variables::evaluate(shell, arguments))),
    ("set", |shell, arguments| Box::pin(set::set(shell, arguments))),
    ("shopt", |shell, arguments| Box::pin(set::shopt(shell, arguments))),
    ("read", |shell, arguments| Box::pin(read::read(shell, arguments))),
    ("mapfile", |shell, arguments| Box::pin(read::mapfile(shell, arguments))),
    ("readarray", |shell, arguments| Box::pin(read::mapfile(shell, arguments))),
    ("getopts", |shell, arguments| Box::pin(getopts::getopts(shell, arguments))),
    ("wait", |shell, arguments| Box::pin(jobs::wait(shell, arguments))),
    ("jobs", |shell, arguments| Box::pin(jobs::jobs(shell, arguments))),
    ("command", |shell, arguments| Box::pin(lookup::command(shell, arguments))),
    ("builtin", |shell, arguments| Box::pin(lookup::command(shell, arguments))),
    ("type", |shell, arguments| Box::pin(lookup::describe(shell, arguments))),
    ("hash", |_, _| Box::pin(async { Ok(0) })),
];

pub(crate) fn find(name: &str) -> Option<Builtin> {
    BUILTINS.iter().find(|(found, _)| *found == name).map(|(_, builtin)| *builtin)
}

/// Says what is wrong, and returns the status.
async fn wrong(shell: &Shell, message: &str, status: u8) -> Result<u8, Stop> {
    shell.complain(message).await;
    Ok(status)
}

/// Prints text to the shell's stdout. Where nobody reads it any more the shell ends, as by the signal.
async fn print(shell: &mut Shell, text: &str) -> Result<u8, Stop> {
    let mut output = Output::new(shell.descriptors.get(1));
    let mut result = output.write(text.as_bytes()).await;
    if result.is_ok() {
        result = output.flush().await;
    }
    match result {
        Ok(()) => Ok(0),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            shell.status = 141;
            Err(Stop::Exit)
        }
        Err(error) => wrong(shell, &format!("write error: {}", crate::shell::paths::reason(&error)), 1).await,
    }
}

/// What is wrong with an option that a builtin does not have.
fn unsupported(builtin: &str, option: &str) -> String {
    format!("{builtin}: unsupported option {option}")
}
