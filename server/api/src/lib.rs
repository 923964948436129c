//! Skep over HTTP. Each dialect is a folder of thin handlers over the services of `skep-domain`:
//! a handler parses, calls one service, renders. No dialect knows another. `front` listens, and hands each
//! request to HTTP functions or to the routes.

mod document;
mod fallback;
mod fiddler;
mod front;
mod functions;
mod metrics;
mod shared;
mod sharedcloud;
mod tork;
mod v1;
mod words;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use skep_domain::service::Services;
use utoipa_actix_web::service_config::ServiceConfig;

pub use document::{documents, openapi};
pub use front::Front;
pub use words::Words;

/// Everything that is served. The services are what all handlers share.
pub(crate) fn app(
    services: Services,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .wrap(from_fn(shared::observe::observe))
        .wrap(from_fn(sharedcloud::slash::without_slash))
        .app_data(web::Data::new(services))
        .configure(|config| routes(&mut ServiceConfig::new(config)))
        .configure(document::routes)
        .default_service(web::route().to(fallback::no_such_route))
}

/// The routes that are documented.
fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(native)
        .configure(fiddler::routes)
        .configure(sharedcloud::routes)
        .configure(tork::routes);
}

/// Those of the native API.
fn native(config: &mut ServiceConfig<'_>) {
    config.configure(v1::routes).configure(shared::health::routes).service(metrics::metrics_get);
}
