//! Sending what is to be told.

use async_trait::async_trait;

use crate::model::id::DeliveryId;

/// Something that is sent.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The same for each try.
    pub id: DeliveryId,
    /// When it is sent, in seconds since 1970.
    pub at_seconds: u64,
    /// Where to.
    pub url: String,
    /// Headers beside those that each has.
    pub headers: Vec<(String, String)>,
    /// What it is signed with, if it is.
    pub key: Option<Vec<u8>>,
    /// JSON.
    pub body: String,
}

/// Whoever sends.
#[async_trait]
pub trait Post: Send + Sync {
    /// Sends a letter, in bounded time, to nowhere that only the server can reach. Gives the status of the answer, or
    /// says why there is none.
    async fn send(&self, letter: Letter) -> Result<u16, String>;
}
