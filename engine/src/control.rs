//! What the outside and the inside of a running guest share: its interruption and its meters.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use skep_inference::DeviceKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::capability::nn::Inferred;
use crate::limits::Limits;
use crate::meter;
use crate::outcome::{FailureCode, Usage};

/// One running guest, as its limits see it. An instance that serves several requests has one control for
/// all of them, which begins anew with each.
pub(crate) struct Control {
    pub(crate) limits: Limits,
    /// Which of its requests this is, and in the lowest byte why it is interrupted, if it is.
    interrupt: AtomicU64,
    waker: Mutex<Option<Waker>>,
    /// For whoever waits before the guest has begun.
    interrupted: tokio::sync::Notify,
    /// When it was made: what times are counted from.
    made: Instant,
    /// When the first instruction ran, in nanoseconds from then and one more; 0 before.
    started_nanos: AtomicU64,
    failed: AtomicBool,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    /// Connections that it may have at once; most guests have none.
    connections: OnceLock<Arc<Semaphore>>,
    cpu_nanos: AtomicU64,
    /// The thread's CPU clock when the present turn began.
    turn_began_nanos: AtomicU64,
    memory: Mutex<Memory>,
    inferred: Mutex<Inferred>,
}

/// The instance's memory now, at its peak, and over time.
#[derive(Default)]
struct Memory {
    bytes: u64,
    peak_bytes: u64,
    refused: bool,
    /// Bytes × nanoseconds until `since_nanos` after the start.
    integral: u128,
    since_nanos: u64,
}

/// What stands for a time that cannot be reached: thirty years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Bits of the reason of an interruption.
const REASON_BITS: u32 = 8;

/// Why a guest is stopped from outside. The first reason stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Interrupt {
    Timeout = 1,
    Cpu = 2,
    Cancel = 3,
}

impl Interrupt {
    pub(crate) fn code(self) -> FailureCode {
        match self {
            Self::Timeout => FailureCode::Timeout,
            Self::Cpu => FailureCode::CpuLimit,
            Self::Cancel => FailureCode::Cancelled,
        }
    }
}

impl Control {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            interrupt: AtomicU64::new(0),
            waker: Mutex::default(),
            interrupted: tokio::sync::Notify::new(),
            made: Instant::now(),
            started_nanos: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            sent_bytes: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            connections: OnceLock::new(),
            cpu_nanos: AtomicU64::new(0),
            turn_began_nanos: AtomicU64::new(0),
            memory: Mutex::default(),
            inferred: Mutex::default(),
        }
    }

    /// Begins anew, for the next request of the same instance: no time has passed, and whoever held a
    /// handle on the last request has none on this one.
    pub(crate) fn renew(&self) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.interrupt.store((self.generation() + 1) << REASON_BITS, Relaxed);
        self.started_nanos.store(0, Relaxed);
        self.cpu_nanos.store(0, Relaxed);
        self.failed.store(false, Relaxed);
        self.sent_bytes.store(0, Relaxed);
        self.received_bytes.store(0, Relaxed);
        *self.inferred() = Inferred::default();
        let mut memory = self.memory();
        *memory = Memory { bytes: memory.bytes, peak_bytes: memory.bytes, ..Memory::default() };
    }

    /// Which of its requests this is.
    pub(crate) fn generation(&self) -> u64 {
        self.interrupt.load(Relaxed) >> REASON_BITS
    }

    /// Stops the guest at its next epoch, or at once if it waits for the host.
    pub(crate) fn interrupt(&self, why: Interrupt) {
        self.interrupt_in(self.generation(), why);
    }

    /// Stops the guest if it still serves that request.
    pub(crate) fn interrupt_in(&self, generation: u64, why: Interrupt) {
        let running = generation << REASON_BITS;
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interrupt.compare_exchange(running, running | why as u64, Relaxed, Relaxed).is_err() {
            // It is interrupted already, or serves another request.
            return;
        }
        let waker = waker.take();
        self.interrupted.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until the guest is interrupted.
    pub(crate) async fn interruption(&self) {
        if self.interrupted().is_none() {
            self.interrupted.notified().await;
        }
    }

    pub(crate) fn interrupted(&self) -> Option<Interrupt> {
        match self.interrupt.load(Relaxed) & ((1 << REASON_BITS) - 1) {
            0 => None,
            1 => Some(Interrupt::Timeout),
            2 => Some(Interrupt::Cpu),
            _ => Some(Interrupt::Cancel),
        }
    }

    /// Marks it as one that did not end well, for whoever still reads what it sends.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Relaxed);
    }

    /// Whether it did not end well, or is not to.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed) || self.interrupted().is_some()
    }

    /// Whom to wake when the guest is interrupted while it waits.
    pub(crate) fn wake_on_interrupt(&self, waker: &Waker) {
        let mut slot = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Some(known) => known.clone_from(waker),
            None => *slot = Some(waker.clone()),
        }
    }

    /// Begins a turn on this thread; the first one starts the guest's wall clock.
    pub(crate) fn turn_begin(&self) {
        if self.started_nanos.load(Relaxed) == 0 {
            self.started_nanos.store(nanos(self.made.elapsed()) + 1, Relaxed);
        }
        self.turn_began_nanos.store(meter::turn_begin(), Relaxed);
    }

    /// Ends the turn and returns the CPU time that it took, in nanoseconds.
    pub(crate) fn turn_end(&self) -> u64 {
        let took = meter::turn_end().saturating_sub(self.turn_began_nanos.load(Relaxed));
        self.cpu_nanos.fetch_add(took, Relaxed);
        took
    }

    fn turn_nanos(&self) -> u64 {
        meter::now().saturating_sub(self.turn_began_nanos.load(Relaxed))
    }

    /// Marks the guest for interruption if it is past its wall or CPU time. Called during a turn.
    pub(crate) fn check_clocks(&self) {
        if self.elapsed() >= self.limits.timeout {
            self.interrupt(Interrupt::Timeout);
        } else if self.cpu_nanos.load(Relaxed) + self.turn_nanos() > nanos(self.limits.cpu) {
            self.interrupt(Interrupt::Cpu);
        }
    }

    /// CPU time that is left to it. Asked during a turn.
    pub(crate) fn cpu_left(&self) -> Duration {
        let used = self.cpu_nanos.load(Relaxed) + self.turn_nanos();
        self.limits.cpu.saturating_sub(Duration::from_nanos(used))
    }

    /// Counts CPU time that other threads have spent for it.
    pub(crate) fn spend_cpu(&self, nanos: u64) {
        self.cpu_nanos.fetch_add(nanos, Relaxed);
    }

    /// What inference took for it so far.
    pub(crate) fn inferred(&self) -> MutexGuard<'_, Inferred> {
        self.inferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the guest's wall time is up.
    pub(crate) fn deadline(&self) -> Instant {
        let started = self.made + Duration::from_nanos(self.started_nanos.load(Relaxed));
        started.checked_add(self.limits.timeout).unwrap_or(started + FAR)
    }

    fn elapsed(&self) -> Duration {
        match self.started_nanos.load(Relaxed) {
            0 => Duration::ZERO,
            started => self.made.elapsed().saturating_sub(Duration::from_nanos(started - 1)),
        }
    }

    /// Counts bytes that it sent over the network. Says no once they are too many.
    pub(crate) fn sent(&self, bytes: u64) -> bool {
        self.sent_bytes.fetch_add(bytes, Relaxed).saturating_add(bytes) <= self.limits.egress_bytes_max
    }

    /// Counts bytes that it was sent over the network. Says no once they are too many.
    pub(crate) fn received(&self, bytes: u64) -> bool {
        self.received_bytes.fetch_add(bytes, Relaxed).saturating_add(bytes) <= self.limits.ingress_bytes_max
    }

    /// A place for one more connection, if there is one.
    pub(crate) fn connect(&self) -> Option<OwnedSemaphorePermit> {
        let places = || Arc::new(Semaphore::new(self.limits.connections_max as usize));
        self.connections.get_or_init(places).clone().try_acquire_owned().ok()
    }

    /// Lets a memory or a table grow by `more` bytes, or says no.
    pub(crate) fn memory_grow(&self, more: u64) -> bool {
        let granted = self.memory_spare(more);
        if !granted {
            self.memory_refuse();
        }
        granted
    }

    /// Notes that the guest was refused memory: that is what it may die of.
    pub(crate) fn memory_refuse(&self) {
        self.memory().refused = true;
    }

    /// Lets the host take `more` bytes for the guest, or says no: then the guest is told in another way
    /// than by a growth that fails.
    pub(crate) fn memory_spare(&self, more: u64) -> bool {
        let elapsed = nanos(self.elapsed());
        let mut memory = self.memory();
        if memory.bytes.saturating_add(more) > self.limits.memory_bytes_max {
            return false;
        }
        memory.advance(elapsed);
        memory.bytes += more;
        memory.peak_bytes = memory.peak_bytes.max(memory.bytes);
        true
    }

    /// Takes back what [`Control::memory_spare`] gave.
    pub(crate) fn memory_shrink(&self, less: u64) {
        let elapsed = nanos(self.elapsed());
        let mut memory = self.memory();
        memory.advance(elapsed);
        memory.bytes = memory.bytes.saturating_sub(less);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the guest was ever refused memory.
    pub(crate) fn memory_refused(&self) -> bool {
        self.memory().refused
    }

    pub(crate) fn usage(&self, log_bytes: u64) -> Usage {
        let wall_nanos = nanos(self.elapsed());
        let mut memory = self.memory();
        memory.advance(wall_nanos);
        Usage {
            cpu_nanos: self.cpu_nanos.load(Relaxed),
            wall_nanos,
            memory_peak_bytes: memory.peak_bytes,
            memory_byte_seconds: u64::try_from(memory.integral / 1_000_000_000).unwrap_or(u64::MAX),
            egress_bytes: self.sent_bytes.load(Relaxed),
            device_nanos: self.inferred().nanos_of(DeviceKind::Gpu),
            log_bytes,
        }
    }
}

impl Memory {
    fn advance(&mut self, elapsed_nanos: u64) {
        let passed = elapsed_nanos.saturating_sub(self.since_nanos);
        self.integral += u128::from(self.bytes) * u128::from(passed);
        self.since_nanos = elapsed_nanos.max(self.since_nanos);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
