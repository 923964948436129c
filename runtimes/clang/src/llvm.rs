//! LLVM: the other half of this component. Its functions are in the table of this one.

/// Where its functions begin in the table, as `attach` was told.
static mut BASE: usize = 0;

/// Called once, when all halves are there.
#[unsafe(no_mangle)]
extern "C" fn attach(base: usize) {
    // SAFETY: a component has one thread, and this comes before all else.
    unsafe { BASE = base };
}

/// The functions at `BASE`, in this order.
enum Entry {
    /// `run() -> i32`: from main to its end; the exit code.
    Run,
    /// `reset()`: the memory as it was in the beginning.
    Reset,
    /// `read(ours, theirs, length)`: from its memory into ours.
    Read,
    /// `write(theirs, ours, length)`: from ours into its.
    Write,
    /// `resource(ours, offset, length)`: of what travels with the component, into our memory.
    Resource,
}

fn entry(entry: Entry) -> *const () {
    // SAFETY: it was written before any other code ran.
    let base = unsafe { BASE };
    assert!(base > 0, "the halves of this component were put together");
    (base + entry as usize) as *const ()
}

fn copy(with: Entry, to: usize, from: usize, length: usize) {
    // SAFETY: the table has a function of this type there. A wrong address in LLVM's memory traps.
    let copy: extern "C" fn(usize, usize, usize) = unsafe { std::mem::transmute(entry(with)) };
    copy(to, from, length);
}

/// Bytes of LLVM's memory.
pub(crate) fn read(theirs: u32, length: u32) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    copy(Entry::Read, bytes.as_mut_ptr() as usize, theirs as usize, bytes.len());
    bytes
}

/// Writes to LLVM's memory.
pub(crate) fn write(theirs: u32, bytes: &[u8]) {
    copy(Entry::Write, theirs as usize, bytes.as_ptr() as usize, bytes.len());
}

/// A part of what travels with the component.
pub(crate) fn resource(offset: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    copy(Entry::Resource, bytes.as_mut_ptr() as usize, offset, length);
    bytes
}

/// Runs it from its start to its end, as a new process would: its memory is what it was at first. The exit code.
pub(crate) fn run() -> i32 {
    // SAFETY: the table has functions of these types there.
    let reset: extern "C" fn() = unsafe { std::mem::transmute(entry(Entry::Reset)) };
    let run: extern "C" fn() -> i32 = unsafe { std::mem::transmute(entry(Entry::Run)) };
    reset();
    run()
}
