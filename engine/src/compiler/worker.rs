//! The side of the pipe that is the child's: confines itself, then works on what it is given.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use super::{confine, frame, work};

/// Compiles what standard input says, and tells standard output. The arguments are the bytes of memory and
/// the seconds of CPU time that it may use. It ends the process's rights before it reads a byte: no file, no
/// network, no other process.
pub fn compile_worker(arguments: &[String]) -> ExitCode {
    let limits = match arguments {
        [memory, cpu] => memory.parse().ok().zip(cpu.parse().ok()),
        _ => None,
    };
    let Some((memory_bytes_max, cpu_seconds)) = limits else {
        tell("this is what a server starts to compile; it takes the bytes of memory and seconds of CPU time");
        return ExitCode::from(2);
    };
    match confine::confine(memory_bytes_max, cpu_seconds) {
        Ok(missing) => missing.iter().for_each(|wall| tell(wall)),
        Err(error) => {
            tell(&format!("the compiler cannot be confined: {error}"));
            return ExitCode::from(3);
        }
    }
    let worked = frame::read_task(io::stdin().lock()).and_then(|(task, bytes)| {
        let mut out = BufWriter::new(io::stdout().lock());
        frame::write_result(&mut out, &work(task, bytes))?;
        out.flush()
    });
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("the pipe broke: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(what: &str) {
    // The server may be gone.
    let _ = writeln!(io::stderr(), "{what}");
}
