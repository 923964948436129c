//! Stdin and stdout. A write that the host refuses is a failure, where `println!` would panic.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Failure;

pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

pub(crate) fn cat() -> Result<(), Failure> {
    io::copy(&mut io::stdin().lock(), &mut io::stdout().lock())?;
    Ok(io::stdout().flush()?)
}

/// `line 0`, `line 1` and so on, through a buffer: the point is how much, not how many writes.
pub(crate) fn spam(lines: u64) -> Result<(), Failure> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    for number in 0..lines {
        writeln!(stdout, "line {number}")?;
    }
    Ok(stdout.flush()?)
}

/// Bytes that need not be text, from pairs of hexadecimal digits.
pub(crate) fn bytes(hex: &str) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    for pair in hex.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(str::from_utf8(pair)?, 16)?);
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&bytes)?;
    Ok(stdout.flush()?)
}

/// Writes a line with the time, so many times, and sleeps after each.
pub(crate) fn tick(lines: u64, milliseconds: u64) -> Result<(), Failure> {
    for number in 0..lines {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        line(&format!("{number} {now}"))?;
        thread::sleep(Duration::from_millis(milliseconds));
    }
    Ok(())
}
