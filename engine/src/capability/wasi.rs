//! WASI 0.2 and 0.3 for a guest: arguments, environment, standard streams, clocks and random
//! numbers. No network; of the host's files only the directories that the invocation grants.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use super::logs::{Capture, LogStream, Writer};
use crate::error::Error;
use crate::invoke::{Invocation, Stdio};
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

/// One guest's context.
pub(crate) fn context(invocation: &Invocation, capture: &Arc<Capture>) -> Result<WasiCtx, Error> {
    let mut builder = WasiCtxBuilder::new();
    builder.max_random_size(invocation.limits.random_bytes_max).allow_tcp(false).allow_udp(false);
    if let Some(arguments) = invocation.call.arguments() {
        builder.arg(&invocation.name).args(arguments);
        if let Stdio::Captured { .. } = invocation.stdio {
            builder.env(Invocation::OUTPUT, invocation.output_file());
        }
    }
    builder.envs(&invocation.env);
    match &invocation.stdio {
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
    for directory in &invocation.directories {
        builder
            .preopened_dir(&directory.host, &directory.guest, FsPerms::ReadWrite)
            .map_err(Error::runtime("opening a granted directory"))?;
    }
    Ok(builder.build())
}
