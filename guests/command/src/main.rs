//! A command of WASI 0.2 whose first argument chooses what to do; without one it prints `hello`.
//! Every way in which a program touches its host has a verb here. A failure is one line on stderr
//! and exit code 1, a wrong call exit code 2; WASI 0.2 itself tells the host only 0 or 1.

mod files;
mod machine;
mod network;
mod streams;

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::process::{self, ExitCode};

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<ExitCode, Failure> {
    match arguments {
        [] => streams::line("hello")?,
        ["args", rest @ ..] => rest.iter().try_for_each(|argument| streams::line(argument))?,
        ["env"] => environment()?,
        ["cat"] => streams::cat()?,
        ["spam", lines] => streams::spam(lines.parse()?)?,
        ["bytes", hex] => streams::bytes(hex)?,
        ["tick", lines, milliseconds] => streams::tick(lines.parse()?, milliseconds.parse()?)?,
        ["stderr", text] => eprintln!("{text}"),
        ["output", text] => files::output(text)?,
        ["files", directory] => files::list(directory)?,
        ["write", path, text] => files::write(path, text)?,
        ["read", path] => files::read(path)?,
        ["connect", address] => network::connect(address)?,
        ["dial", address] => network::dial(address)?,
        ["sleep", milliseconds] => machine::sleep(milliseconds.parse()?),
        ["clock"] => machine::clock()?,
        ["random"] => machine::random()?,
        ["allocate", mebibytes] => machine::allocate(mebibytes.parse()?)?,
        ["spin"] => machine::spin(),
        ["exit", code] => process::exit(code.parse()?),
        ["panic", text] => panic!("{text}"),
        [verb, ..] => {
            eprintln!("unknown verb or wrong number of arguments: {verb}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn environment() -> Result<(), Failure> {
    let mut variables = BTreeSet::new();
    for (name, value) in env::vars() {
        variables.insert(format!("{name}={value}"));
    }
    for variable in variables {
        streams::line(&variable)?;
    }
    Ok(())
}
