//! WASI 0.2 and 0.3 for a guest: arguments, environment, standard streams, clocks and random
//! numbers. No network; of the host's files only the directories that the invocation grants.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use super::clocks::Coarse;
use super::http::Secrets;
use super::logs::{Capture, LogStream, Writer};
use crate::error::Error;
use crate::invoke::{Directory, Invocation, Stdio};
use crate::limits::Limits;
use crate::runtime::Kind;
use crate::sandbox::Sandbox;

/// Links what WASI has; an interface that is linked grants nothing by itself.
pub(crate) fn link(linker: &mut Linker<Sandbox>, kind: Kind) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    match kind {
        Kind::Plain => Ok(()),
        Kind::Concurrent => wasmtime_wasi::p3::add_to_linker(linker),
    }
}

/// What one guest is given.
pub(crate) struct Given<'a> {
    /// A command's own name and its arguments.
    arguments: Option<(&'a str, &'a [String])>,
    /// Where a command may leave its result, and where it may say how far it is.
    told: Option<(&'a str, &'a str)>,
    env: &'a [(String, String)],
    stdio: &'a Stdio,
    directories: &'a [Directory],
    network: bool,
    limits: &'a Limits,
}

impl<'a> Given<'a> {
    /// An environment and standard streams.
    pub(crate) fn new(env: &'a [(String, String)], stdio: &'a Stdio, limits: &'a Limits) -> Self {
        Self { arguments: None, told: None, env, stdio, directories: &[], network: false, limits }
    }

    /// All that a call has.
    pub(crate) fn of(invocation: &'a Invocation) -> Self {
        let Invocation { call, name, env, stdio, directories, limits, grants, .. } = invocation;
        let is_captured = matches!(stdio, Stdio::Captured { .. });
        let arguments = call.arguments().map(|arguments| (name.as_str(), arguments));
        let told = || (invocation.output_file(), invocation.progress_file());
        let told = (is_captured && arguments.is_some()).then(told);
        Self { arguments, told, env, stdio, directories, network: grants.network, limits }
    }
}

/// One guest's context.
pub(crate) fn context(
    given: &Given<'_>,
    secrets: &Secrets,
    capture: &Arc<Capture>,
    clock_resolution: Duration,
) -> Result<WasiCtx, Error> {
    Ok(builder(given, secrets, capture, clock_resolution)?.build())
}

/// The same for a module of preview1.
pub(crate) fn preview1(
    given: &Given<'_>,
    secrets: &Secrets,
    capture: &Arc<Capture>,
    clock_resolution: Duration,
) -> Result<WasiP1Ctx, Error> {
    Ok(builder(given, secrets, capture, clock_resolution)?.build_p1())
}

fn builder(
    given: &Given<'_>,
    secrets: &Secrets,
    capture: &Arc<Capture>,
    clock_resolution: Duration,
) -> Result<WasiCtxBuilder, Error> {
    let mut builder = WasiCtxBuilder::new();
    builder.wall_clock(Coarse::new(clock_resolution)).monotonic_clock(Coarse::new(clock_resolution));
    builder.max_random_size(given.limits.random_bytes_max).allow_tcp(given.network).allow_udp(given.network);
    if given.network {
        builder.inherit_network().allow_ip_name_lookup(true);
    }
    if let Some((name, arguments)) = given.arguments {
        builder.arg(name).args(arguments);
    }
    if let Some((output, progress)) = given.told {
        builder.env(Invocation::OUTPUT, output).env(Invocation::PROGRESS, progress);
    }
    builder.envs(given.env);
    for (name, placeholder) in secrets.variables() {
        builder.env(name, placeholder);
    }
    match given.stdio {
        Stdio::Captured { stdin } => {
            let writer = |stream| Writer { capture: capture.clone(), stream };
            if !stdin.is_empty() {
                builder.stdin(MemoryInputPipe::new(stdin.clone()));
            }
            builder.stdout(writer(LogStream::Stdout)).stderr(writer(LogStream::Stderr));
        }
        Stdio::Inherited => {
            builder.inherit_stdio();
        }
    }
    for directory in given.directories {
        builder
            .preopened_dir(&directory.host, &directory.guest, FsPerms::ReadWrite)
            .map_err(Error::runtime("opening a granted directory"))?;
    }
    Ok(builder)
}
