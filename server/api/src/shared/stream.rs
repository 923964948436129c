//! Server-sent events (the `text/event-stream` of the HTML standard): what is new is read from the store
//! when there is a signal, or now and then without one, and only once the reader has taken what was before.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Serialize;
use skep_domain::model::account::Caller;
use skep_domain::service::Services;
use skep_domain::signals::Watching;
use skep_domain::{Error, Result};

use super::allowed::{Again, Allowed, Permission};

/// How often it is looked for news without a signal.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often a stream says something, so that nobody between takes it for dead.
const KEEP_ALIVE_LOOKS: u32 = 15;

/// One event.
pub(crate) struct Event {
    text: String,
}

impl Event {
    pub(crate) fn new(name: &str, id: Option<String>, data: &impl Serialize) -> Result<Self> {
        let data = line(data)?;
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        Ok(Self { text: format!("event: {name}\n{id}data: {data}\n\n") })
    }
}

/// A value as JSON on one line. What somebody sent may have line ends, but only between its parts: in a
/// string they are escaped.
pub(crate) fn line(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value).map_err(Error::internal)?;
    Ok(if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text })
}

/// What a stream reads.
pub(crate) trait Source: 'static {
    /// The events since the last call, and whether these were the last.
    fn next(&mut self, caller: &Caller) -> impl Future<Output = Result<(Vec<Event>, bool)>>;
}

/// A source on its way to a reader.
pub(crate) struct Follow<S, P> {
    source: S,
    watching: Watching,
    again: Again<P>,
    services: Services,
    is_over: bool,
    silent_for: u32,
}

impl<S: Source, P: Permission> Follow<S, P> {
    pub(crate) fn new<D>(source: S, watching: Watching, allowed: Allowed<P, D>, services: &Services) -> Self {
        let services = services.clone();
        Self { source, watching, again: Again::of(allowed), services, is_over: false, silent_for: 0 }
    }

    /// The next piece of the stream; none at its end.
    async fn piece(&mut self) -> Option<Bytes> {
        while !self.is_over {
            // A key that is revoked ends its streams too.
            let caller = self.again.caller(&self.services).await.ok()?;
            let (events, is_over) = match self.source.next(&caller).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::info!(error = error.chain(), "a stream breaks off");
                    return None;
                }
            };
            self.is_over = is_over;
            if !events.is_empty() {
                self.silent_for = 0;
                let text: String = events.into_iter().map(|event| event.text).collect();
                return Some(text.into());
            }
            tokio::select! {
                () = self.watching.news() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => self.silent_for += 1,
                // A server that stops does not wait for who only watches.
                () = self.services.base().tasks.stopping() => return None,
            }
            if self.silent_for >= KEEP_ALIVE_LOOKS {
                self.silent_for = 0;
                return Some(Bytes::from_static(b": still here\n\n"));
            }
        }
        None
    }
}

/// The answer that streams a source.
pub(crate) fn events<P: Permission>(follow: Follow<impl Source, P>) -> HttpResponse {
    let pieces = unfold(follow, |mut follow| async move {
        follow.piece().await.map(|piece| (Ok::<_, actix_web::Error>(piece), follow))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .streaming(pieces)
}

/// The id of the last event that a reader has seen, which goes on after it.
pub(crate) fn last_event_id<T>(
    request: &HttpRequest,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(value) = request.headers().get("Last-Event-ID") else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(parse);
    parsed.map(Some).ok_or_else(|| Error::invalid("Last-Event-ID is not one that this stream gave out"))
}
