//! A server in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use tempfile::TempDir;

/// What tells a bench's executable to be something else.
const ROLE: &str = "SKEP_BENCH_ROLE";

/// Runs `bench`, unless this process was started to be the server or a baseline.
pub fn main(bench: impl FnOnce()) -> ExitCode {
    // A server's child that compiles is told by its arguments: it has no environment.
    if std::env::args().nth(1).as_deref() == Some("compile-worker") {
        return skep::run();
    }
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
        Self::skep_in(tempfile::tempdir().expect("a directory"))
    }

    /// Skep on a directory that an earlier life has left.
    pub fn skep_in(directory: TempDir) -> Self {
        Self::start("skep", directory, &["serve", "--listen", "127.0.0.1:0", "--data", "data"])
    }

    /// Ends the process and keeps its directory.
    pub fn end(mut self) -> TempDir {
        let _ = self.process.kill();
        let _ = self.process.wait();
        std::mem::replace(&mut self.directory, tempfile::tempdir().expect("a directory"))
    }

    /// Memory of the process that is in use, in KiB.
    pub fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// The baseline: an actix-web handler that awaits one group-committed insert.
    pub fn baseline() -> Self {
        Self::start("baseline", tempfile::tempdir().expect("a directory"), &[])
    }

    fn start(role: &str, directory: TempDir, arguments: &[&str]) -> Self {
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
