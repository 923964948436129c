//! Runs an untrusted WebAssembly component under limits, and says what became of it.
//!
//! [`Engine::accept`] turns uploaded bytes into a component, [`Engine::compile`] into a [`Program`],
//! [`Program::call`] checks arguments against its types, and [`Engine::invoke`] runs the call in a
//! fresh sandbox on the engine's own threads. A guest's failure is an [`Outcome`], never an
//! [`Error`]: that one means that the host failed.
//!
//! This crate knows no account, no job, no SQL and no REST. It knows an opaque [`ShareGroup`], so
//! that guests of different owners are polled fairly.
#![warn(missing_docs)]

mod accept;
mod cache;
mod capability;
mod compile;
mod compiler;
mod control;
mod error;
mod executor;
mod interface;
mod invoke;
mod lift;
mod limits;
mod meter;
mod outcome;
mod pool;
mod runtime;
mod sandbox;
mod script;
mod values;
mod wit;

pub use capability::grants::{GrantedModel, Grants};
pub use capability::http::{Block, BodyError, EgressRule, HttpBody, Secret};
pub use capability::logs::{LogLine, LogStream};
pub use compile::{Engine, Program};
pub use compiler::{Compiler, Worker, compile_worker};
pub use error::{Error, Rejected};
pub use interface::{Function, Interface, Kind};
pub use invoke::serve::{HttpCall, HttpPlan, Reuse, Serving};
pub use invoke::{Call, Canceller, Directory, Invocation, Running, Stdio};
pub use limits::Limits;
pub use outcome::{DeviceUsage, Failure, FailureCode, Outcome, Report, Usage};
pub use pool::{Config, DISK_BYTES_MAX, Filesystem};
pub use script::{Built, Script, Source, SourceFile};
pub use skep_fair::ShareGroup;
