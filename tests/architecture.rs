//! The arrows point down: read off the manifests and the `use` lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::harness::repository;

/// What each crate may name of the house.
const CRATES: [(&str, &str, &[&str]); 8] = [
    ("fair", "skep-fair", &[]),
    ("inference", "skep-inference", &["skep-fair"]),
    ("engine", "skep-engine", &["skep-fair", "skep-inference"]),
    ("server/domain", "skep-domain", &[]),
    ("server/store", "skep-store", &["skep-domain"]),
    ("server/api", "skep-api", &["skep-domain"]),
    ("server/main", "skep", &["skep-inference", "skep-engine", "skep-domain", "skep-store", "skep-api"]),
    (
        "benches",
        "skep-benches",
        &["skep-inference", "skep-engine", "skep-domain", "skep-store", "skep-api", "skep"],
    ),
];

/// What each module of a crate may name of its own crate. A folder that is not here is at fault.
const MODULES: [(&str, &str, &[&str]); 11] = [
    ("server/domain/src", "error", &["error"]),
    ("server/domain/src", "model", &["error", "model"]),
    ("server/domain/src", "port", &["error", "model", "port"]),
    ("server/domain/src", "tasks", &["tasks"]),
    ("server/domain/src", "signals", &["error", "signals"]),
    ("server/domain/src", "meter", &["model", "port", "meter"]),
    ("server/domain/src", "model_files", &["error", "model", "port", "model_files"]),
    (
        "server/domain/src",
        "base",
        &["error", "model", "port", "tasks", "signals", "meter", "model_files", "base"],
    ),
    ("server/domain/src", "service", &["error", "model", "port", "tasks", "signals", "base", "service"]),
    (
        "server/domain/src",
        "background",
        &["error", "model", "port", "tasks", "signals", "meter", "base", "background"],
    ),
    ("server/api/src", "shared", &["shared"]),
];

#[test]
fn crates_depend_downwards_only() {
    for (folder, name, allowed) in CRATES {
        let manifest =
            std::fs::read_to_string(repository().join(folder).join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{folder} is {name}");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{folder} takes the workspace's lints");
        let named: BTreeSet<&str> = manifest
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|dependency| dependency.starts_with("skep") && *dependency != name)
            .collect();
        for dependency in named {
            assert!(allowed.contains(&dependency), "{folder} must not depend on {dependency}");
        }
    }
}

#[test]
fn every_crate_of_the_workspace_is_in_the_table() {
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).expect("a manifest");
    let members = manifest.lines().find(|line| line.starts_with("members")).expect("members");
    assert_eq!(members.matches('"').count() / 2, CRATES.len(), "{members}");
    for (folder, ..) in CRATES {
        assert!(members.contains(&format!("\"{folder}\"")), "{folder} is a member");
    }
}

#[test]
fn modules_name_downwards_only() {
    for (source, module, allowed) in MODULES {
        let root = repository().join(source);
        let files = [root.join(format!("{module}.rs"))].into_iter().chain(files_below(&root.join(module)));
        for file in files.filter(|file| file.is_file()) {
            for named in named_modules(&file) {
                assert!(allowed.contains(&named.as_str()), "{} must not name {named}", file.display());
            }
        }
    }
}

#[test]
fn every_module_of_the_domain_is_in_the_table() {
    for entry in std::fs::read_dir(repository().join("server/domain/src")).expect("it is there").flatten() {
        let path = entry.path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let listed =
            MODULES.iter().any(|(source, module, _)| source.starts_with("server/domain") && *module == name);
        assert!(listed || name == "lib", "{name} is in no row of MODULES");
    }
}

#[test]
fn no_dialect_names_another() {
    let root = repository().join("server/api/src");
    // What listens stands above the dialects.
    for folder in folders(&root).into_iter().filter(|folder| !folder.ends_with("front")) {
        let dialect = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in files_below(&folder) {
            for named in named_modules(&file) {
                let allowed = named == "shared" || named == dialect;
                assert!(allowed, "{} must not name {named}", file.display());
            }
        }
    }
}

#[test]
fn files_stay_readable() {
    for (folder, ..) in CRATES {
        for file in files_below(&repository().join(folder)) {
            let lines = std::fs::read_to_string(&file).expect("text").lines().count();
            assert!(lines <= 500, "{} has {lines} lines: split it by responsibility", file.display());
        }
    }
}

/// The first segments after `crate::` in a file.
fn named_modules(file: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).expect("text");
    // What these name could not be read off below.
    for hidden in ["crate::{", "super::super::super"] {
        assert!(!text.contains(hidden), "{} names modules by {hidden}", file.display());
    }
    let ends = |c: char| !c.is_alphanumeric() && c != '_';
    text.match_indices("crate::")
        .filter_map(|(at, found)| text[at + found.len()..].split(ends).next())
        // `use crate::{Error, …}` and the root's own names.
        .filter(|name| name.starts_with(|c: char| c.is_lowercase()))
        .map(str::to_owned)
        .collect()
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir()).collect()
}

fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
