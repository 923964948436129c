//! The OpenAPI document, made of the same routes that serve, and the pages that show it.

use std::sync::OnceLock;

use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::v1::schemas::{Details, Refusal};

/// Where the document of the native API lies.
const PATH: &str = "/openapi.json";

/// The document of the native API.
pub fn openapi() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let app = utoipa_actix_web::AppExt::into_utoipa_app(actix_web::App::new());
        let (_, mut document) = app.configure(crate::routes).split_for_parts();
        document.info = InfoBuilder::new()
            .title("Skep")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(ABOUT))
            .build();
        let components = document.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.security_schemes.insert("bearer".to_owned(), scheme.into());
        let mut schemas = Vec::new();
        for (name, schema) in [
            (<Refusal as utoipa::ToSchema>::name(), <Refusal as utoipa::PartialSchema>::schema()),
            (<Details as utoipa::ToSchema>::name(), <Details as utoipa::PartialSchema>::schema()),
        ] {
            schemas.push((name.into_owned(), schema));
        }
        components.schemas.extend(schemas);
        document
    })
}

const ABOUT: &str = "Runs WebAssembly functions, each call in its own sandbox. Requests carry a key or a token \
as `Authorization: Bearer …`. Ids are UUIDs, times Unix milliseconds, sizes bytes; what is absent is null. \
Success is `{success, data, message}`, a refusal `{statusCode, code, message, details}`.";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    // The validator that the page would send the document to is somebody else's.
    let settings = Config::from(PATH).validator_url("none");
    config
        .route(PATH, web::get().to(document))
        .route("/docs", web::get().to(docs))
        .service(SwaggerUi::new("/docs/{_:.*}").config(settings));
}

async fn document() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}

async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("Location", "/docs/")).finish()
}
