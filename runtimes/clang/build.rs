//! What LLVM calls, and what calls it, goes through the table of functions: it is added to it where the two halves
//! are put together.

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--export-table");
    println!("cargo::rustc-link-arg-cdylib=--growable-table");
    println!("cargo::rerun-if-changed=build.rs");
}
