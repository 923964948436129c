//! Sends a request on, as headers of the one that came in describe it: `x-url` where to, `x-method` how,
//! `x-send-NAME` with which headers, `x-send-authorization-of` with which environment variable as a bearer
//! token. Answers with what came of it, or with 502 and the error.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, ResponseOutparam, Scheme,
};

use crate::{begin, copy, text};

pub(crate) fn fetch(request: &IncomingRequest, out: ResponseOutparam) {
    let outgoing = match describe(request) {
        Ok(outgoing) => outgoing,
        Err(why) => return text(out, 400, &format!("{why}\n")),
    };
    let response = match outgoing_handler::handle(outgoing, None) {
        Ok(response) => response,
        Err(code) => return text(out, 502, &format!("{code:?}\n")),
    };
    response.subscribe().block();
    match response.get().expect("it is there").expect("once") {
        Ok(response) => {
            let incoming = response.consume().expect("it has one body");
            let from = incoming.stream().expect("it has one stream");
            let body = begin(out, response.status(), Fields::new());
            let to = body.write().expect("it has one stream");
            assert!(copy(&from, &to), "the body broke off");
            drop(to);
            let _ = OutgoingBody::finish(body, None);
        }
        Err(code) => text(out, 502, &format!("{code:?}\n")),
    }
}

fn describe(request: &IncomingRequest) -> Result<OutgoingRequest, &'static str> {
    let headers = request.headers().entries();
    let value = |name: &str| {
        let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let url = value("x-url").ok_or("x-url is missing")?;
    let (scheme, rest) = url.split_once("://").ok_or("x-url has no scheme")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let sent: Vec<(String, Vec<u8>)> = headers
        .iter()
        .filter_map(|(name, value)| match name.strip_prefix("x-send-")? {
            "authorization-of" => {
                let token = std::env::var(String::from_utf8_lossy(value).as_ref()).unwrap_or_default();
                Some(("authorization".to_owned(), format!("Bearer {token}").into_bytes()))
            }
            name => Some((name.to_owned(), value.clone())),
        })
        .collect();
    let outgoing = OutgoingRequest::new(Fields::from_list(&sent).map_err(|_| "a header is not to be sent")?);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    outgoing.set_scheme(Some(&scheme)).map_err(|()| "the scheme is none")?;
    outgoing.set_authority(Some(authority)).map_err(|()| "the authority is none")?;
    outgoing.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).map_err(|()| "the path is none")?;
    if let Some(method) = value("x-method") {
        outgoing.set_method(&Method::Other(method)).map_err(|()| "the method is none")?;
    }
    Ok(outgoing)
}
