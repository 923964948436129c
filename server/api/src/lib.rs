//! Skep over HTTP. Each dialect is a folder of thin handlers over the services of `skep-domain`:
//! a handler parses, calls one service, renders. No dialect knows another.

mod document;
mod fallback;
mod shared;
mod v1;

use actix_web::web;
use skep_domain::service::Services;
use utoipa_actix_web::service_config::ServiceConfig;

pub use document::openapi;

/// Adds every route. The services are what all handlers share.
pub fn configure(config: &mut web::ServiceConfig, services: &Services) {
    config.app_data(web::Data::new(services.clone()));
    routes(&mut ServiceConfig::new(config));
    config.configure(document::routes).default_service(web::route().to(fallback::no_such_route));
}

/// The routes that are documented.
fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(v1::routes).configure(shared::health::routes);
}
