//! Requests that scripts answer.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::prelude::Opt;
use rquickjs::{Ctx, Exception, Function, Object, Promise, Result, TypedArray, Value};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::OutputStream;

use super::outgoing::WRITE_BYTES;
use super::streams;
use crate::exports::skep::runtime::guest::Failure;
use crate::failure::{caught, plain};
use crate::globals::bytes::copied;
use crate::{JavaScript, event_loop, machine};

impl Guest for JavaScript {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let answer = Rc::new(RefCell::new(Answer { out: Some(out), body: None }));
        let served = machine::with_loaded(|main| serve(main, request, &answer));
        if let Err(failure) = served {
            eprintln!("{}", failure.message);
            failure.trace.iter().for_each(|trace| eprintln!("{trace}"));
            let broken_off = answer.borrow_mut().fail(failure.message);
            // Nobody but the host can say any more that it went wrong.
            if broken_off {
                panic!("the answer broke off");
            }
        }
    }
}

/// Where an answer goes.
struct Answer {
    out: Option<ResponseOutparam>,
    body: Option<(OutputStream, OutgoingBody)>,
}

impl Answer {
    /// Sends the head.
    fn begin(&mut self, status: u16, headers: &[Vec<String>]) -> std::result::Result<(), String> {
        let out = self.out.take().ok_or("the answer has begun already")?;
        let pairs: Vec<(String, Vec<u8>)> = headers
            .iter()
            .filter_map(|pair| Some((pair.first()?.clone(), pair.get(1)?.clone().into_bytes())))
            .collect();
        let made = Fields::from_list(&pairs).map_err(|error| format!("a header cannot be sent: {error:?}"));
        let response = match made {
            Ok(fields) => OutgoingResponse::new(fields),
            Err(why) => {
                self.out = Some(out);
                return Err(why);
            }
        };
        let begun = response.set_status_code(status).and_then(|()| response.body());
        let body = begun.map_err(|()| "the answer has no body")?;
        ResponseOutparam::set(out, Ok(response));
        self.body = body.write().ok().map(|stream| (stream, body));
        Ok(())
    }

    /// Sends a part of the body.
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), String> {
        let Some((stream, _)) = &self.body else { return Err("the answer has ended".into()) };
        let mut chunks = bytes.chunks(WRITE_BYTES);
        chunks
            .try_for_each(|chunk| stream.blocking_write_and_flush(chunk))
            .map_err(|error| format!("{error:?}"))
    }

    fn end(&mut self) {
        if let Some((stream, body)) = self.body.take() {
            drop(stream);
            let _ = OutgoingBody::finish(body, None);
        }
    }

    /// Says that there is no answer; one that has begun breaks off, which it says.
    fn fail(&mut self, why: String) -> bool {
        match self.out.take() {
            Some(out) => {
                ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(why))));
                false
            }
            None => self.body.take().is_some(),
        }
    }
}

fn serve(
    main: &Object<'_>,
    request: IncomingRequest,
    answer: &Rc<RefCell<Answer>>,
) -> std::result::Result<(), Failure> {
    let ctx = main.ctx();
    let (function, on) = super::handler(main).ok_or_else(|| plain("this script answers no requests"))?;
    let promise = caught(ctx, begin(ctx, (function, on), request, answer))?;
    event_loop::settle(ctx, promise)?;
    answer.borrow_mut().end();
    // What was begun beside the answer goes on to its end.
    event_loop::drain(ctx)
}

/// Hands a request to the part that is written in JavaScript.
fn begin<'js>(
    ctx: &Ctx<'js>,
    (function, on): (Function<'js>, Object<'js>),
    request: IncomingRequest,
    answer: &Rc<RefCell<Answer>>,
) -> Result<Promise<'js>> {
    let bind: Function<'js> = function.get("bind")?;
    let handler: Function<'js> = bind.call((rquickjs::function::This(function), on))?;
    let (method, url) = (method(&request), url(&request));
    let headers: Vec<Vec<String>> = request
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| vec![name, String::from_utf8_lossy(&value).into_owned()])
        .collect();
    let body = request.consume().map_err(|()| Exception::throw_message(ctx, "the request has no body"))?;
    let next = streams::chunks(ctx, body)?;
    let answer = answer.clone();
    let send = Function::new(ctx.clone(), move |ctx, status, headers, whole| {
        send(&ctx, &answer, status, headers, whole)
    })?;
    let serve: Function<'js> = crate::globals::own(ctx)?.get("serve")?;
    serve.call((handler, method, url, headers, next, send))
}

/// Sends the head and, where it is whole, the body; gives what sends the rest in parts.
fn send<'js>(
    ctx: &Ctx<'js>,
    answer: &Rc<RefCell<Answer>>,
    status: u16,
    headers: Vec<Vec<String>>,
    whole: Opt<Value<'js>>,
) -> Result<Function<'js>> {
    let broke = |why: String| Exception::throw_type(ctx, &format!("the answer cannot be sent: {why}"));
    answer.borrow_mut().begin(status, &headers).map_err(&broke)?;
    if let Some(bytes) = whole.0.and_then(|whole| TypedArray::<u8>::from_value(whole).ok()) {
        answer.borrow_mut().write(&copied(&bytes)).map_err(&broke)?;
    }
    let answer = answer.clone();
    Function::new(ctx.clone(), move |ctx: Ctx<'js>, bytes: TypedArray<'js, u8>| {
        let written = answer.borrow_mut().write(&copied(&bytes));
        written.map_err(|why| Exception::throw_type(&ctx, &format!("the answer cannot be sent: {why}")))
    })
}

fn method(request: &IncomingRequest) -> String {
    match request.method() {
        Method::Get => "GET".into(),
        Method::Head => "HEAD".into(),
        Method::Post => "POST".into(),
        Method::Put => "PUT".into(),
        Method::Delete => "DELETE".into(),
        Method::Connect => "CONNECT".into(),
        Method::Options => "OPTIONS".into(),
        Method::Trace => "TRACE".into(),
        Method::Patch => "PATCH".into(),
        Method::Other(other) => other,
    }
}

fn url(request: &IncomingRequest) -> String {
    let scheme = match request.scheme() {
        Some(Scheme::Https) => "https",
        _ => "http",
    };
    let authority = request.authority().unwrap_or_else(|| "localhost".into());
    let path = request.path_with_query().unwrap_or_else(|| "/".into());
    format!("{scheme}://{authority}{path}")
}
