//! `skep exec`: a component here, in the same sandbox, without a server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use skep_engine::{
    Config, Directory, Engine, FailureCode, Filesystem, Grants, Invocation, Limits, Outcome, ShareGroup,
    Stdio,
};

use super::failure::{self, Failure};
use super::output::{Output, printable};
use super::{json_or_string, parse_variable};

#[derive(Args)]
pub(super) struct Arguments {
    /// The component, module or WebAssembly text
    file: PathBuf,
    /// A directory that the guest may use
    #[arg(long = "dir", value_name = "HOST::GUEST", value_parser = parse_directory)]
    directories: Vec<(PathBuf, String)>,
    /// An environment variable for the guest
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = parse_variable)]
    env: Vec<(String, String)>,
    /// The network of this machine, as it is
    #[arg(long)]
    network: bool,
    /// The export to call, where the file is no command
    #[arg(long, value_name = "NAME")]
    export: Option<String>,
    /// Wall time, in milliseconds [default: a day]
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
    /// Bytes of linear memory at most [default: 4 GiB]
    #[arg(long, value_name = "BYTES")]
    memory_bytes_max: Option<u64>,
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        help = "Arguments of a command; of an export, JSON values or plain words. All that follows the file is the guest's"
    )]
    arguments: Vec<String>,
}

/// What a shell shows for a program that was killed: 128 and the signal.
const ABORTED: u8 = 134;
const TIMED_OUT: u8 = 124;

pub(super) fn exec(arguments: Arguments) -> Result<ExitCode, Failure> {
    let bytes = std::fs::read(&arguments.file).map_err(failure::file(&arguments.file))?;
    let engine = Engine::new(&config()).map_err(local)?;
    let program = engine.open(&bytes).map_err(|rejected| Failure::Usage(rejected.0))?;
    let is_command =
        arguments.export.is_none() && program.interface().kinds.contains(&skep_engine::Kind::Command);
    let values: Vec<Value> = match is_command {
        true => arguments.arguments.iter().map(|word| word.as_str().into()).collect(),
        false => arguments.arguments.iter().map(|word| json_or_string(word)).collect(),
    };
    let call = program.call(arguments.export.as_deref(), &values);
    let call = call.map_err(|rejected| Failure::Usage(rejected.0))?;
    let directories = arguments.directories.into_iter().map(|(host, guest)| Directory { host, guest });
    let name =
        arguments.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let timeout = arguments.timeout_ms.map_or(Duration::from_secs(24 * 60 * 60), Duration::from_millis);
    let running = engine.invoke(Invocation {
        program,
        call,
        name,
        env: arguments.env,
        stdio: Stdio::Inherited,
        directories: directories.collect(),
        grants: Arc::new(Grants { network: arguments.network, ..Grants::default() }),
        limits: Limits {
            memory_bytes_max: arguments.memory_bytes_max.unwrap_or(4 << 30),
            timeout,
            cpu: timeout,
            output_bytes_max: u64::MAX,
            log_bytes_max: 0,
            ..Limits::default()
        },
        group: ShareGroup { id: 0, weight: 1 },
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let report =
        runtime.map_err(|error| Failure::Local(error.to_string()))?.block_on(running).map_err(local)?;
    Ok(conclude(report.outcome))
}

/// One guest, with the directories that its user grants.
fn config() -> Config {
    let clock_resolution = Duration::from_nanos(1);
    Config { threads: 1, instances: 1, files: Filesystem::Host, clock_resolution, ..Config::default() }
}

fn conclude(outcome: Outcome) -> ExitCode {
    let output = Output { json: false };
    match outcome {
        Outcome::Finished(_) | Outcome::Wrote(_) | Outcome::Returned(None) | Outcome::Built(_) => {
            ExitCode::SUCCESS
        }
        Outcome::Answered(json) => {
            output.line(&json);
            ExitCode::SUCCESS
        }
        Outcome::Returned(Some(value)) => {
            output.line(&value.to_string());
            ExitCode::SUCCESS
        }
        Outcome::Failed(failure) => {
            if let Some(code) = failure.exit_code {
                // Codes past a byte cannot be passed on; all of them are failures.
                return ExitCode::from(u8::try_from(code).unwrap_or(1));
            }
            output.remark(&format!("skep: the guest failed: {}", printable(&failure.message)));
            failure.backtrace.iter().for_each(|frames| output.remark(&printable(frames)));
            ExitCode::from(match failure.code {
                FailureCode::GuestError => 1,
                FailureCode::Timeout | FailureCode::CpuLimit => TIMED_OUT,
                _ => ABORTED,
            })
        }
    }
}

fn parse_directory(text: &str) -> Result<(PathBuf, String), String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    Ok((PathBuf::from(host), guest.to_owned()))
}

fn local(error: skep_engine::Error) -> Failure {
    Failure::Local(failure::chain(&error))
}
