//! A panic in a handler is that request's failure, not the process's.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt;
use skep_domain::Error;

use super::failure::{Dialect, Failure};

/// A middleware that answers 500 where a handler panics.
pub(crate) async fn catch_panics<D: Dialect>(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            metrics::counter!("skep_panics_total").increment(1);
            Err(Failure::<D>::from(Error::internal("a handler panicked")).into())
        }
    }
}
