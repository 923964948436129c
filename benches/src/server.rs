//! A server in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use tempfile::TempDir;

/// What tells a bench's executable to be something else.
const ROLE: &str = "SKEP_BENCH_ROLE";

/// Runs `bench`, unless this process was started to be the server or a baseline.
pub fn main(bench: impl FnOnce()) -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("skep") => skep::run(),
        Ok("baseline") => crate::baseline::serve(),
        _ => {
            bench();
            ExitCode::SUCCESS
        }
    }
}

/// A running server, killed when it is dropped.
pub struct Server {
    /// `127.0.0.1:…`
    pub address: String,
    directory: TempDir,
    process: Child,
}

impl Server {
    /// Skep itself, on an empty directory.
    pub fn skep() -> Self {
        Self::start("skep", &["serve", "--listen", "127.0.0.1:0", "--data", "data"])
    }

    /// The baseline: an actix-web handler that awaits one group-committed insert.
    pub fn baseline() -> Self {
        Self::start("baseline", &[])
    }

    fn start(role: &str, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut process = Command::new(std::env::current_exe().expect("this executable"))
            .args(arguments)
            .current_dir(directory.path())
            .env(ROLE, role)
            .env("SKEP_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let line = stdout.lines().next().expect("it says where it listens").expect("text");
        let (_, address) = line.split_once("http://").expect("an address");
        Self { address: address.to_owned(), directory, process }
    }

    /// The admin's key.
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("data/admin.key")).expect("it is there")
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
