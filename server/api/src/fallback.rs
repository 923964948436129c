//! What no route takes: a path that is not there, or a method that a path does not have.

use std::sync::OnceLock;

use actix_web::dev::ResourceDef;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse};
use skep_domain::{Code, Error};

use crate::document::openapi;
use crate::v1::error::{self, Failure};

/// A path of the document, and the methods that it has.
struct Known {
    path: ResourceDef,
    methods: Vec<String>,
}

pub(crate) async fn no_such_route(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let (method, path) = (request.method(), request.path());
    let known = known().iter().find(|known| known.path.is_match(path));
    match known {
        Some(known) => {
            let mut response = error::method_not_allowed(&request);
            if let Ok(methods) = known.methods.join(", ").try_into() {
                response.headers_mut().insert(ALLOW, methods);
            }
            Ok(response)
        }
        None => Err(Error::new(Code::NotFound, format!("there is no route {method} {path}")).into()),
    }
}

fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let paths = openapi()["paths"].as_object().into_iter().flatten();
        let known = paths.map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
            Known { path: ResourceDef::new(path.as_str()), methods: methods.collect() }
        });
        known.collect()
    })
}
