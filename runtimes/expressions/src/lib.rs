//! Expressions: evaluates the expr language, and templates with expressions in them, in a component of WASI 0.2.
//!
//! Expressions come from strangers. They run in a sandbox, whose limits of memory and time are the host's, so there
//! are few here. The language is `expr-lang`'s; what it does not read as Go's expr does is spelled in another way
//! before ([`spelling`]).
//!
//! What it does not do: no types are checked before an expression runs, and no name is looked up.

mod evaluate;
mod functions;
#[cfg(target_family = "wasm")]
mod guest;
mod problem;
mod program;
mod request;
mod scope;
mod spelling;
mod template;
mod token;
mod unescape;
mod write;

pub use evaluate::{check, evaluate};
