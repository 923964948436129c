//! One request inside an instance, by `wasi:http/incoming-handler` 0.2 or `wasi:http/handler` 0.3.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::uri::Scheme;
use http_body_util::BodyExt;
use skep_fair::ShareGroup;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use wasmtime::Store;
use wasmtime_wasi_http::handler::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme as Scheme2;
use wasmtime_wasi_http::{WasiBody, WasiHttpView, p2, p3};

use super::body::{Cancel, Frames, Outgoing};
use super::warm::Warm;
use super::{HttpPlan, Respond};
use crate::capability::http::{HttpBody, Secrets, to_guest};
use crate::capability::logs::Capture;
use crate::capability::wasi::{self, Given};
use crate::compile::Program;
use crate::control::Control;
use crate::error::Error;
use crate::invoke::run::{self, Owned};
use crate::invoke::{Stdio, classify, script};
use crate::outcome::{Failure, FailureCode, Outcome};
use crate::sandbox::Sandbox;
use crate::script::bindings::Runtime;

/// A request, and where its response goes.
pub(super) struct Exchange {
    pub(super) request: http::Request<HttpBody>,
    pub(super) respond: Respond,
    pub(super) cancel: Cancel,
}

/// Where an instance is left that may serve again, until its attempt has been metered.
pub(super) type Left = Arc<Mutex<Option<Warm>>>;

/// Where a request is served.
pub(super) enum Instance {
    Warm(Box<Warm>),
    New(New),
}

/// What an instance is made of.
pub(super) struct New {
    pub(super) program: Program,
    pub(super) plan: Arc<HttpPlan>,
    pub(super) group: ShareGroup,
    pub(super) control: Arc<Control>,
    pub(super) capture: Arc<Capture>,
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// Serves a request in an instance that is there or is made for it.
pub(super) async fn life(instance: Instance, exchange: Exchange, left: Left) -> Result<Outcome, Error> {
    let mut warm = match instance {
        Instance::Warm(warm) => *warm,
        Instance::New(new) => {
            let control = new.control.clone();
            match begin(new).await? {
                Ok(warm) => warm,
                Err(error) => return classify::instantiation(error, &control),
            }
        }
    };
    warm.store.set_epoch_deadline(1);
    warm.served += 1;
    let (respond, store) = (exchange.respond.clone(), &mut warm.store);
    let handled = match &warm.proxy {
        Proxy::P2(proxy) => respond.after_each_turn(handle_0_2(store, proxy, exchange)).await,
        Proxy::P3(service) => respond.after_each_turn(handle_0_3(store, service, exchange)).await,
    };
    match handled {
        Ok(()) => {
            let unanswered = || respond.is_unanswered().then(silent);
            if let Some(failure) = respond.failure().or_else(unanswered) {
                return Ok(Outcome::Failed(failure));
            }
            // One that is not to serve again is taken down here, where that is metered.
            if warm.may_serve() {
                *left.lock().unwrap_or_else(PoisonError::into_inner) = Some(warm);
            }
            Ok(Outcome::Returned(None))
        }
        Err(error) => {
            // Before the store goes, and with it the guest's end of the body.
            warm.control.fail();
            Ok(classify::error(&error, &warm.control))
        }
    }
}

async fn begin(new: New) -> Result<wasmtime::Result<Warm>, Error> {
    let New { program, plan, group, control, capture, place } = new;
    let stdio = Stdio::Captured { stdin: bytes::Bytes::new() };
    let secrets = Secrets::new(&plan.grants.secrets);
    let runtime = &program.ready.runtime;
    let given = Given::new(&plan.env, &stdio, &plan.limits);
    let wasi = wasi::context(&given, &secrets, &capture, runtime.clock_resolution)?;
    let owned = Owned { group, grants: &plan.grants, secrets };
    let mut store = run::store(runtime, &control, wasi, owned);
    let proxy = instantiate(&program, &mut store).await;
    let since = Instant::now();
    Ok(proxy.map(|proxy| Warm { store, proxy, control, capture, served: 0, since, program, plan, place }))
}

async fn instantiate(program: &Program, store: &mut Store<Sandbox>) -> wasmtime::Result<Proxy> {
    let handler = program.ready.http.as_ref().expect("only an HTTP function is served");
    let (Some(guest), Some(script)) = (&program.ready.guest, &program.script) else {
        return handler.instantiate_async(store).await;
    };
    let instance = guest.instance_pre().instantiate_async(&mut *store).await?;
    let runtime = Runtime::new(&mut *store, &instance)?;
    script::load(&mut *store, &runtime, script).await?;
    Ok(Proxy::P2(p2::bindings::Proxy::new(store, &instance)?))
}

async fn handle_0_2(
    store: &mut Store<Sandbox>,
    proxy: &p2::bindings::Proxy,
    exchange: Exchange,
) -> wasmtime::Result<()> {
    let Exchange { request, respond, cancel } = exchange;
    let scheme = match request.uri().scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Scheme2::Https,
        _ => Scheme2::Http,
    };
    let mut http = store.data_mut().http();
    let request = http.new_incoming_request(scheme, request.map(to_guest))?;
    let out = http.new_response_outparam_from_callback(move |response| {
        respond.send(match response {
            Ok(response) => Ok(response.map(|body| outgoing(body, cancel))),
            Err(p2::bindings::http::types::ErrorCode::InternalError(Some(why))) => Err(refused(why)),
            Err(code) => Err(refused(format!("{code:?}"))),
        });
    })?;
    proxy.wasi_http_incoming_handler().call_handle(store, request, out).await
}

async fn handle_0_3(
    store: &mut Store<Sandbox>,
    service: &p3::bindings::Service,
    exchange: Exchange,
) -> wasmtime::Result<()> {
    let Exchange { request, respond, cancel } = exchange;
    let handled = store.run_concurrent(async move |store| {
        let request = request.map(to_guest);
        // What the second part tells, whether the request was read whole, changes nothing here.
        let request =
            store.with(|mut store| p3::Request::from_http(store.data_mut().http().hooks, request).0);
        let response = match service.handle(store, request).await? {
            Ok(response) => store.with(|store| response.into_http(store, async { Ok(()) }))?,
            Err(code) => {
                respond.send(Err(refused(format!("{code:?}"))));
                return Ok(());
            }
        };
        let (head, mut body) = response.into_parts();
        let (frames, outgoing_frames) = mpsc::channel(FRAMES_MAX);
        let outgoing = outgoing(Frames(outgoing_frames).boxed_unsync(), cancel);
        respond.send(Ok(http::Response::from_parts(head, outgoing)));
        // What the guest still has to say goes on only with its store.
        let mut goes_on = true;
        while goes_on {
            let frame = body.frame().await;
            goes_on = frame.is_some();
            // Who reads no more has cancelled it.
            goes_on &= frames.send(frame).await.is_ok();
        }
        poll_fn(|context| store.poll_no_interesting_tasks(context)).await;
        Ok(())
    });
    handled.await?
}

fn outgoing(body: WasiBody, cancel: Cancel) -> HttpBody {
    Outgoing::new(body, cancel).boxed_unsync()
}

/// Frames of a body that wait for their reader: each has at most what a guest writes at once.
const FRAMES_MAX: usize = 2;

/// A guest that answered with an error of `wasi:http` instead of a response.
fn refused(why: String) -> Failure {
    failure(FailureCode::GuestError, classify::message(format!("the function answered with an error: {why}")))
}

/// A guest that ended without an answer.
pub(super) fn silent() -> Failure {
    failure(FailureCode::GuestError, "the function ended without a response".into())
}

/// No guest, for a reason that is the host's.
pub(super) fn host_failed(error: &Error) -> Failure {
    failure(FailureCode::Host, error.to_string())
}

fn failure(code: FailureCode, message: String) -> Failure {
    Failure { code, message, backtrace: None, exit_code: None }
}
