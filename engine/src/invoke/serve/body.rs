//! A response's body on its way out: it stops its guest when nobody reads it any more, and it does not
//! take a guest's death for the end of what it had to say.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use wasmtime_wasi_http::WasiBody;

use crate::capability::http::BodyError;
use crate::control::{Control, Interrupt};

/// Stops one request's guest, wherever it is; harmless after its end.
#[derive(Clone)]
pub(super) struct Cancel {
    control: Arc<Control>,
    generation: u64,
}

impl Cancel {
    pub(super) fn new(control: Arc<Control>) -> Self {
        let generation = control.generation();
        Self { control, generation }
    }

    pub(super) fn cancel(&self) {
        self.control.interrupt_in(self.generation, Interrupt::Cancel);
    }

    /// Whether the guest of this request has failed. One that serves the next has not.
    fn has_failed(&self) -> bool {
        self.control.generation() == self.generation && self.control.has_failed()
    }
}

/// The body of a response.
pub(super) struct Outgoing {
    inner: WasiBody,
    cancel: Cancel,
    is_over: bool,
    /// Dropped when the body is over or dropped: what a guest of WASI 0.3 is kept alive for.
    over: Option<oneshot::Sender<()>>,
}

impl Outgoing {
    pub(super) fn new(inner: WasiBody, cancel: Cancel, over: Option<oneshot::Sender<()>>) -> Self {
        Self { inner, cancel, is_over: false, over }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(frame) => frame,
        };
        let goes_on = matches!(&frame, Some(Ok(frame)) if !frame.is_trailers());
        if !goes_on {
            self.is_over = true;
            self.over = None;
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(frame)),
            None if !self.cancel.has_failed() => None,
            Some(Err(_)) | None => Some(Err("the function failed before its response was whole".into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if !self.is_over {
            self.cancel.cancel();
        }
    }
}
