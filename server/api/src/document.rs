//! The OpenAPI documents, made of the same routes that serve, and the pages that show the native one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::{App, HttpResponse, web};
use serde_json::{Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::fiddler;
use crate::fiddler::schemas::{ErrorBody, ErrorItem, ErrorResponse};
use crate::sharedcloud;
use crate::sharedcloud::schemas::Detail;
use crate::tork;
use crate::tork::schemas::Message;
use crate::v1::schemas::{Details, Refusal};

/// Where the document of the native API lies.
const PATH: &str = "/openapi.json";

const ABOUT: &str = "Runs WebAssembly functions, each call in its own sandbox. Requests carry a key or a token \
as `Authorization: Bearer …`. Ids are UUIDs, times Unix milliseconds, sizes bytes; what is absent is null. \
Success is `{success, data, message}`, a refusal `{statusCode, code, message, details}`.";

const ABOUT_FIDDLER: &str = "The jobs of Skep as Fiddler's client reads them. Requests carry a key or a token as \
`Authorization: Bearer …`.";

const ABOUT_SHAREDCLOUD: &str = "Functions, runs and jobs of Skep as sharedcloud's client has them. Requests carry a \
token as `Authorization: Token …`; bodies are forms, or JSON. Each path may end with a slash: then what is made is 201 and \
what is deleted 204, else 200.";

const ABOUT_TORK: &str = "Jobs of tasks as Tork's clients submit and watch them. Requests carry a key or a token as \
`Authorization: Bearer …`, or an account's name and password as `Authorization: Basic …`.";

/// The document of the native API.
pub fn openapi() -> &'static Value {
    &documents()[0].1
}

/// One document for each API, the native one first, and where each is served.
pub fn documents() -> &'static [(&'static str, Value)] {
    static DOCUMENTS: OnceLock<[(&str, Value); 4]> = OnceLock::new();
    DOCUMENTS.get_or_init(|| {
        let native = written(collected("Skep", ABOUT, crate::native, |schemas| {
            add::<Refusal>(schemas);
            add::<Details>(schemas);
        }));
        let fiddler = written(collected("Skep, as Fiddler", ABOUT_FIDDLER, fiddler::routes, |schemas| {
            add::<ErrorResponse>(schemas);
            add::<ErrorBody>(schemas);
            add::<ErrorItem>(schemas);
        }));
        let sharedcloud =
            written(collected("Skep, as sharedcloud", ABOUT_SHAREDCLOUD, sharedcloud::routes, |schemas| {
                add::<Detail>(schemas);
            }));
        let mut tork = collected("Skep, as Tork", ABOUT_TORK, tork::routes, add::<Message>);
        let components = tork.components.get_or_insert_default();
        let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        components.security_schemes.insert("basic".to_owned(), basic.into());
        [
            (PATH, tidied(native)),
            ("/openapi/fiddler.json", fiddler),
            ("/openapi/sharedcloud.json", sharedcloud),
            ("/openapi/tork.json", written(tork)),
        ]
    })
}

fn written(document: OpenApi) -> Value {
    serde_json::to_value(document).expect("a document is always JSON")
}

/// What routes say of themselves.
fn collected(
    title: &str,
    about: &str,
    routes: fn(&mut ServiceConfig<'_>),
    refusals: impl FnOnce(&mut Schemas),
) -> OpenApi {
    let (_, mut document) = App::new().into_utoipa_app().configure(routes).split_for_parts();
    document.info =
        InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).description(Some(about)).build();
    let components = document.components.get_or_insert_default();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert("bearer".to_owned(), scheme.into());
    refusals(&mut components.schemas);
    document
}

/// Schemas by their names.
type Schemas = BTreeMap<String, RefOr<Schema>>;

fn add<T: PartialSchema + ToSchema>(schemas: &mut Schemas) {
    schemas.insert(T::name().into_owned(), T::schema());
}

/// What each success and list is of becomes a component with a name, which makes for better names in
/// generated clients; and what an answer shows is always there.
fn tidied(mut document: Value) -> Value {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return document };
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let Some(of) = name.strip_prefix("Success_") else { continue };
        let (of, place) = match of.strip_prefix("List_") {
            Some(item) => (item, "/properties/data/properties/items/items"),
            None => (of, "/properties/data"),
        };
        let reference = json!({"$ref": format!("#/components/schemas/{of}")});
        if let Some(data) = schemas.get_mut(&name).and_then(|schema| schema.pointer_mut(place)) {
            let schema = std::mem::replace(data, reference);
            schemas.entry(of.to_owned()).or_insert(schema);
        }
    }
    for (name, schema) in schemas.iter_mut() {
        if name.starts_with("Success_") || (name.ends_with("View") && name != "PayloadView") {
            require_all(schema);
        }
    }
    document
}

/// Absent is `null`, never missing; but the key of the next page is left out on the last one.
fn require_all(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(require_all);
        let names: Vec<_> = properties.keys().filter(|name| *name != "lastEvaluatedKey").cloned().collect();
        schema["required"] = json!(names);
    }
    if let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) {
        parts.iter_mut().for_each(require_all);
    }
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    // The validator that the page would send the document to is somebody else's.
    let settings = Config::from(PATH).validator_url("none");
    for (path, document) in documents() {
        config.route(path, web::get().to(move || async move { HttpResponse::Ok().json(document) }));
    }
    config.route("/docs", web::get().to(docs)).service(SwaggerUi::new("/docs/{_:.*}").config(settings));
}

async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("Location", "/docs/")).finish()
}
