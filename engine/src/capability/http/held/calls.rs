//! The calls that make the host hold something: each is counted, and then done as `wasmtime-wasi-http` does it.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::{Method, Scheme};
use wasmtime_wasi_http::{FieldMap, WasiHttpView, p2, p3};

use super::{BODY_COST, MESSAGE_COST, field, fields};
use crate::runtime::Kind;
use crate::sandbox::Sandbox;

/// Where they are linked: as `wasmtime-wasi-http` names them.
const TYPES_0_2: &str = "wasi:http/types@0.2.12";
const TYPES_0_3: &str = "wasi:http/types@0.3.0";

/// Bytes of a method that is kept as text.
pub(super) fn method(method: &Method) -> usize {
    if let Method::Other(word) = method { word.len() } else { 0 }
}

/// Bytes of a scheme that is kept as text.
pub(super) fn scheme(scheme: &Scheme) -> usize {
    if let Scheme::Other(word) = scheme { word.len() } else { 0 }
}

/// The calls that make or change fields.
macro_rules! count_fields {
    ($instance:ident, $types:path) => {{
        use types::{Host, HostFields};
        use $types as types;
        macro_rules! told {
            ($http:ident, $done:expr) => {
                match $done {
                    Ok(value) => Ok((Ok(value),)),
                    Err(error) => Host::convert_header_error(&mut $http, error).map(|error| (Err(error),)),
                }
            };
        }
        type Entries = Vec<(String, Vec<u8>)>;
        $instance.func_wrap("[constructor]fields", |mut store, ()| {
            let mut http = store.data_mut().hold(MESSAGE_COST)?;
            HostFields::new(&mut http).map(|fields| (fields,))
        })?;
        $instance.func_wrap("[static]fields.from-list", |mut store, (entries,): (Entries,)| {
            let bytes: u64 = entries.iter().map(|(name, value)| field(name, value)).sum();
            let mut http = store.data_mut().hold(MESSAGE_COST + bytes)?;
            told!(http, HostFields::from_list(&mut http, entries))
        })?;
        type Append = (Resource<FieldMap>, String, Vec<u8>);
        $instance.func_wrap("[method]fields.append", |mut store, (fields, name, value): Append| {
            let mut http = store.data_mut().hold(field(&name, &value))?;
            told!(http, HostFields::append(&mut http, fields, name, value))
        })?;
        type Set = (Resource<FieldMap>, String, Vec<Vec<u8>>);
        $instance.func_wrap("[method]fields.set", |mut store, (fields, name, values): Set| {
            let bytes = values.iter().map(|value| field(&name, value)).sum();
            let mut http = store.data_mut().hold(bytes)?;
            told!(http, HostFields::set(&mut http, fields, name, values))
        })?;
        // A copy takes its room once it is changed.
        $instance.func_wrap("[method]fields.clone", |mut store, (of,): (Resource<FieldMap>,)| {
            let bytes = fields(store.data_mut().http().table.get(&of)?);
            let mut http = store.data_mut().hold(bytes)?;
            HostFields::clone(&mut http, of).map(|copy| (copy,))
        })?;
    }};
}

/// The calls that give a request its words.
macro_rules! count_words {
    ($instance:ident, $host:path, $request:ty, $name:literal, $types:path) => {{
        use $host as Requests;
        use $types as types;
        type Word = (Resource<$request>, Option<String>);
        let length = |word: &Option<String>| word.as_ref().map_or(0, String::len) as u64;
        $instance.func_wrap(
            concat!("[method]", $name, ".set-method"),
            |mut store, (request, method): (Resource<$request>, types::Method)| {
                let bytes = if let types::Method::Other(word) = &method { word.len() } else { 0 };
                let mut http = store.data_mut().hold(bytes as u64)?;
                Requests::set_method(&mut http, request, method).map(|done| (done,))
            },
        )?;
        $instance.func_wrap(
            concat!("[method]", $name, ".set-scheme"),
            |mut store, (request, scheme): (Resource<$request>, Option<types::Scheme>)| {
                let bytes = if let Some(types::Scheme::Other(word)) = &scheme { word.len() } else { 0 };
                let mut http = store.data_mut().hold(bytes as u64)?;
                Requests::set_scheme(&mut http, request, scheme).map(|done| (done,))
            },
        )?;
        $instance.func_wrap(
            concat!("[method]", $name, ".set-authority"),
            move |mut store, (request, word): Word| {
                let mut http = store.data_mut().hold(length(&word))?;
                Requests::set_authority(&mut http, request, word).map(|done| (done,))
            },
        )?;
        $instance.func_wrap(
            concat!("[method]", $name, ".set-path-with-query"),
            move |mut store, (request, word): Word| {
                let mut http = store.data_mut().hold(length(&word))?;
                Requests::set_path_with_query(&mut http, request, word).map(|done| (done,))
            },
        )?;
    }};
}

/// Puts the calls that count where `wasi:http` is linked.
pub(crate) fn link(linker: &mut Linker<Sandbox>, kind: Kind) -> wasmtime::Result<()> {
    use p2::bindings::http::types::{HostOutgoingRequest, HostOutgoingResponse};
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES_0_2)?;
    count_fields!(types, p2::bindings::http::types);
    count_words!(
        types,
        HostOutgoingRequest,
        p2::types::HostOutgoingRequest,
        "outgoing-request",
        p2::bindings::http::types
    );
    types.func_wrap(
        "[method]outgoing-request.body",
        |mut store, (request,): (Resource<p2::types::HostOutgoingRequest>,)| {
            let mut http = store.data_mut().hold(BODY_COST)?;
            HostOutgoingRequest::body(&mut http, request).map(|body| (body,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-response.body",
        |mut store, (response,): (Resource<p2::types::HostOutgoingResponse>,)| {
            let mut http = store.data_mut().hold(BODY_COST)?;
            HostOutgoingResponse::body(&mut http, response).map(|body| (body,))
        },
    )?;
    if kind == Kind::Concurrent {
        let mut types = linker.instance(TYPES_0_3)?;
        count_fields!(types, p3::bindings::http::types);
        count_words!(
            types,
            p3::bindings::http::types::HostRequest,
            p3::Request,
            "request",
            p3::bindings::http::types
        );
    }
    linker.allow_shadowing(false);
    Ok(())
}
