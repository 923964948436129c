//! An attacker: a command of WASI 0.3 whose first argument is one idea, as `hostile` is one of WASI 0.2.

use std::future::poll_fn;
use std::mem::forget;
use std::task::Poll;

use wasip3::cli::environment;
use wasip3::clocks::monotonic_clock;
use wasip3::exports::cli::run::Guest;
use wasip3::http::types::{ErrorCode, Fields, Method, Request};
use wasip3::sockets::types::{IpAddressFamily, TcpSocket};
use wasip3::{wit_future, wit_stream};

struct AsyncHostile;

wasip3::cli::command::export!(AsyncHostile);

impl Guest for AsyncHostile {
    async fn run() -> Result<(), ()> {
        let idea = environment::get_arguments().into_iter().nth(1).unwrap_or_default();
        match idea.as_str() {
            "forever" => monotonic_clock::wait_for(u64::MAX).await,
            "timers" => timers().await,
            "wait-nothing" => loop {
                monotonic_clock::wait_for(0).await;
            },
            "streams" => loop {
                forget(wit_stream::new::<u8>());
            },
            "futures" => loop {
                forget(wit_future::new(|| Ok::<_, ErrorCode>(None::<Fields>)));
            },
            "headers" => headers(),
            "requests" => requests(),
            "sockets" => return if sockets() == 0 { Ok(()) } else { Err(()) },
            "unread" => unread().await,
            _ => panic!("no such idea"),
        }
        Ok(())
    }
}

/// Waits for ever, in more and more calls at once.
async fn timers() -> ! {
    loop {
        let mut wait = Box::pin(monotonic_clock::wait_for(u64::MAX));
        poll_fn(|context| {
            let _ = wait.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
        forget(wait);
    }
}

fn headers() -> ! {
    loop {
        let fields = Fields::new();
        for _ in 0..15 {
            let _ = fields.append("x", &[b'x'; 1000]);
        }
        forget(fields);
    }
}

/// Requests that are never sent.
fn requests() -> ! {
    let (long, path) = ("A".repeat(1 << 20), format!("/{}", "a".repeat(60_000)));
    loop {
        let (_, trailers) = wit_future::new(|| Ok(None));
        let (request, done) = Request::new(Fields::new(), None, trailers, None);
        let _ = request.set_method(&Method::Other(long.clone()));
        let _ = request.set_path_with_query(Some(&path));
        forget((request, done));
    }
}

fn sockets() -> usize {
    let sockets: Vec<_> = (0..5_000).map_while(|_| TcpSocket::create(IpAddressFamily::Ipv4).ok()).collect();
    sockets.len()
}

/// Writes where nobody reads.
async fn unread() -> ! {
    let (mut writer, reader) = wit_stream::new::<u8>();
    forget(reader);
    loop {
        writer.write_all(vec![0; 1 << 20]).await;
    }
}
