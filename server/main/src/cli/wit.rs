//! `skep wit`

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use skep_engine::Engine;

use super::client::Client;
use super::failure::{self, Failure};
use super::output::Output;

#[derive(Args)]
pub(super) struct Arguments {
    /// A file, or else the name of a function
    file_or_function: String,
}

pub(super) fn wit(
    arguments: &Arguments,
    client: impl FnOnce() -> Result<Client, Failure>,
) -> Result<ExitCode, Failure> {
    let name = &arguments.file_or_function;
    let path = Path::new(name);
    let bytes = if path.is_file() {
        std::fs::read(path).map_err(failure::file(path))?
    } else {
        let client = client()?;
        let function = client.get(&format!("/v1/functions/{name}"))?;
        client
            .get_bytes(&format!("/v1/functions/{name}/versions/{}/component", function["currentVersion"]))?
    };
    let rejected = |rejected: skep_engine::Rejected| Failure::Usage(rejected.0);
    let component = Engine::accept(&bytes).map_err(rejected)?;
    let text = Engine::wit(&component).map_err(rejected)?;
    Output { json: false }.line(text.trim_end());
    Ok(ExitCode::SUCCESS)
}
