//! The command line: tables for people, `--json` for programs.
//!
//! Exit codes: 0 it went well · 1 the job or run did not end well · 2 wrong usage · 3 the server
//! said no · 4 the server cannot be reached. `exec` exits as its guest does.

mod client;
mod demo;
mod deploy;
mod exec;
mod failure;
mod functions;
mod invoke;
mod jobs;
mod logs;
mod moves;
mod output;
mod run;
mod serve;
mod show;
mod wit;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::client::Client;
use self::failure::Failure;
use self::output::Output;

/// Runs other people's code, each call in its own WebAssembly sandbox.
#[derive(Parser)]
#[command(name = "skep", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Global {
    /// The server
    #[arg(
        long,
        global = true,
        env = "SKEP_URL",
        default_value = "http://127.0.0.1:7070",
        value_name = "URL"
    )]
    url: String,
    /// The key; where it is not given, the one that a server left in ./skep-data/admin.key
    #[arg(long, global = true, env = "SKEP_TOKEN", hide_env_values = true, value_name = "KEY")]
    token: Option<String>,
    /// Print JSON instead of tables
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Start a server
    Serve(serve::Arguments),
    /// Show what Skep does: a server, three functions, a run of 1,000 jobs
    Demo(demo::Arguments),
    /// Run a component here, in the same sandbox, without a server
    Exec(exec::Arguments),
    /// Upload a function
    Deploy(deploy::Arguments),
    /// Call a function and wait for its result
    Invoke(invoke::Arguments),
    /// Submit a run: one job for each tuple of arguments
    Run(run::Arguments),
    /// List jobs, or show one
    Jobs(jobs::Arguments),
    /// Show what a job wrote
    Logs(logs::Arguments),
    /// Cancel a job or a run
    Cancel(moves::Arguments),
    /// Run a job again that did not succeed
    Restart(moves::Arguments),
    /// List functions, or show one
    Functions(functions::Arguments),
    /// Show the WIT of a component file or of a function
    Wit(wit::Arguments),
}

/// Reads the command line, does what it says, and returns the exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.global.json };
    match dispatch(cli, output) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

fn dispatch(cli: Cli, output: Output) -> Result<ExitCode, Failure> {
    let client = || Client::new(&cli.global.url, cli.global.token.clone());
    match cli.command {
        Command::Serve(arguments) => serve::serve(arguments),
        Command::Demo(arguments) => demo::demo(arguments, output),
        Command::Exec(arguments) => exec::exec(arguments),
        Command::Deploy(arguments) => deploy::deploy(arguments, &client()?, output),
        Command::Invoke(arguments) => invoke::invoke(arguments, &client()?, output),
        Command::Run(arguments) => run::run(arguments, &client()?, output),
        Command::Jobs(arguments) => jobs::jobs(arguments, &client()?, output),
        Command::Logs(arguments) => logs::logs(&arguments, &client()?, output),
        Command::Cancel(arguments) => moves::cancel(&arguments, &client()?, output),
        Command::Restart(arguments) => moves::restart(&arguments, &client()?, output),
        Command::Functions(arguments) => functions::functions(&arguments, &client()?, output),
        Command::Wit(arguments) => wit::wit(&arguments, client),
    }
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
