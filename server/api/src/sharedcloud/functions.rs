//! Functions: source with an image.

use std::ops::ControlFlow;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use skep_domain::model::account::Caller;
use skep_domain::model::function::{Function, Name};
use skep_domain::model::labels::Labels;
use skep_domain::model::runtime;
use skep_domain::model::source::Source;
use skep_domain::model::trace::Trace;
use skep_domain::service::Services;
use skep_domain::service::builds::{Made, NewSource};
use skep_domain::{Code, Error};

use super::body::{Body, Fields, fields, some_fields};
use super::catalog::{self, Image};
use super::error::{Failure, or_wait, wrong};
use super::list::{self, Room};
use super::model::{FunctionBody, NewFunctionBody};
use super::resources::images;
use super::schemas::Refusals;
use super::{Allowed, map, model, slash};
use crate::shared::allowed::{FunctionsRead, FunctionsWrite};
use crate::shared::observe::Traced;

type Answer = Result<HttpResponse, Failure>;

/// How long a build is waited for.
const BUILD_WAIT: Duration = Duration::from_secs(120);
/// What a script in JavaScript ends with, so that its handler is seen from outside.
pub(super) const EXPORT: &str = "\nexport { handler };\n";

/// The caller's functions, newest first: 1,000 of them, or 8 MiB of source.
#[utoipa::path(
    tag = "functions",
    responses((status = 200, description = "the functions", body = Vec<model::Function>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions")]
pub(super) async fn function_list(allowed: Allowed<FunctionsRead>, services: web::Data<Services>) -> Answer {
    let (caller, images) = (&allowed.caller, images(&services).await?);
    let (mut views, mut room) = (Vec::new(), Room::new());
    let read = async |page| services.functions.list(caller, page).await;
    let show = async |function: Function| {
        if room.take(usize::try_from(function.current.size_bytes).unwrap_or(usize::MAX)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        match shown(&services, caller, function, &images).await {
            Ok(view) => views.push(view),
            // It was deleted meanwhile.
            Err(error) if error.code() == Code::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(ControlFlow::Continue(()))
    };
    let _ = list::each(read, show).await?;
    Ok(HttpResponse::Ok().json(views))
}

#[utoipa::path(
    tag = "functions",
    params(("uuid" = String, Path, format = "uuid", description = "the function's id")),
    responses((status = 200, description = "the function", body = model::Function), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions/{uuid}")]
pub(super) async fn function_get(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let function = find(&services, &allowed.caller, &uuid).await?;
    let images = images(&services).await?;
    Ok(HttpResponse::Ok().json(shown(&services, &allowed.caller, function, &images).await?))
}

/// Makes a function of source: it is there once it has been built.
#[utoipa::path(
    tag = "functions",
    request_body(content = NewFunctionBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "the function; 200 where the path has no slash at its end", body = model::Function), (status = 200, description = "the function", body = model::Function), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[post("/functions")]
pub(super) async fn function_create(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    Traced(trace): Traced,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let mut fields = fields(body).await?;
    let (name, code) = (fields.required("name")?, fields.required("code")?);
    Name::parse(&name)?;
    let images = images(&services).await?;
    let image = image_of(&images, &fields.required("image")?)?;
    match services.functions.get(&allowed.caller, &name).await {
        Ok(_) => return Err(wrong("name", "function with this name already exists.").into()),
        Err(error) if error.code() == Code::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let function =
        make(&services, &allowed.caller, NewCode { name: &name, image, code: &code, trace }).await?;
    Ok(slash::made(&request, shown(&services, &allowed.caller, function, &images).await?))
}

/// Changes a function's source or image. The old one goes on where the new one cannot be built.
#[utoipa::path(
    tag = "functions",
    params(("uuid" = String, Path, format = "uuid", description = "the function's id")),
    request_body(content = FunctionBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the function", body = model::Function), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[patch("/functions/{uuid}")]
pub(super) async fn function_change(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    traced: Traced,
    uuid: web::Path<String>,
    body: Body,
) -> Answer {
    change(&allowed.caller, &services, traced, &uuid, some_fields(body).await?).await
}

/// The same as PATCH.
#[utoipa::path(
    tag = "functions",
    params(("uuid" = String, Path, format = "uuid", description = "the function's id")),
    request_body(content = FunctionBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the function", body = model::Function), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[put("/functions/{uuid}")]
pub(super) async fn function_replace(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    traced: Traced,
    uuid: web::Path<String>,
    body: Body,
) -> Answer {
    change(&allowed.caller, &services, traced, &uuid, some_fields(body).await?).await
}

async fn change(
    caller: &Caller,
    services: &Services,
    Traced(trace): Traced,
    uuid: &str,
    mut fields: Fields,
) -> Answer {
    let function = find(services, caller, uuid).await?;
    if fields.take("name").is_some_and(|name| name != function.name.as_str()) {
        return Err(wrong("name", "A function keeps its name on this server; make another one.").into());
    }
    let images = images(services).await?;
    let (code, image) = (fields.take("code"), fields.take("image"));
    let function = match (&code, &image) {
        (None, None) => function,
        _ => {
            let image = match &image {
                Some(id) => image_of(&images, id)?,
                None => image_now(&images, &function)
                    .ok_or_else(|| wrong("image", "This field is required: the function has none yet."))?,
            };
            let code = match code {
                Some(code) => code,
                None => only_code_of(services, caller, &function).await?,
            };
            make(services, caller, NewCode { name: function.name.as_str(), image, code: &code, trace })
                .await?
        }
    };
    Ok(HttpResponse::Ok().json(shown(services, caller, function, &images).await?))
}

#[utoipa::path(
    tag = "functions",
    params(("uuid" = String, Path, format = "uuid", description = "the function's id")),
    responses((status = 204, description = "deleted, with its runs and jobs; 200 where the path has no slash at its end"), (status = 200, description = "deleted"), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[delete("/functions/{uuid}")]
pub(super) async fn function_delete(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let function = find(&services, &allowed.caller, &uuid).await?;
    services.functions.delete(&allowed.caller, function.name.as_str()).await.map_err(or_wait)?;
    Ok(slash::deleted(&request))
}

async fn find(services: &Services, caller: &Caller, uuid: &str) -> Result<Function, Error> {
    let id = uuid.parse().map_err(|_| Error::not_found("function"))?;
    services.functions.find_by_id(caller, id).await
}

fn image_of<'a>(images: &'a [Image], id: &str) -> Result<&'a Image, Error> {
    let found = images.iter().find(|image| catalog::is_same(&image.uuid, id));
    found.ok_or_else(|| wrong("image", format!("Invalid pk \"{id}\" - object does not exist.")))
}

/// The image that a function has: the one that it was made with, or the first of its runtime.
fn image_now<'a>(images: &'a [Image], function: &Function) -> Option<&'a Image> {
    let labelled = function.settings.labels.get(map::IMAGE);
    let named = images.iter().find(|image| Some(&image.uuid) == labelled);
    let runtime = function.current.build.as_ref()?.runtime.split('@').next()?;
    named.or_else(|| images.iter().find(|image| image.runtime.name.as_str() == runtime))
}

/// Source with an image.
struct NewCode<'a> {
    name: &'a str,
    image: &'a Image,
    code: &'a str,
    trace: Option<Trace>,
}

/// Makes a function of it, or gives it to one, and waits for its build.
async fn make(services: &Services, caller: &Caller, new: NewCode<'_>) -> Result<Function, Error> {
    let NewCode { name, image, code, trace } = new;
    let runtime = image.runtime.name.as_str();
    let text = with_handler(runtime, code)?;
    let main = runtime::file_end(runtime).map_or(name.to_owned(), |end| format!("{name}.{end}"));
    let files = vec![(main.clone(), text.into_bytes())];
    let source = Source::new(main, files, services.limits().source_bytes_max)?;
    let new = NewSource { runtime: runtime.to_owned(), source, trace };
    let labels = Labels::from([(map::IMAGE.to_owned(), image.uuid.clone())]);
    match services.builds.make(caller, name, new, labels, BUILD_WAIT).await? {
        Made::Ready(function) => Ok(*function),
        Made::Failed(logs) => Err(wrong("code", logs.trim_end())),
        Made::Building => {
            let message = "The build goes on; look at the function again in a while.";
            Err(Error::new(Code::Unavailable, message))
        }
    }
}

/// The source as it is built: it must have a handler, which in JavaScript is to be exported.
fn with_handler(runtime: &str, code: &str) -> Result<String, Error> {
    let (signature, beginnings): (_, &[&str]) = match runtime {
        "python" => ("def handler(event):", &["defhandler("]),
        "javascript" | "typescript" => ("function handler(event)", &["functionhandler(", "handler="]),
        _ => return Ok(code.to_owned()),
    };
    let dense: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    // Whether it takes one argument is for the build to say.
    if !beginnings.iter().any(|beginning| dense.contains(beginning)) {
        return Err(wrong("code", format!("code needs to have the following signature: {signature}")));
    }
    let listed = dense.split("export{").skip(1).filter_map(|rest| rest.split('}').next());
    let is_listed = listed
        .flat_map(|names| names.split(','))
        .any(|name| name == "handler" || name.ends_with("ashandler"));
    let exported = ["function", "asyncfunction", "const", "let", "var"];
    let is_exported =
        is_listed || exported.iter().any(|kind| dense.contains(&format!("export{kind}handler")));
    Ok(if runtime != "python" && !is_exported { format!("{code}{EXPORT}") } else { code.to_owned() })
}

/// A function's source as it was given; nothing where it was uploaded as a component.
async fn code_of(services: &Services, caller: &Caller, function: &Function) -> Result<String, Error> {
    Ok(source_of(services, caller, function).await?.0)
}

/// The same, to be built again: it must be all that there is.
async fn only_code_of(services: &Services, caller: &Caller, function: &Function) -> Result<String, Error> {
    match source_of(services, caller, function).await? {
        (code, 1) => Ok(code),
        (_, files) => {
            Err(wrong("code", format!("This field is required: the function has {files} files of source.")))
        }
    }
}

/// The file that a function begins with, and how many it has.
async fn source_of(
    services: &Services,
    caller: &Caller,
    function: &Function,
) -> Result<(String, usize), Error> {
    if function.current.build.is_none() {
        return Ok((String::new(), 0));
    }
    let kept = services.functions.source(caller, function.name.as_str(), function.current.number).await?;
    let source = Source::from_bytes(&kept)?;
    Ok((text_of(&source), source.files().len()))
}

/// The file that source begins with, as it was given.
pub(super) fn text_of(source: &Source) -> String {
    let text = source.files().get(source.main()).map(|bytes| String::from_utf8_lossy(bytes));
    let text = text.unwrap_or_default();
    text.strip_suffix(EXPORT).unwrap_or(&text).to_owned()
}

async fn shown(
    services: &Services,
    caller: &Caller,
    function: Function,
    images: &[Image],
) -> Result<model::Function, Error> {
    let image = image_now(images, &function);
    Ok(model::Function {
        uuid: function.id.to_string(),
        current_server_time: map::date(services.base().clock.now()),
        registry_path: image.map(|image| image.registry_path.clone()).unwrap_or_default(),
        runtime: image.map(|image| image.label.clone()).unwrap_or_default(),
        num_runs: services.runs.count(caller, function.id).await?,
        updated_at: map::date(function.updated_at),
        created_at: map::date(function.created_at),
        name: function.name.as_str().to_owned(),
        code: code_of(services, caller, &function).await?,
        image: image.map(|image| image.uuid.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_has_a_handler_that_is_seen_from_outside() {
        let javascript = "function handler (event) { return 1; }";
        assert_eq!(
            with_handler("javascript", javascript).expect("it has one"),
            format!("{javascript}{EXPORT}")
        );
        for exported in [
            "export function handler(event) {}",
            "export const handler = (event) => 1;",
            "function handler(event) {}\nexport{ other, handler };",
            "const handle = (e) => e; const handler = handle; export { handle as handler }",
        ] {
            assert_eq!(with_handler("javascript", exported).expect("it has one"), exported);
        }
        let beside = "export const x = 1; function handler(event) {}";
        assert_eq!(with_handler("javascript", beside).expect("it has one"), format!("{beside}{EXPORT}"));
        assert!(with_handler("python", "def handler(event):\n    return 1\n").is_ok());
        assert!(with_handler("shell", "echo hello").is_ok());
        let arrow = "const handler = (e) => 1";
        assert_eq!(with_handler("typescript", arrow).expect("it has one"), format!("{arrow}{EXPORT}"));
        for bad in ["def other(event): pass", "handler = 1", ""] {
            let error = with_handler("python", bad).expect_err(bad);
            assert!(error.message().contains("needs to have the following signature"));
        }
    }
}
