//! The command line: tables for people, `--json` for programs.
//!
//! Exit codes: 0 it went well · 1 the job or run did not end well · 2 wrong usage · 3 the server
//! said no · 4 the server cannot be reached. `exec` exits as its guest does.

mod accounts;
mod client;
mod connection;
mod delete;
mod demo;
mod deploy;
mod doctor;
mod exec;
mod failure;
mod functions;
mod init;
mod invoke;
mod jobs;
mod keys;
mod logs;
mod make_runtime;
mod models;
mod moves;
mod output;
mod plans;
mod run;
mod runs;
mod runtimes;
mod schedules;
mod serve;
mod show;
mod source;
mod usage;
mod webhooks;
mod wit;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use self::client::Client;
use self::connection::Remote;
use self::failure::Failure;
use self::output::Output;

/// Runs other people's code, each call in its own WebAssembly sandbox.
#[derive(Parser)]
#[command(name = "skep", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a server
    Serve(serve::Arguments),
    /// Show what Skep does: a server, three functions, a run of 1,000 jobs
    Demo(demo::Arguments),
    /// Look at what this machine has of what a server wants, and say what to change
    Doctor(doctor::Arguments),
    /// Run a component here, in the same sandbox, without a server
    Exec(exec::Arguments),
    /// Make a project for a function in some language
    Init(init::Arguments),
    /// Upload a function
    Deploy(Remote<deploy::Arguments>),
    /// Call a function and wait for its result
    Invoke(Remote<invoke::Arguments>),
    /// Submit a run: one job for each tuple of arguments
    Run(Remote<run::Arguments>),
    /// List runs, or show one
    Runs(Remote<runs::Arguments>),
    /// Print a run's results, a line of JSON for each job
    Results(Remote<runs::ResultsArguments>),
    /// List jobs, or show one
    Jobs(Remote<jobs::Arguments>),
    /// Show what a job wrote
    Logs(Remote<logs::Arguments>),
    /// Cancel a job or a run
    Cancel(Remote<moves::Arguments>),
    /// Run a job again that did not succeed
    Restart(Remote<moves::Arguments>),
    /// List functions, or show one
    Functions(Remote<functions::Arguments>),
    /// Delete a function or a run
    Delete(Remote<delete::Arguments>),
    /// List, show, add and remove what makes functions of source
    Runtimes(Remote<runtimes::Arguments>),
    /// List, show, upload and remove models: what functions compute with
    Models(Remote<models::Arguments>),
    /// List, show, submit, cancel and restart plans: stages that follow from each other
    Plans(Remote<plans::Arguments>),
    /// List, put, pause and remove schedules: runs that are made again and again
    Schedules(Remote<schedules::Arguments>),
    /// List, add and remove webhooks: where the account is told of what happens
    Webhooks(Remote<webhooks::Arguments>),
    /// Show what was used and what it costs
    Usage(Remote<usage::Arguments>),
    /// List, make and revoke keys
    Keys(Remote<keys::Arguments>),
    /// List, make, change and delete accounts
    Accounts(Remote<accounts::Arguments>),
    /// Show the WIT of a component file or of a function
    Wit(Remote<wit::Arguments>),
    /// Compile what a server says over a pipe; servers start it, people need not
    #[command(hide = true)]
    CompileWorker {
        /// Bytes of memory and seconds of CPU time
        limits: Vec<String>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Reads the command line, does what it says, and returns the exit code.
pub fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err((failure, output)) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

/// What a command came to; a failure is told as the command would tell anything.
type Done = Result<ExitCode, (Failure, Output)>;

fn dispatch(command: Command) -> Done {
    let local = |done: Result<ExitCode, Failure>, output| done.map_err(|failure| (failure, output));
    let people = Output { json: false };
    match command {
        Command::CompileWorker { limits } => Ok(skep_engine::compile_worker(&limits)),
        Command::Serve(arguments) => local(serve::serve(arguments), people),
        Command::Doctor(arguments) => {
            let output = Output { json: arguments.json };
            local(doctor::doctor(&arguments, output), output)
        }
        Command::Demo(arguments) => {
            let output = Output { json: arguments.json };
            local(demo::demo(&arguments, output), output)
        }
        Command::Exec(arguments) => local(exec::exec(arguments), people),
        Command::Init(arguments) => {
            let output = Output { json: arguments.json };
            local(init::init(&arguments, output), output)
        }
        Command::Deploy(remote) => ask(remote, deploy::deploy),
        Command::Invoke(remote) => ask(remote, invoke::invoke),
        Command::Run(remote) => ask(remote, run::run),
        Command::Runs(remote) => ask(remote, |own, client, output| runs::runs(&own, client, output)),
        Command::Results(remote) => ask(remote, |own, client, output| runs::results(&own, client, output)),
        Command::Jobs(remote) => ask(remote, jobs::jobs),
        Command::Logs(remote) => ask(remote, |own, client, output| logs::logs(&own, client, output)),
        Command::Cancel(remote) => ask(remote, |own, client, output| moves::cancel(&own, client, output)),
        Command::Restart(remote) => ask(remote, |own, client, output| moves::restart(&own, client, output)),
        Command::Functions(remote) => {
            ask(remote, |own, client, output| functions::functions(&own, client, output))
        }
        Command::Delete(remote) => ask(remote, |own, client, output| delete::delete(&own, client, output)),
        Command::Runtimes(remote) => {
            let output = remote.connection.output();
            local(runtimes::runtimes(remote.own, || remote.connection.client(), output), output)
        }
        Command::Models(remote) => {
            let output = remote.connection.output();
            local(models::models(remote.own, || remote.connection.client(), output), output)
        }
        Command::Usage(remote) => ask(remote, |own, client, output| usage::usage(&own, client, output)),
        Command::Plans(remote) => ask(remote, plans::plans),
        Command::Schedules(remote) => ask(remote, schedules::schedules),
        Command::Webhooks(remote) => ask(remote, webhooks::webhooks),
        Command::Keys(remote) => ask(remote, keys::keys),
        Command::Accounts(remote) => ask(remote, accounts::accounts),
        Command::Wit(remote) => local(wit::wit(&remote.own, || remote.connection.client()), people),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "skep", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Does what a command asks of a server.
fn ask<A: Args>(
    remote: Remote<A>,
    command: impl FnOnce(A, &Client, Output) -> Result<ExitCode, Failure>,
) -> Done {
    let output = remote.connection.output();
    let done = remote.connection.client().and_then(|client| command(remote.own, &client, output));
    done.map_err(|failure| (failure, output))
}

/// The time, in Unix milliseconds.
fn unix_ms() -> u64 {
    crate::clock::since_1970().as_millis() as u64
}

/// A word of the command line as a JSON value: JSON where it is JSON, else a string.
fn json_or_string(word: &str) -> serde_json::Value {
    serde_json::from_str(word).unwrap_or_else(|_| word.into())
}

/// `NAME=VALUE`
fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
