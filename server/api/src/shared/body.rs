//! Bodies: bounded in size and in how long they may stall.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use skep_domain::model::id::Sha256;
use skep_domain::model::limits::Limits;
use skep_domain::model::receipt;
use skep_domain::service::Services;
use skep_domain::{Code, Error, Result};

use super::failure::{Dialect, Failure};

/// Bytes of a form beside its files: the heads of its parts.
const FORM_BYTES: usize = 1 << 20;

/// What a body is read as. The type decides how large it may be.
pub(crate) trait Wire: DeserializeOwned + 'static {
    fn bytes_max(limits: &Limits) -> usize {
        limits.body_bytes_max
    }
}

/// Reads a field that is an object: an array would do for a struct, field by field, which nobody means.
pub(crate) fn object<'de, T: DeserializeOwned, D: Deserializer<'de>>(field: D) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(field)?;
    let text = raw.get();
    if !text.starts_with('{') && text != "null" {
        return Err(D::Error::custom("expected an object"));
    }
    serde_json::from_str(text).map_err(D::Error::custom)
}

/// What JSON takes for space, which is less than ASCII does.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let begin = bytes.iter().position(|byte| !is_space(byte)).unwrap_or(bytes.len());
    &bytes[begin..]
}

/// A body that is still to be read: only once it is known who sends it.
pub(crate) struct Body<D> {
    request: HttpRequest,
    payload: Payload,
    dialect: PhantomData<D>,
}

impl<D: Dialect> FromRequest for Body<D> {
    type Error = Failure<D>;
    type Future = Ready<Result<Self, Failure<D>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take(), dialect: PhantomData }))
    }
}

/// A JSON body, and the request's route, `Idempotency-Key` and hash, if it has such a key.
pub(crate) struct Json<T> {
    pub(crate) value: T,
    pub(super) request: Option<(String, String, Sha256)>,
}

impl<D: Dialect> Body<D> {
    /// Reads a JSON object.
    pub(crate) async fn json<T: Wire>(self) -> Result<Json<T>, Failure<D>> {
        let Self { request, payload, .. } = self;
        let key = idempotency_key(&request)?;
        let bytes = read(&request, payload, T::bytes_max).await?;
        let route = || format!("{} {}", request.method(), request.path());
        let keyed = key.map(|key| (route(), key, Sha256::of(&bytes)));
        // An empty body is an empty object: what is required will say so by name.
        let json = if trimmed(&bytes).is_empty() { b"{}" } else { &*bytes };
        if !trimmed(json).starts_with(b"{") {
            return Err(Error::invalid("the body does not fit: it must be a JSON object").into());
        }
        let value = serde_json::from_slice(json);
        let value = value.map_err(|error| Error::invalid(format!("the body does not fit: {error}")))?;
        Ok(Json { value, request: keyed })
    }

    /// Reads bytes, and what media type they are said to be.
    pub(crate) async fn typed(self) -> Result<(String, Vec<u8>), Failure<D>> {
        let given = self.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let media_type = essence.to_ascii_lowercase();
        let bytes = read(&self.request, self.payload, |limits| limits.body_bytes_max).await?;
        Ok((media_type, bytes))
    }

    /// Reads source: so many bytes as its files may have, and what a form needs around them.
    pub(crate) async fn source(self) -> Result<Vec<u8>, Failure<D>> {
        let bytes_max = |limits: &Limits| limits.source_bytes_max.saturating_add(FORM_BYTES);
        Ok(read(&self.request, self.payload, bytes_max).await?)
    }

    /// Reads bytes, as many as a function may have.
    pub(crate) async fn upload(self) -> Result<Vec<u8>, Failure<D>> {
        Ok(read(&self.request, self.payload, |limits| limits.component_bytes_max).await?)
    }

    /// Reads bytes, as many as a model may have.
    pub(crate) async fn model(self) -> Result<Vec<u8>, Failure<D>> {
        Ok(read(&self.request, self.payload, |limits| limits.model_bytes_max).await?)
    }

    /// Reads bytes, as many as a runtime may have.
    pub(crate) async fn runtime(self) -> Result<Vec<u8>, Failure<D>> {
        Ok(read(&self.request, self.payload, |limits| limits.runtime_bytes_max).await?)
    }
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>> {
    let mut values = request.headers().get_all("Idempotency-Key");
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    receipt::check_key(key)?;
    match values.next() {
        None => Ok(Some(key.to_owned())),
        Some(_) => Err(Error::invalid("Idempotency-Key is given twice")),
    }
}

async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    bytes_max: impl FnOnce(&Limits) -> usize,
) -> Result<Vec<u8>> {
    let services = request.app_data::<web::Data<Services>>();
    let services = services.ok_or_else(|| Error::internal("the services are not there"))?;
    let max = bytes_max(services.limits());
    let stall_ms = services.limits().body_stall_ms;
    if let Some(encoding) = request.headers().get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Error::invalid(
            "bodies are taken as they are: leave out Content-Encoding and send it unpacked",
        ));
    }
    let too_large = || Error::new(Code::TooLarge, format!("the body may have {max} bytes at most"));
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(Duration::from_millis(stall_ms), payload.next()).await;
        let chunk = chunk.map_err(|_| Error::invalid(format!("the body stalled for {stall_ms} ms")))?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        let chunk = chunk.map_err(|error| Error::invalid(format!("the body broke off: {error}")))?;
        if bytes.len() + chunk.len() > max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
}
