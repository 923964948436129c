//! What the host holds for a guest's HTTP: the fields of its messages, the words of its requests, bodies that
//! wait. It counts as the guest's memory.
//!
//! Each call that makes the host hold more is counted before it is done. What is let go again is seen only when
//! everything that is held is looked through, which happens once enough has been added.

mod calls;

use std::any::Any;

use wasmtime::component::ResourceTable;
use wasmtime::format_err;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingRequest, HostIncomingResponse, HostOutgoingRequest,
    HostOutgoingResponse,
};
use wasmtime_wasi_http::{FieldMap, p3};

pub(super) use self::calls::link;
use super::BODY_CHUNK_BYTES_MAX;
use super::egress::HEAD_BYTES_MAX;
use crate::control::Control;

/// Bytes that may be added before all is looked through again, at least.
const ADDED_BYTES_MAX: u64 = 256 << 10;
/// What a message, or fields, cost beside their text.
const MESSAGE_COST: u64 = 256;
/// What a field costs beside its name and value: its place in the map, and the places that the map has in reserve.
const FIELD_COST: u64 = 240;
/// What a map's place costs, taken or not: a map grows, and never shrinks.
const PLACE_COST: u64 = 120;
/// A body: a chunk that waits and one that is on its way, and trailers.
const BODY_COST: u64 = 2 * BODY_CHUNK_BYTES_MAX as u64 + TRAILERS_BYTES_MAX;
/// Bytes of the trailers of a body that is finished and not sent.
const TRAILERS_BYTES_MAX: u64 = 64 << 10;

/// What is counted as held, and how much of it was added since all was looked through.
#[derive(Default)]
pub(crate) struct Held {
    bytes: u64,
    added: u64,
}

impl Held {
    /// Counts bytes that are about to be held, or says that they are too many.
    pub(crate) fn add(
        &mut self,
        bytes: u64,
        control: &Control,
        table: &mut ResourceTable,
    ) -> wasmtime::Result<()> {
        // In proportion, so that looking through it all costs no more than what was added.
        let added_max = ADDED_BYTES_MAX.max(self.bytes / 2);
        if self.added + bytes > added_max || !control.memory_spare(bytes) {
            let held = table.iter_mut().map(|entry| size(entry)).sum();
            control.memory_shrink(self.bytes);
            (self.bytes, self.added) = (0, 0);
            if !control.memory_grow(held + bytes) {
                return Err(format_err!("what the host holds for its HTTP is more memory than it may use"));
            }
            self.bytes = held;
        }
        self.bytes += bytes;
        self.added += bytes;
        Ok(())
    }

    /// Counts bytes that will be held, where nothing can be looked through, or says that they are too many.
    pub(super) fn reserve(&mut self, bytes: u64, control: &Control) -> bool {
        let granted = control.memory_spare(bytes);
        if granted {
            self.bytes += bytes;
            self.added += bytes;
        }
        granted
    }
}

/// Bytes that an entry of the table holds, as far as it is HTTP's.
fn size(entry: &(dyn Any + Send)) -> u64 {
    let words = |words: [Option<usize>; 4]| words.into_iter().flatten().sum::<usize>() as u64;
    if let Some(map) = entry.downcast_ref::<FieldMap>() {
        fields(map)
    } else if let Some(request) = entry.downcast_ref::<HostOutgoingRequest>() {
        let (method, scheme) = (calls::method(&request.method), request.scheme.as_ref().map(calls::scheme));
        let [authority, path] =
            [&request.authority, &request.path_with_query].map(|word| word.as_ref().map(String::len));
        let body = body(request.body.is_some());
        fields(&request.headers) + body + words([Some(method), scheme, authority, path])
    } else if let Some(request) = entry.downcast_ref::<p3::Request>() {
        let scheme = request.scheme.as_ref().map(|scheme| scheme.as_str().len());
        let authority = request.authority.as_ref().map(|authority| authority.as_str().len());
        let path = request.path_with_query.as_ref().map(|path| path.as_str().len());
        fields(&request.headers) + words([Some(request.method.as_str().len()), scheme, authority, path])
    } else if let Some(response) = entry.downcast_ref::<p3::Response>() {
        fields(&response.headers)
    } else if let Some(response) = entry.downcast_ref::<HostOutgoingResponse>() {
        fields(&response.headers) + body(response.body.is_some())
    } else if let Some(response) = entry.downcast_ref::<HostIncomingResponse>() {
        fields(&response.headers)
    } else if entry.is::<HostOutgoingBody>() {
        // Its request may be on its way, and what waits is here.
        BODY_COST
    } else if entry.is::<HostFutureIncomingResponse>() || entry.is::<HostIncomingRequest>() {
        HEAD_BYTES_MAX as u64
    } else {
        0
    }
}

/// What a body holds that was begun, also when nobody writes it any more.
fn body(is_begun: bool) -> u64 {
    if is_begun { BODY_COST } else { 0 }
}

fn fields(map: &FieldMap) -> u64 {
    let text: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    // Of a name's values, the second and those after it lie apart.
    let places = (map.capacity() + 2 * (map.len() - map.keys_len())) as u64;
    MESSAGE_COST + places * PLACE_COST + text as u64
}

fn field(name: &str, value: &[u8]) -> u64 {
    (name.len() + value.len()) as u64 + FIELD_COST
}
