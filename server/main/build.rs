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

/// What cargo says of all crates.
fn metadata(options: &[&str]) -> Option<serde_json::Value> {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets it"));
    cargo.args(["metadata", "--quiet", "--locked", "--format-version", "1"]).args(options);
    serde_json::from_slice(&cargo.output().expect("cargo runs").stdout).ok()
}

/// Where the crate's packages of WIT lie.
fn folder() -> PathBuf {
    // Where nothing was built before, cargo has to get the manifests of crates for other platforms first.
    let metadata =
        metadata(&["--offline"]).or_else(|| metadata(&[])).expect("cargo knows what we are built with");
    let mut packages = metadata["packages"].as_array().expect("there are packages").iter();
    let package = packages.find(|package| package["name"] == CRATE).expect("we are built with it");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    manifest.parent().expect("it lies somewhere").join("wit/deps")
}
