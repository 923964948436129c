//! Which stream each descriptor is.

use std::rc::Rc;

use crate::stream::Stream;

/// Descriptors that a shell can have.
pub(crate) const DESCRIPTORS_MAX: u32 = 256;

#[derive(Clone, Default)]
pub(crate) struct Descriptors {
    streams: Rc<Vec<Option<Stream>>>,
}

impl Descriptors {
    pub(crate) fn new(input: Stream, output: Stream, error: Stream) -> Self {
        Self { streams: Rc::new(vec![Some(input), Some(output), Some(error)]) }
    }

    pub(crate) fn get(&self, number: u32) -> Option<Stream> {
        self.streams.get(number as usize)?.clone()
    }

    /// An error if there can be no such descriptor.
    pub(crate) fn set(&mut self, number: u32, stream: Option<Stream>) -> Result<(), String> {
        if number >= DESCRIPTORS_MAX {
            return Err(format!("{number}: bad file descriptor"));
        }
        let streams = Rc::make_mut(&mut self.streams);
        let index = number as usize;
        if streams.len() <= index {
            streams.resize(index + 1, None);
        }
        streams[index] = stream;
        Ok(())
    }
}
