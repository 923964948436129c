//! What a process that compiles may still do: compute, and use the pipes that it has.
//!
//! Three walls. Limits of the kernel on memory, CPU time and files, everywhere; Landlock, which takes away
//! every file and port, where the kernel has it; and a seccomp filter, which leaves only the system calls
//! that computing takes, on the processors that it is written for.

use std::collections::BTreeMap;
use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

/// Naming memory, which allocators do; all else that `prctl` can do is done before.
const PR_SET_VMA: u64 = 0x53564d41;
/// How much the server goes before a compiler, from 0 to 19.
const NICENESS: i32 = 10;

/// Gives up what compiling does not need, and says which walls this machine does not have. The calling process
/// must have one thread.
pub(super) fn confine(memory_bytes_max: u64, cpu_seconds: u64) -> io::Result<Vec<&'static str>> {
    let limit = |resource, most: u64| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).map_err(io::Error::from)
    };
    limit(Resource::Data, memory_bytes_max)?;
    // The soft one has a signal of its own, the hard one does not.
    let cpu = Rlimit { current: Some(cpu_seconds), maximum: Some(cpu_seconds + 1) };
    setrlimit(Resource::Cpu, cpu)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    // A server that is slower for it is all that comes of a failure.
    let _ = rustix::process::nice(NICENESS);
    rustix::thread::set_no_new_privs(true)?;
    let files = forbid_files_and_ports().map_err(io::Error::other)?;
    let calls = forbid_system_calls()?;
    Ok([files, calls].into_iter().flatten().collect())
}

/// Takes away every file, port and other process's socket, as far as this kernel can.
fn forbid_files_and_ports() -> Result<Option<&'static str>, landlock::RulesetError> {
    let newest = ABI::V6;
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?;
    Ok(match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => None,
        RulesetStatus::PartiallyEnforced => Some("Landlock is older here, and lacks ports or signals"),
        RulesetStatus::NotEnforced => Some("Landlock is not there: files are kept off by seccomp alone"),
    })
}

/// System calls that computing and pipes take. All else fails as not permitted.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const SYSTEM_CALLS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    POLL,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_membarrier,
    libc::SYS_getcpu,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

#[cfg(target_arch = "x86_64")]
const POLL: i64 = libc::SYS_poll;
#[cfg(target_arch = "aarch64")]
const POLL: i64 = libc::SYS_ppoll;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn forbid_system_calls() -> io::Result<Option<&'static str>> {
    use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

    let mut allowed: BTreeMap<i64, Vec<SeccompRule>> =
        SYSTEM_CALLS.iter().map(|call| (*call, Vec::new())).collect();
    // Threads, but no processes. What clone3 asks for cannot be looked at: without it, clone is used.
    let threads = libc::CLONE_THREAD as u64;
    let only = |argument, how, value| {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, how, value);
        let rule = condition.and_then(|condition| SeccompRule::new(vec![condition]));
        rule.map(|rule| vec![rule]).map_err(io::Error::other)
    };
    allowed.insert(libc::SYS_clone, only(0, SeccompCmpOp::MaskedEq(threads), threads)?);
    // Memory, but none that is shared, which no limit counts; signals to itself, and its own limits.
    let own = std::process::id();
    allowed.insert(libc::SYS_mmap, only(3, SeccompCmpOp::MaskedEq(libc::MAP_SHARED as u64), 0)?);
    allowed.insert(libc::SYS_tgkill, only(0, SeccompCmpOp::Eq, own.into())?);
    allowed.insert(libc::SYS_prlimit64, only(0, SeccompCmpOp::Eq, 0)?);
    allowed.insert(libc::SYS_prctl, only(0, SeccompCmpOp::Eq, PR_SET_VMA)?);
    allowed.insert(libc::SYS_clone3, Vec::new());
    let arch = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let refused = |error| SeccompAction::Errno(error as u32);
    let filter = |calls, otherwise, then| {
        let filter = SeccompFilter::new(calls, otherwise, then, arch);
        filter.and_then(BpfProgram::try_from).map_err(io::Error::other)
    };
    // A filter of its own for clone3, for another answer: the C library goes on with clone only where clone3 is
    // not there at all.
    let no_clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let no_clone3 = filter(no_clone3, SeccompAction::Allow, refused(libc::ENOSYS))?;
    let only_these = filter(allowed, refused(libc::EPERM), SeccompAction::Allow)?;
    apply_filter_all_threads(&no_clone3).map_err(io::Error::other)?;
    apply_filter_all_threads(&only_these).map_err(io::Error::other)?;
    Ok(None)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn forbid_system_calls() -> io::Result<Option<&'static str>> {
    Ok(Some("there is no filter of system calls for this processor"))
}
