//! Query parameters, as the document shows them. What they mean is in `shared/params.rs`, which reads them.
#![expect(dead_code, reason = "these describe what `Params` reads by name")]

use utoipa::IntoParams;

/// Which part of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct PageQuery {
    /// Items of the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// Where the page before ended; given out with it, for the same filters.
    last_evaluated_key: Option<String>,
}

/// When it was made, both ends included, in Unix milliseconds.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct DateQuery {
    /// Not before.
    #[param(minimum = 0)]
    date_from: Option<u64>,
    /// Not after.
    #[param(minimum = 0)]
    date_to: Option<u64>,
}

/// Which way a list runs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct OrderQuery {
    /// `asc` or `desc`.
    #[param(schema_with = super::schemas::sort_order)]
    sort_order: Option<String>,
}

/// Which jobs, in which order. `jobType`, `runId`, or `status` and `resultType` together are looked up
/// directly, and so is either order alone. Other combinations look at 5,000 jobs a page at most: such a page
/// may have fewer items than asked for, or none, and still a `lastEvaluatedKey` to go on with.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct JobQuery {
    /// A function's name.
    job_type: Option<String>,
    #[param(schema_with = super::schemas::job_status)]
    status: Option<String>,
    #[param(schema_with = super::schemas::result_type)]
    result_type: Option<String>,
    #[param(schema_with = super::schemas::sort_by)]
    sort_by: Option<String>,
}

/// What makes a request one that is done once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IdempotencyHeader {
    /// The same key with the same body within 24 hours gets the first answer, with
    /// `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}

/// What usage is added up by.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageQuery {
    /// `day` (newest first), `function` (in the order of first use), or `run` (newest first).
    #[param(schema_with = super::schemas::usage_by)]
    by: Option<String>,
}

/// What an upload of source is, where its media type does not say it, and how long to wait for its build.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct UploadQuery {
    /// The runtime that builds it; without it the media type says, or the end of the name of `main`.
    runtime: Option<String>,
    /// The path of the file to begin with; of one file, its name.
    main: Option<String>,
    /// How long to wait for the build, in milliseconds.
    #[param(minimum = 0, maximum = 86_400_000, default = 60_000)]
    wait_ms: Option<u64>,
}

/// Which part of a log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct LogQuery {
    /// Whether to stream lines as they are written.
    follow: Option<bool>,
    /// Lines of the page.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<u32>,
    /// Where the page before ended.
    last_evaluated_key: Option<String>,
}

/// What an upload of a model says beside its bytes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct ModelQuery {
    /// The axis of each input and output along which rows are independent of each other, so that inferences may be
    /// computed together. The upload proves it on examples, and is refused where it is not so. Without it each
    /// inference is computed alone.
    #[param(minimum = 0, maximum = 7)]
    batch_axis: Option<u32>,
    /// Rows of one batch.
    #[param(minimum = 2, maximum = 1024, default = 32)]
    batch_rows: Option<u32>,
    /// Whether all accounts may use it, and inferences of all of them be computed together: needs the scope `admin`.
    #[param(default = false)]
    shared: Option<bool>,
}
