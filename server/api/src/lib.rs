//! Skep over HTTP. Each dialect is a folder of thin handlers over the services of `skep-domain`:
//! a handler parses, calls one service, renders. No dialect knows another.

mod shared;
mod v1;

use actix_web::web;
use skep_domain::service::Services;

/// Adds every route. The services are what all handlers share.
pub fn configure(config: &mut web::ServiceConfig, services: &Services) {
    config.app_data(web::Data::new(services.clone()));
    config.configure(shared::health::routes).configure(v1::routes);
}

/// Paths and methods of every route, for the tests that hold tables against them.
pub const ROUTES: &[&[(&str, &str)]] = &[v1::ROUTES, shared::health::ROUTES];
