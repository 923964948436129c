//! The slash at the end of its paths: its client always writes one, its documents never do.
//!
//! Both are served, and not by a redirect: a client would repeat a POST as a GET. With it, what is made is 201 and what
//! is deleted 204, as the client demands; without it they are 200, as its documents have them.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;

use super::PREFIX;

/// That the path had a slash at its end.
struct Slashed;

/// Takes the slash away before a route is looked for.
pub(crate) async fn without_slash(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(uri) = shortened(request.uri()) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
        request.extensions_mut().insert(Slashed);
    }
    next.call(request).await
}

fn shortened(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/')?;
    path.strip_prefix(PREFIX)?.strip_prefix('/')?;
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    whole.parse().ok()
}

fn has_slash(request: &HttpRequest) -> bool {
    request.extensions().contains::<Slashed>()
}

/// The answer for something that was made.
pub(super) fn made(request: &HttpRequest, view: impl Serialize) -> HttpResponse {
    if has_slash(request) { HttpResponse::Created().json(view) } else { HttpResponse::Ok().json(view) }
}

/// The answer for something that was deleted.
pub(super) fn deleted(request: &HttpRequest) -> HttpResponse {
    if has_slash(request) { HttpResponse::NoContent().finish() } else { HttpResponse::Ok().json(json!({})) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_goes_below_the_prefix() {
        let short = |text: &str| shortened(&text.parse().expect("a path")).map(|uri| uri.to_string());
        assert_eq!(short("/api/v1/jobs/"), Some("/api/v1/jobs".into()));
        assert_eq!(short("/api/v1/images/?instance=a"), Some("/api/v1/images?instance=a".into()));
        for other in ["/api/v1/jobs", "/api/v1/", "/api/v10/jobs/", "/v1/jobs/", "/f/a/b/"] {
            assert_eq!(short(other), None, "{other}");
        }
    }
}
