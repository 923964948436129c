//! The baseline of a call over REST: actix-web, and one insert that is committed with whatever else
//! waits. It reads the body as JSON and answers with JSON, and does nothing else.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{raw_sqlite, report};

type Waiting = oneshot::Sender<()>;

/// Serves until it is killed.
pub fn serve() -> ExitCode {
    let (queue, waiting) = channel();
    std::thread::spawn(move || write(&waiting));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async move {
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::new(queue.clone())).route("/call", web::post().to(call))
        });
        let server = server.bind("127.0.0.1:0").expect("a port");
        report(&format!("http://{}", server.addrs()[0]));
        server.run().await.expect("it serves");
    });
    ExitCode::SUCCESS
}

async fn call(queue: web::Data<Sender<Waiting>>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let (sender, written) = oneshot::channel();
    queue.send(sender).expect("the writer lives");
    written.await.expect("it is written");
    HttpResponse::Ok().json(json!({"success": true, "data": body}))
}

fn write(waiting: &Receiver<Waiting>) {
    let connection = raw_sqlite::open(std::path::Path::new("baseline.db"));
    let mut key = 0;
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        raw_sqlite::transaction(&connection, || {
            key += 1;
            raw_sqlite::insert_call(&connection, key);
            while let Ok(next) = waiting.try_recv() {
                key += 1;
                raw_sqlite::insert_call(&connection, key);
                group.push(next);
            }
        });
        for waiting in group {
            // A client may have gone.
            let _ = waiting.send(());
        }
    }
}
