//! Bodies as promises: chunks that are read, chunks that are written.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::{Ctx, Exception, Function, Promise, Result, TypedArray};
use wasip2::http::types::IncomingBody;
use wasip2::io::streams::{InputStream, StreamError};

use crate::event_loop;

/// Bytes that are read at once.
const CHUNK_BYTES: u64 = 64 << 10;

/// A body that is read, with its stream, which goes first.
struct Reading {
    stream: Option<InputStream>,
    _body: IncomingBody,
}

/// A function that promises the next chunk, and `null` at the end.
pub(super) fn chunks<'js>(ctx: &Ctx<'js>, body: IncomingBody) -> Result<Function<'js>> {
    let stream = body.stream().ok();
    let reading = Rc::new(RefCell::new(Reading { stream, _body: body }));
    Function::new(ctx.clone(), move |ctx: Ctx<'js>| next(&ctx, reading.clone()))
}

fn next<'js>(ctx: &Ctx<'js>, reading: Rc<RefCell<Reading>>) -> Result<Promise<'js>> {
    let (promise, resolve, reject) = ctx.promise()?;
    read(ctx, reading, resolve, reject)?;
    Ok(promise)
}

fn read<'js>(
    ctx: &Ctx<'js>,
    reading: Rc<RefCell<Reading>>,
    resolve: Function<'js>,
    reject: Function<'js>,
) -> Result<()> {
    let chunk = match &reading.borrow().stream {
        None => return resolve.call((rquickjs::Null,)),
        Some(stream) => stream.read(CHUNK_BYTES),
    };
    match chunk {
        Ok(chunk) if chunk.is_empty() => {
            let pollable = reading.borrow().stream.as_ref().map(InputStream::subscribe);
            let Some(pollable) = pollable else { return Ok(()) };
            let again = rquickjs::prelude::MutFn::from(move |ctx: Ctx<'js>| {
                read(&ctx, reading.clone(), resolve.clone(), reject.clone())
            });
            event_loop::when_ready(ctx, pollable, Function::new(ctx.clone(), again)?)
        }
        Ok(chunk) => resolve.call((TypedArray::<u8>::new(ctx.clone(), chunk)?,)),
        Err(StreamError::Closed) => {
            reading.borrow_mut().stream = None;
            resolve.call((rquickjs::Null,))
        }
        Err(StreamError::LastOperationFailed(error)) => {
            reading.borrow_mut().stream = None;
            let message = format!("the body broke off: {}", error.to_debug_string());
            reject.call((Exception::from_message(ctx.clone(), &message)?,))
        }
    }
}
