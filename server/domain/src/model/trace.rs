//! Which trace something belongs to (W3C Trace Context): from a client, through a request, to its jobs.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A place in a trace: the trace, and the span that others are children of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// The trace's id; not 0.
    pub id: u128,
    /// The span's id; not 0.
    pub span: u64,
}

impl Trace {
    /// The 24 bytes under which it is stored.
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&self.id.to_be_bytes());
        bytes[16..].copy_from_slice(&self.span.to_be_bytes());
        bytes
    }

    /// As a `traceparent` header, version 00, sampled.
    pub fn traceparent(self) -> String {
        format!("00-{:032x}-{:016x}-01", self.id, self.span)
    }

    /// Reads it back.
    pub fn from_bytes(bytes: [u8; 24]) -> Self {
        let (id, span) = bytes.split_at(16);
        let id = id.try_into().map_or(0, u128::from_be_bytes);
        Self { id, span: span.try_into().map_or(0, u64::from_be_bytes) }
    }
}

/// As a `traceparent` header has it, version 00. What is malformed starts a new trace, says the standard.
impl FromStr for Trace {
    type Err = Error;

    fn from_str(header: &str) -> Result<Self> {
        let error = || Error::invalid("this is no traceparent");
        let parts: Vec<&str> = header.split('-').collect();
        let [version, id, span, flags] = parts[..] else { return Err(error()) };
        let hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if version != "00" || !hex(id, 32) || !hex(span, 16) || !hex(flags, 2) {
            return Err(error());
        }
        let id = u128::from_str_radix(id, 16).map_err(|_| error())?;
        let span = u64::from_str_radix(span, 16).map_err(|_| error())?;
        if id == 0 || span == 0 { Err(error()) } else { Ok(Self { id, span }) }
    }
}

/// The trace's id, as logs and answers have it: 32 hex digits.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_the_standard_has_it() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace: Trace = header.parse().expect("the standard's example");
        assert_eq!(trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(Trace::from_bytes(trace.to_bytes()), trace);
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473+-00f067aa0ba902b7-01",
        ] {
            assert!(bad.parse::<Trace>().is_err(), "{bad}");
        }
    }
}
