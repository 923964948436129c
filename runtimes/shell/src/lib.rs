//! The shell runtime: runs scripts of POSIX sh, with the parts of bash that scripts use most, and the tools
//! that stand in them, all in one component of WASI 0.2.
//!
//! There are no processes in a sandbox. So the stages of a pipeline are futures in one thread, pipes are memory
//! ([`stream`]), and a tool is a function ([`tools`]). `brush-core` is not used: its pipes and `$(…)` are pipes of
//! the operating system, which WASI has not.
//!
//! What it does not do: no network, no signals, no users and permissions, no `awk`.

mod builtins;
mod bundle;
mod escapes;
mod evaluate;
mod executor;
mod expand;
#[cfg(target_family = "wasm")]
mod guest;
mod regular;
mod script;
mod shell;
mod stream;
mod syntax;
mod tools;

pub use bundle::{Bundle, File};
pub use script::{Script, check};
