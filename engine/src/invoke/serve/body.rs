//! A response's body on its way out: it stops its guest when nobody reads it any more, and it does not
//! take a guest's death for the end of what it had to say.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use wasmtime_wasi_http::{Error, WasiBody};

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
}

impl Outgoing {
    pub(super) fn new(inner: WasiBody, cancel: Cancel) -> Self {
        Self { inner, cancel, is_over: false }
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
        self.is_over = !goes_on;
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
        if !self.is_over && !self.inner.is_end_stream() {
            self.cancel.cancel();
        }
    }
}

/// Frames on their way from a guest's thread, and then nothing, which is the end. Without that it broke off.
pub(super) struct Frames(pub(super) mpsc::Receiver<Option<Result<Frame<Bytes>, Error>>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = self.0.poll_recv(context);
        frame.map(|frame| frame.unwrap_or(Some(Err(Error::ConnectionTerminated))))
    }
}
