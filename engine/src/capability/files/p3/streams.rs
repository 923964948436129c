//! Files and directories as streams of WASI 0.3.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Access as StoreAccess, Destination, FutureReader, Resource, Source, StreamConsumer, StreamProducer,
    StreamReader, StreamResult, VecBuffer,
};
use wasmtime_wasi::p3::bindings::filesystem::types::{Descriptor, DirectoryEntry, ErrorCode, Filesize};

use super::super::handle::{Entries, Opened};
use super::super::tree::READ_BYTES_MAX;
use super::super::{Fault, Scratch};

type End = oneshot::Sender<Result<(), ErrorCode>>;
/// How a stream ended.
pub(super) type Ended = FutureReader<Result<(), ErrorCode>>;

/// Takes a stream into a file, at an offset or at its end.
pub(super) fn write<U>(
    mut store: StoreAccess<'_, U, Scratch>,
    descriptor: &Resource<Descriptor>,
    mut data: StreamReader<u8>,
    offset: Option<Filesize>,
) -> wasmtime::Result<Ended> {
    let (end, ended) = oneshot::channel();
    match store.get().handle(descriptor)?.file(true) {
        Ok(opened) => data.pipe(&mut store, Writing { opened, offset, end: Some(end) })?,
        Err(fault) => {
            data.close(&mut store)?;
            let _ = end.send(Err(fault.into()));
        }
    }
    FutureReader::new(&mut store, ended)
}

/// Gives a directory's entries to a stream, a few at a time.
pub(super) struct Listing(pub(super) Option<Entries>);

/// Entries that are given at once.
const ENTRIES_AT_ONCE: usize = 64;

impl<D> StreamProducer<D> for Listing {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, DirectoryEntry, Self::Buffer>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let room = destination.remaining(&mut store).unwrap_or(ENTRIES_AT_ONCE).min(ENTRIES_AT_ONCE);
        if room == 0 {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let entries = self.0.iter_mut().flatten().take(room);
        let entries = entries.map(|(ty, name)| DirectoryEntry { type_: ty.into(), name });
        let entries: Vec<DirectoryEntry> = entries.collect();
        let result = if entries.is_empty() { StreamResult::Dropped } else { StreamResult::Completed };
        destination.set_buffer(entries.into());
        Poll::Ready(Ok(result))
    }
}

/// Gives a file's bytes to a stream. Dropped early, it has ended well.
pub(super) struct Reading {
    pub(super) opened: Opened,
    pub(super) offset: u64,
    pub(super) end: Option<End>,
}

/// Takes a stream's bytes into a file.
struct Writing {
    opened: Opened,
    offset: Option<u64>,
    end: Option<End>,
}

/// Tells how a stream ended, once.
fn end(sender: &mut Option<End>, end: Result<(), Fault>) {
    if let Some(sender) = sender.take() {
        // Who does not wait for it need not hear it.
        let _ = sender.send(end.map_err(Into::into));
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        end(&mut self.end, Ok(()));
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        end(&mut self.end, Ok(()));
    }
}

impl<D> StreamProducer<D> for Reading {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, u8, Self::Buffer>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let room = destination.remaining(&mut store).unwrap_or(READ_BYTES_MAX);
        if room == 0 {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let result = match self.opened.read(self.offset, room) {
            Ok(bytes) if bytes.is_empty() => {
                end(&mut self.end, Ok(()));
                StreamResult::Dropped
            }
            Ok(bytes) => {
                self.offset += bytes.len() as u64;
                destination.set_buffer(bytes.into());
                StreamResult::Completed
            }
            Err(fault) => {
                end(&mut self.end, Err(fault));
                StreamResult::Dropped
            }
        };
        Poll::Ready(Ok(result))
    }
}

impl<D> StreamConsumer<D> for Writing {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<D>,
        source: Source<u8>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        let bytes = &bytes[..bytes.len().min(READ_BYTES_MAX)];
        let written = match self.offset {
            Some(offset) => self.opened.write(offset, bytes),
            None => self.opened.append(bytes),
        };
        let result = match written {
            Ok(count) => {
                source.mark_read(count);
                self.offset = self.offset.map(|offset| offset + count as u64);
                StreamResult::Completed
            }
            Err(fault) => {
                end(&mut self.end, Err(fault));
                StreamResult::Dropped
            }
        };
        Poll::Ready(Ok(result))
    }
}
