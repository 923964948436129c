//! Doing a thing once, however often it is asked for (the `Idempotency-Key` header).
//!
//! What a request with such a key creates is written together with a receipt: in one transaction, so that
//! there is never the one without the other. The same request again finds the receipt.

use super::id::{AccountId, JobId, Sha256};
use super::scope::Scopes;
use super::time::Millis;
use crate::error::{Code, Error, Result};

/// Characters of an idempotency key.
pub const KEY_LENGTH_MAX: usize = 255;
/// How long a receipt is kept: 24 hours.
pub const KEPT_MS: u64 = 24 * 60 * 60 * 1000;

/// What names a request: the same account, route and key mean the same request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestName {
    /// Who asks.
    pub account: AccountId,
    /// Method and path.
    pub route: String,
    /// The key that the client chose.
    pub key: String,
}

/// A request that is to be done once.
#[derive(Debug, Clone)]
pub struct Once<T> {
    /// Method and path.
    pub route: String,
    /// The key that the client chose.
    pub key: String,
    /// The hash of the request's body: the same key with another body is a mistake.
    pub body: Sha256,
    /// How what is made is answered.
    pub render: fn(&T) -> Answer,
}

impl<T> Once<T> {
    /// The same, for whoever may do just this: an answer that shows a key is not for those who may do less.
    #[must_use]
    pub fn by(mut self, scopes: Scopes) -> Self {
        self.route.push_str(&format!(" by {:x}", scopes.bits()));
        self
    }
}

/// An answer, as it is kept to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is kept of a request that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The request.
    pub request: RequestName,
    /// The hash of its body.
    pub body: Sha256,
    /// What answers it again.
    pub kept: Kept,
    /// When it was done.
    pub at: Millis,
}

/// What answers a request again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The answer itself, sealed: it may show a key.
    Sealed {
        /// The HTTP status.
        status: u16,
        /// The sealed body.
        body: Vec<u8>,
    },
    /// The job that was made, which is the answer once it is over.
    Job(JobId),
}

/// What came of a request that may have been done before.
#[derive(Debug)]
pub enum Answered<T> {
    /// Done now; nobody asked to have it done once.
    Made(T),
    /// Done now, and kept.
    Kept(Answer),
    /// Done before: the first answer.
    Replayed(Answer),
}

/// Reads an idempotency key.
///
/// # Errors
/// Says what a key may be.
pub fn check_key(key: &str) -> Result<()> {
    if (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    Err(Error::invalid(format!("Idempotency-Key must be 1 to {KEY_LENGTH_MAX} printable ASCII characters")))
}

impl Receipt {
    /// Whether the receipt is for this very body.
    ///
    /// # Errors
    /// A conflict if the key was used for another.
    pub fn check_body(&self, body: Sha256) -> Result<()> {
        if self.body == body {
            return Ok(());
        }
        Err(Error::conflict("this Idempotency-Key was used for another body; choose a new key"))
    }
}

/// The answer while what was asked for before is not over.
pub fn in_flight() -> Error {
    Error::new(Code::InFlight, "the first request with this Idempotency-Key is still under way; ask again")
}
