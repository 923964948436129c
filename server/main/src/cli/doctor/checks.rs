//! The checks, one a function.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use skep_engine::Config;

use crate::config::own_compiler;

/// What was looked at, and what to do about it.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) found: String,
    pub(super) advice: Option<String>,
}

/// Whether it is as it should be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Good,
    /// It works, and could be better.
    Fair,
    /// A server would not do what it promises.
    Problem,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Problem => "problem",
        }
    }
}

/// Since when pages of a guest can be taken back without giving them to the kernel first.
const PAGEMAP_SCAN: (u32, u32) = (6, 7);
/// Files that a server has open when it serves as many connections as it takes.
const FILES_WANTED: u64 = 32_768;
/// Room that a server's disk should have.
const SPACE_WANTED: u64 = 1 << 30;
/// How long writing to the disk may take before it is what a server waits for.
const SYNC_WANTED: Duration = Duration::from_millis(10);
/// How often that is tried; the median counts.
const SYNCS: usize = 15;

pub(super) fn all(data: &Path, instances: u32) -> Vec<Check> {
    vec![guests(instances), compilers(), kernel(), files(), disk(data)]
}

fn check(name: &'static str, state: State, found: String, advice: impl Into<String>) -> Check {
    let advice = (state != State::Good).then(|| advice.into());
    Check { name, state, found, advice }
}

/// How many guests can live at once.
fn guests(wanted: u32) -> Check {
    let possible = Config::instances_possible();
    let state = if possible >= wanted { State::Good } else { State::Problem };
    let found = format!("{possible} at once are possible, {wanted} are wanted");
    let advice = format!(
        "each takes some mappings of memory: sudo sysctl -w vm.max_map_count={}, and the same line in \
         /etc/sysctl.d to keep it; or start the server with --instances {possible}",
        Config::mappings_wanted(wanted)
    );
    check("guests", state, found, advice)
}

/// Whether a compiler can be started, and what it is kept from.
fn compilers() -> Check {
    match own_compiler().missing_walls() {
        Err(why) => check("compilers", State::Problem, why.0, "nothing can be uploaded until this works"),
        Ok(missing) if missing.is_empty() => {
            check("compilers", State::Good, "files, network and other processes are out of reach".into(), "")
        }
        Ok(missing) => check(
            "compilers",
            State::Fair,
            missing.join("; "),
            "a compiler that a stranger takes over could reach more than its pipe: Linux 6.12 or newer has all walls",
        ),
    }
}

fn kernel() -> Check {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let state = if version >= PAGEMAP_SCAN { State::Good } else { State::Fair };
    let (major, minor) = PAGEMAP_SCAN;
    let advice =
        format!("starting a guest takes longer than on Linux {major}.{minor} or newer (PAGEMAP_SCAN)");
    check("kernel", state, format!("Linux {release}"), advice)
}

fn files() -> Check {
    let (most, found) = match getrlimit(Resource::Nofile).maximum {
        None => (u64::MAX, "no limit".to_owned()),
        Some(most) => (most, format!("{most} may be open")),
    };
    let state = if most >= FILES_WANTED { State::Good } else { State::Fair };
    let advice = format!(
        "a connection takes one each: LimitNOFILE={FILES_WANTED} in a unit of systemd, or ulimit -n {FILES_WANTED} in a shell"
    );
    check("files", state, found, advice)
}

/// Where the data will be: whether it can be written, how fast, and how much of it.
fn disk(data: &Path) -> Check {
    // What is not there yet will be made in the nearest that is.
    let directory = data.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let took = match sync_time(directory) {
        Ok(took) => took,
        Err(error) => {
            let found = format!("{} cannot be written: {error}", directory.display());
            let advice = "make room there, make it yours, or name another with --data";
            return check("disk", State::Problem, found, advice);
        }
    };
    let free = rustix::fs::statvfs(directory).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize);
    let found = format!("{} MiB free, {:.1} ms until a write is kept", free >> 20, took.as_secs_f64() * 1e3);
    if free < SPACE_WANTED {
        return check("disk", State::Problem, found, "a server needs a GiB at least");
    }
    let state = if took <= SYNC_WANTED { State::Good } else { State::Fair };
    check(
        "disk",
        state,
        found,
        "what is acknowledged is on disk first: a faster disk makes every call faster",
    )
}

fn sync_time(directory: &Path) -> io::Result<Duration> {
    let path = directory.join(format!(".skep-doctor-{}", std::process::id()));
    let measured = File::create_new(&path).and_then(|mut file| {
        let mut took = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            let began = Instant::now();
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        Ok(took[SYNCS / 2])
    });
    let _ = fs::remove_file(&path);
    measured
}
