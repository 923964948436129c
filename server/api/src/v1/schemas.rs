//! Parts of the document that no wire type says by itself: the names of enums, and what a no looks like.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use skep_domain::error::CODES;
use skep_domain::model::attempt::FailureCode;
use skep_domain::model::function::State;
use skep_domain::model::job::{ResultType, Status};
use skep_domain::model::log::Stream;
use skep_domain::model::plan::{Kind, StageStatus};
use skep_domain::model::run::Source;
use skep_domain::model::scope::Scopes;
use skep_domain::model::usage::By;
use skep_domain::model::webhook::{DeliveryStatus, Event};
use utoipa::openapi::schema::{Object, Schema, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Response};
use utoipa::{IntoResponses, ToSchema};

use crate::shared::refusals;

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).enum_values(Some(names)).build()
}

pub(super) fn job_status() -> Object {
    one_of(Status::ALL.iter().map(|status| status.name()))
}

/// A run is never retrying or timed out; its jobs are.
pub(super) fn run_status() -> Object {
    let runs = [Status::Queued, Status::Running, Status::Succeeded, Status::Failed, Status::Cancelled];
    one_of(runs.map(Status::name))
}

pub(super) fn plan_status() -> Object {
    run_status()
}

pub(super) fn stage_status() -> Object {
    one_of(StageStatus::ALL.iter().map(|status| status.name()))
}

pub(super) fn delivery_status() -> Object {
    one_of(DeliveryStatus::ALL.iter().map(|status| status.name()))
}

pub(super) fn event() -> Object {
    one_of(Event::ALL.iter().map(|event| event.name()))
}

/// Names of events, or patterns of them.
pub(super) fn webhook_events() -> utoipa::openapi::schema::Array {
    let name =
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).examples([json!("run.failed")]);
    ArrayBuilder::new().items(name).min_items(Some(1)).build()
}

pub(super) fn stage_kind() -> Object {
    one_of(Kind::ALL.iter().map(|kind| kind.name()))
}

pub(super) fn run_source() -> Object {
    one_of(Source::ALL.iter().map(|source| source.name()))
}

pub(super) fn version_state() -> Object {
    one_of(State::ALL.iter().map(|state| state.name()))
}

pub(super) fn result_type() -> Object {
    one_of(ResultType::ALL.iter().map(|kind| kind.name()))
}

pub(super) fn failure_code() -> Object {
    one_of(FailureCode::ALL.iter().map(|code| code.name()))
}

pub(super) fn stream() -> Object {
    one_of([Stream::Stdout, Stream::Stderr, Stream::Host].map(Stream::name))
}

pub(super) fn sort_order() -> Object {
    one_of(["asc", "desc"])
}

pub(super) fn sort_by() -> Object {
    one_of(["createdAt", "updatedAt"])
}

/// Names of scopes, or `null`, which is as good as leaving them out.
pub(super) fn scopes() -> Schema {
    let kinds = SchemaType::from_iter([Type::Array, Type::Null]);
    ArrayBuilder::new().schema_type(kinds).items(one_of(Scopes::all().names())).build().into()
}

pub(super) fn usage_by() -> Object {
    one_of(By::ALL.iter().map(|by| by.name()))
}

/// Dollars, as a number or as a string of one; `null` is as good as leaving it out.
pub(super) fn price() -> Schema {
    let of = |kind| ObjectBuilder::new().schema_type(SchemaType::new(kind));
    utoipa::openapi::OneOfBuilder::new()
        .item(of(Type::Number).minimum(Some(0)).maximum(Some(1_000_000)))
        .item(of(Type::String).pattern(Some(r"^[0-9]{1,7}(\.[0-9]{1,9})?$")))
        .item(of(Type::Null))
        .build()
        .into()
}

/// What every refusal looks like.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    status_code: u16,
    /// Missing on a 401.
    #[schema(schema_with = codes)]
    code: Option<&'static str>,
    message: String,
    /// Where a field is at fault.
    details: Option<Details>,
}

/// Which field is at fault.
#[derive(Serialize, ToSchema)]
pub(crate) struct Details {
    field: String,
}

fn codes() -> Object {
    one_of(CODES.iter().map(|code| code.name()).chain(["METHOD_NOT_ALLOWED"]))
}

/// The refusals that any request may get.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::responses("Refusal", &[405])
    }
}
