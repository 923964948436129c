//! A script as a whole: checked when it is built, run when it is called.

use crate::evaluate::{exit_trap, list};
use crate::executor;
use crate::shell::{Descriptors, Shell};
use crate::stream::Stream;
use crate::syntax;

/// What the shell ends with when all that is left waits for each other.
const DEADLOCK: u8 = 1;

/// A script and what it is run with.
pub struct Script<'a> {
    /// The path of the script, for `$0` and messages.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// `$1` and on.
    pub arguments: Vec<String>,
    /// What is exported to it.
    pub environment: Vec<(String, String)>,
    /// The directory that it begins in, absolute.
    pub directory: &'a str,
}

/// Reads a script without running it. The error is `path:line: syntax error: …`.
///
/// # Errors
///
/// The text is not a script.
pub fn check(path: &str, text: &str) -> Result<(), String> {
    match syntax::parse(text, 1) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{path}:{}: {error}", error.line)),
    }
}

impl Script<'_> {
    /// Runs it with the streams of the process. Returns its exit code.
    pub fn run(self) -> u8 {
        self.run_with(Descriptors::new(Stream::HostInput, Stream::HostOutput, Stream::HostError))
    }

    /// Runs it with this input. Returns its exit code, what it printed, and its messages.
    pub fn run_captured(self, input: Vec<u8>) -> (u8, Vec<u8>, Vec<u8>) {
        let output = std::rc::Rc::default();
        let error = std::rc::Rc::default();
        let descriptors = Descriptors::new(
            Stream::text(input),
            Stream::Capture(std::rc::Rc::clone(&output)),
            Stream::Capture(std::rc::Rc::clone(&error)),
        );
        let status = self.run_with(descriptors);
        (status, output.take(), error.take())
    }

    fn run_with(self, descriptors: Descriptors) -> u8 {
        let mut shell = Shell::new(self.name, self.arguments, descriptors);
        shell.directory = self.directory.into();
        for (name, value) in self.environment {
            if syntax::is_name(&name) && shell.variables.set(&name, value).is_ok() {
                shell.variables.export(&name, true);
            }
        }
        for (name, value) in [("PWD", self.directory), ("OPTIND", "1"), ("IFS", " \t\n"), ("PS4", "+ ")] {
            // Nothing is readonly yet.
            let _ = shell.variables.set(name, value);
        }
        let complaint = shell.descriptors.get(2);
        let status = executor::run(run(&mut shell, self.text), flush_host);
        let status = status.unwrap_or_else(|_| {
            if let Some(stream) = complaint {
                let text = format!("{}: all commands wait for each other\n", self.name);
                // The last word of a script that is stuck.
                let _ = executor::run(async { stream.write(text.as_bytes()).await }, || {});
            }
            DEADLOCK
        });
        flush_host();
        status
    }
}

async fn run(shell: &mut Shell, text: &str) -> u8 {
    match syntax::parse(text, 1) {
        Ok(commands) => {
            // How it stopped is of no matter: with it ends the script.
            let _ = list(shell, &commands).await;
            exit_trap(shell).await;
            shell.status
        }
        Err(error) => {
            shell.line = error.line;
            shell.complain(&error.to_string()).await;
            2
        }
    }
}

fn flush_host() {
    use std::io::Write;
    // Nobody is left to be told.
    let _ = std::io::stdout().flush();
}
