//! Files and directories that the host has opened for the guest.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::{env, fs};

use crate::{Failure, streams};

/// Writes to the file that the host named for the output of the job.
pub(crate) fn output(text: &str) -> Result<(), Failure> {
    let path = env::var("SKEP_OUTPUT").map_err(|error| format!("SKEP_OUTPUT: {error}"))?;
    write(&path, text)
}

/// The names in a directory by alphabet, directories with a slash behind.
pub(crate) fn list(directory: &str) -> Result<(), Failure> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(|error| format!("{directory}: {error}"))? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.insert(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    for name in names {
        streams::line(&name)?;
    }
    Ok(())
}

pub(crate) fn write(path: &str, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| format!("{path}: {error}").into())
}

pub(crate) fn read(path: &str) -> Result<(), Failure> {
    let content = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&content)?;
    Ok(stdout.flush()?)
}
