//! What no route takes: a path that is not there, or a method that a path does not have. It is said in the words of
//! the API that the path belongs to.

use std::sync::OnceLock;

use actix_web::dev::ResourceDef;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use skep_domain::{Code, Error};

use crate::document::documents;
use crate::fiddler;
use crate::fiddler::error::Fiddler;
use crate::shared::failure::{Dialect, Failure};
use crate::sharedcloud;
use crate::sharedcloud::error::SharedCloud;
use crate::tork;
use crate::tork::error::Tork;
use crate::v1::error::Native;

/// A path of a document, and the methods that it has.
struct Known {
    path: ResourceDef,
    methods: Vec<String>,
}

pub(crate) async fn no_such_route(request: HttpRequest) -> HttpResponse {
    let is_below = |prefix: &str| {
        let rest = request.path().strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if is_below(fiddler::PREFIX) {
        refuse::<Fiddler>(&request)
    } else if is_below(sharedcloud::PREFIX) {
        refuse::<SharedCloud>(&request)
    } else if tork::PREFIXES.iter().any(|prefix| is_below(prefix)) {
        refuse::<Tork>(&request)
    } else {
        refuse::<Native>(&request)
    }
}

fn refuse<D: Dialect>(request: &HttpRequest) -> HttpResponse {
    let (method, path) = (request.method(), request.path());
    let Some(known) = known().iter().find(|known| known.path.is_match(path)) else {
        let error = Error::new(Code::NotFound, format!("there is no route {method} {path}"));
        return Failure::<D>::from(error).error_response();
    };
    let body = D::method_not_allowed(&format!("{path} does not take {method}"));
    let mut response = HttpResponse::MethodNotAllowed().json(body);
    if let Ok(methods) = known.methods.join(", ").try_into() {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let documents = documents().iter();
        let paths = documents.flat_map(|(_, document)| document["paths"].as_object().into_iter().flatten());
        let known = paths.map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
            Known { path: ResourceDef::new(path.as_str()), methods: methods.collect() }
        });
        known.collect()
    })
}
