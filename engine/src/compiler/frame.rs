//! What goes over the pipe: a byte that says what it is, then parts with their lengths.

use std::io::{self, Read, Write};

use super::{Compiled, Done, Task};
use crate::error::Rejected;
use crate::runtime::Kind;

/// Bytes of one part. Machine code is some ten times as long as what it is made of.
const PART_BYTES_MAX: u64 = 512 << 20;

const UPLOAD: u8 = 1;
const COMPONENT: u8 = 2;
const REJECTED: u8 = 3;
const PLAIN: u8 = 4;
const CONCURRENT: u8 = 5;
const MODEL: u8 = 6;
const INSPECTED: u8 = 7;

pub(super) fn write_task(mut to: impl Write, task: Task, bytes: &[u8]) -> io::Result<()> {
    match task {
        Task::Upload | Task::Runtime => to.write_all(&[UPLOAD])?,
        Task::Component => to.write_all(&[COMPONENT])?,
        Task::Model(batching) => {
            to.write_all(&[MODEL])?;
            write_part(&mut to, &serde_json::to_vec(&batching)?)?;
        }
    }
    write_part(to, bytes)
}

pub(super) fn read_task(mut from: impl Read) -> io::Result<(Task, Vec<u8>)> {
    let task = match read_byte(&mut from)? {
        UPLOAD => Task::Upload,
        COMPONENT => Task::Component,
        MODEL => Task::Model(serde_json::from_slice(&read_part(&mut from)?)?),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    Ok((task, read_part(from)?))
}

pub(super) fn write_result(mut to: impl Write, result: &Result<Done, Rejected>) -> io::Result<()> {
    match result {
        Err(Rejected(why)) => {
            to.write_all(&[REJECTED])?;
            write_part(to, why.as_bytes())
        }
        Ok(Done::Inspected(inspected)) => {
            to.write_all(&[INSPECTED])?;
            write_part(&mut to, &serde_json::to_vec(inspected)?)
        }
        Ok(Done::Compiled(Compiled { component, kind, code })) => {
            to.write_all(&[if *kind == Kind::Plain { PLAIN } else { CONCURRENT }])?;
            write_part(&mut to, component.as_deref().unwrap_or_default())?;
            write_part(to, code)
        }
    }
}

pub(super) fn read_result(mut from: impl Read) -> io::Result<Result<Done, Rejected>> {
    let kind = match read_byte(&mut from)? {
        REJECTED => {
            let why = String::from_utf8_lossy(&read_part(from)?).into_owned();
            return Ok(Err(Rejected(why)));
        }
        INSPECTED => {
            return Ok(Ok(Done::Inspected(serde_json::from_slice(&read_part(from)?)?)));
        }
        PLAIN => Kind::Plain,
        CONCURRENT => Kind::Concurrent,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let component = Some(read_part(&mut from)?).filter(|component| !component.is_empty());
    Ok(Ok(Done::Compiled(Compiled { component, kind, code: read_part(from)? })))
}

fn write_part(mut to: impl Write, part: &[u8]) -> io::Result<()> {
    to.write_all(&(part.len() as u64).to_le_bytes())?;
    to.write_all(part)
}

fn read_part(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > PART_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut part = Vec::new();
    from.take(length).read_to_end(&mut part)?;
    if part.len() as u64 == length { Ok(part) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn read_byte(mut from: impl Read) -> io::Result<u8> {
    let mut byte = [0];
    from.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a child says that somebody has taken over: it is read as far as it goes, and takes no more memory than
    /// it has bytes.
    #[test]
    fn an_answer_that_lies_about_its_length_is_an_error() {
        let mut whole = Vec::new();
        let compiled = Compiled { component: Some(vec![1; 10]), kind: Kind::Plain, code: vec![2; 20] };
        let answer = Ok(Done::Compiled(compiled));
        write_result(&mut whole, &answer).expect("a vector takes all");
        for length in 0..whole.len() {
            assert!(read_result(&whole[..length]).is_err(), "{length} bytes of {}", whole.len());
        }
        let read = read_result(&whole[..]).expect("it is whole");
        assert!(matches!(read, Ok(Done::Compiled(compiled)) if compiled.code == [2; 20]));
        for length in [PART_BYTES_MAX, PART_BYTES_MAX + 1, u64::MAX] {
            let lie = [&[PLAIN], &length.to_le_bytes()[..], &[0; 100]].concat();
            assert!(read_result(&lie[..]).is_err(), "{length}");
        }
        assert!(read_result(&[77, 0][..]).is_err() && read_task(&[77, 0][..]).is_err());
    }
}
