//! Read-only connections, lent to one query at a time.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use skep_domain::{Error, Result};
use tokio::sync::Semaphore;

pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        let places = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), places }
    }

    /// Runs a query on a thread that may block. Waits for a connection where all are lent.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = self.places.clone().acquire_owned().await.map_err(Error::internal)?;
        let idle = self.idle.clone();
        let work = move || {
            let _place = place;
            let lent = Lent { connection: take(&idle), idle };
            match &lent.connection {
                Some(connection) => query(connection),
                None => Err(Error::internal("a place without a connection")),
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

/// Comes back also when a query panics.
struct Lent {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.connection.take());
    }
}

fn take(idle: &Mutex<Vec<Connection>>) -> Option<Connection> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}
