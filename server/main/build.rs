//! The WIT of WASI, for making runtimes: that of the crate which this server is built with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The crate that has it.
const CRATE: &str = "wasmtime-wasi-http";

fn main() {
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    let text = fs::read_dir(folder()).expect("the crate has its WIT");
    let mut files: Vec<PathBuf> = text.map(|entry| entry.expect("it is readable").path()).collect();
    files.sort();
    let part = |file: &PathBuf| {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        format!("({name:?}, include_str!({:?})),\n", file.display().to_string())
    };
    let list: String = files.iter().map(part).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("wasi.rs");
    fs::write(out, format!("[\n{list}]")).expect("it can be written");
}

/// Where the crate's packages of WIT lie.
fn folder() -> PathBuf {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets it"));
    let metadata = cargo.args(["metadata", "--quiet", "--offline", "--format-version", "1"]).output();
    let metadata = metadata.expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("it is JSON");
    let mut packages = metadata["packages"].as_array().expect("there are packages").iter();
    let package = packages.find(|package| package["name"] == CRATE).expect("we are built with it");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    manifest.parent().expect("it lies somewhere").join("wit/deps")
}
