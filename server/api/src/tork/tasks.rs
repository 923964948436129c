//! `/tasks`.

use actix_web::{HttpResponse, get, web};
use skep_domain::service::Services;

use super::auth::Allowed;
use super::error::{Failure, missing};
use super::execution;
use super::schemas::{Refusals, Task};
use crate::shared::allowed::RunsRead;

#[utoipa::path(
    tag = "tasks",
    params(("id" = String, Path, description = "the task's id")),
    responses((status = 200, description = "the task", body = Task), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("/{id}")]
pub(super) async fn task_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let task =
        execution::one(&services, &allowed.caller, &id).await.map_err(|error| missing(error, "task"))?;
    Ok(HttpResponse::Ok().json(task.view))
}
