//! Requests with an `Idempotency-Key`: what they ask for is done once, and answered alike each time.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use skep_domain::model::receipt::{Answer, Answered, Once};

use super::body::Json;

/// Says that an answer was given before.
pub(crate) const REPLAYED: (&str, &str) = ("idempotency-replayed", "true");

impl<T> Json<T> {
    /// The request as one that is to be done once, if it has a key.
    pub(crate) fn once<M>(&mut self, render: fn(&M) -> Answer) -> Option<Once<M>> {
        let (route, key, body) = self.request.take()?;
        Some(Once { route, key, body, render })
    }
}

/// The answer to what was made, now or before.
pub(crate) fn respond<M>(answered: Answered<M>, render: fn(&M) -> Answer) -> HttpResponse {
    let (answer, replayed) = match answered {
        Answered::Made(made) => (render(&made), false),
        Answered::Kept(answer) => (answer, false),
        Answered::Replayed(answer) => (answer, true),
    };
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    response.insert_header((CONTENT_TYPE, "application/json"));
    if replayed {
        response.insert_header(REPLAYED);
    }
    response.body(answer.body)
}
