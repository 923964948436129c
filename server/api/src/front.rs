//! Listens, and hands requests on: those of HTTP functions straight to them, all others to the routes.
//!
//! The connections are hyper's, which streams both ways, knows trailers, and drops a request whose client has
//! gone; the routes are actix-web's, which [`bridge`] calls. Each worker has a thread, a copy of the routes,
//! and takes connections when it has time.

mod bridge;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http::header::HOST;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use skep_domain::service::Services;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::LocalSet;

use self::bridge::Routes;
use crate::functions;

/// Connections that are served at once. Each costs a file and a few KiB.
const CONNECTIONS_MAX: usize = 20_000;
/// How long a connection may take over the head of a request, and how long it may wait for one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of the head of a request, and of what is read ahead of it.
const HEAD_BYTES_MAX: usize = 128 << 10;
/// Fields of the head of a request.
const HEAD_FIELDS_MAX: usize = 100;
/// Requests that one connection of HTTP/2 has under way.
const STREAMS_MAX: u32 = 200;

/// What listens.
pub struct Front {
    address: SocketAddr,
    stopping: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
}

impl Front {
    /// Listens with as many workers.
    ///
    /// # Errors
    /// If a thread or the listener cannot be had.
    pub fn start(listener: TcpListener, services: &Services, workers: usize) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stopping, _) = watch::channel(false);
        let mut front = Self { address, stopping, workers: Vec::new() };
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        for number in 0..workers.max(1) {
            let (listener, services) = (listener.try_clone()?, services.clone());
            let (places, stopping) = (places.clone(), front.stopping.subscribe());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let worker =
                std::thread::Builder::new().name(format!("skep-http-{number}")).spawn(move || {
                    let local = LocalSet::new();
                    local.block_on(&runtime, serve(listener, services, places, stopping));
                })?;
            front.workers.push(worker);
        }
        Ok(front)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and no more requests on those there are; returns when the requests under way
    /// are answered. Blocks.
    pub fn stop(self) {
        self.stopping.send_replace(true);
        for worker in self.workers {
            // One that panicked has nothing left to answer.
            let _ = worker.join();
        }
    }
}

/// One worker's life.
async fn serve(
    listener: TcpListener,
    services: Services,
    places: Arc<Semaphore>,
    mut stopping: watch::Receiver<bool>,
) {
    let (Ok(listener), Some(routes)) =
        (tokio::net::TcpListener::from_std(listener), Routes::new(services.clone()).await)
    else {
        tracing::error!("a worker could not begin to listen");
        return;
    };
    let (routes, services, graceful) = (Rc::new(routes), Rc::new(services), GracefulShutdown::new());
    let connections = connections();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of files, most often: it passes.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Answers are small, and wanted now.
        let _ = stream.set_nodelay(true);
        let (routes, services) = (routes.clone(), services.clone());
        let service = service_fn(move |request| answer(request, peer, routes.clone(), services.clone()));
        let (connections, watcher, mut stopping) =
            (connections.clone(), graceful.watcher(), stopping.clone());
        Local.execute(async move {
            let _place = place;
            let begun = tokio::select! {
                begun = tokio::time::timeout(HEAD_TIMEOUT, begins(&stream)) => begun.is_ok_and(|begun| begun),
                _ = stopping.wait_for(|stopping| *stopping) => false,
            };
            if begun {
                let connection = connections.serve_connection(TokioIo::new(stream), service).into_owned();
                // A client that breaks off is no news.
                let _ = watcher.watch(connection).await;
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Waits until a connection says which HTTP it speaks: what serves it has no timer for that.
async fn begins(stream: &TcpStream) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const PAUSE: Duration = Duration::from_millis(20);
    let mut first = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => return false,
            Ok(count) if count < PREFACE.len() && PREFACE.starts_with(&first[..count]) => {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(_) => return true,
        }
    }
}

fn connections() -> auto::Builder<Local> {
    let mut connections = auto::Builder::new(Local);
    connections
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .keep_alive_interval(HEAD_TIMEOUT / 2);
    connections
}

async fn answer(
    request: http::Request<Incoming>,
    peer: SocketAddr,
    routes: Rc<Routes>,
    services: Rc<Services>,
) -> Result<http::Response<bridge::Body>, io::Error> {
    let is_head = request.method() == http::Method::HEAD;
    // Who comes after us may take another one of them for the one that counts.
    if request.headers().get_all(HOST).iter().count() > 1 {
        return Ok(bridge::bad_request());
    }
    let mut response = match request.uri().path().starts_with(functions::PREFIX) {
        true => functions::serve(&services, request, peer).await.map(bridge::Body::Function),
        false => routes.answer(request, peer).await?,
    };
    if is_head {
        // HTTP/2 would send it.
        *response.body_mut() = bridge::Body::none();
    }
    Ok(response)
}

/// Runs what connections need on the worker's own thread.
#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
