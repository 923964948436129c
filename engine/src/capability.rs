//! What a guest can reach outside its own memory: one capability a file, each denied by default.

pub(crate) mod clocks;
pub(crate) mod files;
pub(crate) mod grants;
pub(crate) mod http;
pub(crate) mod logs;
pub(crate) mod nn;
pub(crate) mod wasi;
