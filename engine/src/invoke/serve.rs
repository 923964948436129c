//! Requests to HTTP functions: each in a fresh sandbox, or where their owner asks for it in one that has
//! served before.

mod body;
mod handle;
pub(crate) mod warm;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use self::body::Cancel;
use self::handle::{Exchange, Instance, Left, New};
use super::attempt::Attempt;
use crate::capability::grants::Grants;
use crate::capability::http::HttpBody;
use crate::capability::logs::{Capture, LogLine};
use crate::compile::{Engine, Program};
use crate::control::Control;
use crate::error::Error;
use crate::limits::Limits;
use crate::outcome::{Failure, Outcome, Report};
use skep_fair::ShareGroup;

/// A request to be served.
pub struct HttpCall {
    /// The function.
    pub program: Program,
    /// The request; its URI must have a scheme and an authority.
    pub request: http::Request<HttpBody>,
    /// How the function is run.
    pub plan: Arc<HttpPlan>,
    /// Whose it is.
    pub group: ShareGroup,
}

/// How an HTTP function is run. Instances are reused only under the same plan, which is the same object.
#[derive(Debug)]
pub struct HttpPlan {
    /// Environment variables; the guest sees no others.
    pub env: Vec<(String, String)>,
    /// What a request may use.
    pub limits: Limits,
    /// What it may reach.
    pub grants: Arc<Grants>,
    /// Whether an instance serves more than one request, one after another.
    pub reuse: Option<Reuse>,
}

/// How long an instance that has served is kept for the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// Requests that one instance serves at most.
    pub requests_max: u32,
    /// How long it may wait for the next.
    pub idle_max: Duration,
}

/// A request that is being served: a future of the response's head, with a body that goes on. Dropping it,
/// or the body before its end, stops the guest.
pub struct Serving {
    response: oneshot::Receiver<Answer>,
    cancel: Option<Cancel>,
}

/// A response, or the reason why there is none.
type Answer = Result<http::Response<HttpBody>, Failure>;

/// Where the response goes, or the reason why there is none.
#[derive(Clone)]
struct Respond {
    inner: Arc<Mutex<Responding>>,
}

struct Responding {
    sender: Option<oneshot::Sender<Answer>>,
    /// Given, and not sent yet.
    held: Option<Answer>,
    /// What was given, if it was an error.
    failure: Option<Failure>,
}

impl Respond {
    /// Gives the response, which goes when the guest's turn is over: most guests have said all by then, and
    /// whoever sends it on has it whole.
    fn send(&self, response: Answer) {
        let mut inner = self.lock();
        inner.failure = response.as_ref().err().cloned();
        inner.held = Some(response);
    }

    /// Says why there is no response, unless there was one.
    fn fail(&self, why: impl FnOnce() -> Failure) {
        self.flush();
        if let Some(sender) = self.lock().sender.take() {
            // Whoever asked may have gone.
            let _ = sender.send(Err(why()));
        }
    }

    /// The error that the guest answered with, if it did.
    fn failure(&self) -> Option<Failure> {
        self.lock().failure.clone()
    }

    /// Whether the guest has given neither a response nor an error.
    fn is_unanswered(&self) -> bool {
        let inner = self.lock();
        inner.sender.is_some() && inner.held.is_none()
    }

    fn flush(&self) {
        let mut inner = self.lock();
        if let Some(held) = inner.held.take()
            && let Some(sender) = inner.sender.take()
        {
            let _ = sender.send(held);
        }
    }

    /// Sends what was given during each turn of a guest at its end.
    async fn after_each_turn<T>(&self, handling: impl Future<Output = T>) -> T {
        let mut handling = std::pin::pin!(handling);
        std::future::poll_fn(|context| {
            let turn = handling.as_mut().poll(context);
            self.flush();
            turn
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Responding> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Serves a request. What became of it is told at its end, on the guest's thread, with what it logged.
    ///
    /// # Panics
    /// If the program is no HTTP function.
    pub fn serve(
        &self,
        call: HttpCall,
        on_end: impl FnOnce(Result<Report, Error>, Vec<LogLine>) + Send + 'static,
    ) -> Serving {
        let HttpCall { program, request, plan, group } = call;
        assert!(program.ready.http.is_some(), "only an HTTP function is served");
        let (sender, response) = oneshot::channel();
        let respond = Respond {
            inner: Arc::new(Mutex::new(Responding { sender: Some(sender), held: None, failure: None })),
        };
        let warm = self.inner.warm.take(&program, &plan);
        let (control, capture) = match &warm {
            Some(warm) => (warm.control.clone(), warm.capture.clone()),
            None => {
                let control = Arc::new(Control::new(plan.limits.clone()));
                (control.clone(), Capture::new(control, false))
            }
        };
        let cancel = Cancel::new(control.clone());
        let exchange = Exchange { request, respond: respond.clone(), cancel: cancel.clone() };
        let left = Left::default();
        let on_end = {
            let (capture, left, pool) = (capture.clone(), left.clone(), self.inner.warm.clone());
            move |report: Result<Report, Error>| {
                respond.fail(|| no_response(&report));
                let lines = capture.take_lines();
                if let Some(warm) = left.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    pool.keep(warm);
                }
                on_end(report, lines);
            }
        };
        match warm {
            // It has its place.
            Some(warm) => {
                let life = Box::pin(handle::life(Instance::Warm(Box::new(warm)), exchange, left));
                let attempt = Attempt::new(life, control, capture, Box::new(on_end));
                self.inner.executor.submit(group, Box::new(attempt));
            }
            None => {
                let of = program.clone();
                self.submit(group, &of, control.clone(), move |place| {
                    let new = New {
                        program,
                        plan,
                        group,
                        control: control.clone(),
                        capture: capture.clone(),
                        place,
                    };
                    let life = Box::pin(handle::life(Instance::New(new), exchange, left));
                    Attempt::new(life, control, capture, Box::new(on_end))
                });
            }
        }
        Serving { response, cancel: Some(cancel) }
    }
}

/// Why a guest has not answered.
fn no_response(report: &Result<Report, Error>) -> Failure {
    match report {
        Ok(Report { outcome: Outcome::Failed(failure), .. }) => failure.clone(),
        Ok(_) => handle::silent(),
        Err(error) => handle::host_failed(error),
    }
}

impl Future for Serving {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = Pin::new(&mut self.response).poll(context);
        response.map(|response| {
            // From here on it is the body that stops the guest.
            self.cancel = None;
            response.unwrap_or_else(|_| Err(handle::silent()))
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(cancel) = self.cancel.take() {
            cancel.cancel();
        }
    }
}
