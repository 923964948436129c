//! Guests that serve HTTP, as the product sees them, in the types of the `http` crates.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

use crate::model::attempt::Failure;
use crate::model::function::Code;
use crate::model::id::{AccountId, FunctionId};
use crate::model::log::Line;
use crate::model::settings::Settings;
use crate::model::usage::{DeviceUsage, Usage};

/// A body in frames: data, and at the end trailers, if there are any. An error breaks the exchange off.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Where requests to a function go. An instance is reused only for the same object.
#[derive(Debug)]
pub struct Target {
    /// Whose it is.
    pub account: AccountId,
    /// The account's weight.
    pub weight: u32,
    /// The function.
    pub function: FunctionId,
    /// Its current version.
    pub version: u32,
    /// What that version runs.
    pub code: Code,
    /// How it runs.
    pub settings: Settings,
}

/// What became of a request's guest: what it used, why it failed if it did, and what it logged.
pub struct Served {
    /// What it used.
    pub usage: Usage,
    /// What inference took of each device that served it.
    pub devices: Vec<DeviceUsage>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What it logged.
    pub lines: Vec<Line>,
}

/// Who is told at the end, after the last byte of the response.
pub type OnServed = Box<dyn FnOnce(Served) + Send>;

/// Where HTTP functions run.
#[async_trait]
pub trait HttpGuest: Send + Sync {
    /// Serves a request, whose URI has a scheme and an authority. Answers with the response once its head is
    /// there; dropping the future or the body stops the guest.
    ///
    /// # Errors
    /// Why there is no response.
    async fn serve(
        &self,
        target: &Arc<Target>,
        request: http::Request<Body>,
        on_served: OnServed,
    ) -> Result<http::Response<Body>, Failure>;
}
