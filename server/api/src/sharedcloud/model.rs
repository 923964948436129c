//! What sharedcloud's API sends. Dates are `DD-MM-YYYY HH:MM:SS` in UTC, money is a number of dollars.

use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;

/// What a login gives.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    /// 40 hex digits.
    pub(super) token: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    #[schema(format = "uuid")]
    pub(super) uuid: String,
    pub(super) username: String,
    /// Empty: none is kept.
    pub(super) email: &'static str,
    /// Null: it is not kept.
    #[schema(required)]
    pub(super) last_login: Option<String>,
    pub(super) date_joined: String,
    /// 0: nothing is paid in advance. What was used is at `/v1/usage`.
    #[schema(value_type = f64)]
    pub(super) balance: Number,
    pub(super) current_server_time: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Function {
    #[schema(format = "uuid")]
    pub(super) uuid: String,
    pub(super) current_server_time: String,
    /// Of its image; empty where it has none.
    pub(super) registry_path: String,
    /// Of its image; empty where it has none.
    pub(super) runtime: String,
    pub(super) num_runs: u64,
    pub(super) updated_at: String,
    pub(super) created_at: String,
    pub(super) name: String,
    /// Empty where it was uploaded as a component.
    pub(super) code: String,
    /// Null where it was uploaded as a component.
    #[schema(required, format = "uuid")]
    pub(super) image: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Run {
    #[schema(format = "uuid")]
    pub(super) uuid: String,
    pub(super) current_server_time: String,
    /// `n/a` where it has none.
    pub(super) base_gpu_name: String,
    pub(super) num_jobs: u32,
    pub(super) function_name: String,
    pub(super) created_at: String,
    /// The text as it was sent.
    pub(super) parameters: String,
    #[schema(value_type = f64)]
    pub(super) bid_price: Number,
    #[schema(format = "uuid")]
    pub(super) function: String,
    #[schema(required, format = "uuid")]
    pub(super) base_gpu: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Job {
    #[schema(format = "uuid")]
    pub(super) uuid: String,
    pub(super) current_server_time: String,
    pub(super) function_name: String,
    /// Whole seconds of its last attempt.
    #[schema(required)]
    pub(super) duration: Option<u64>,
    #[schema(required)]
    pub(super) started_at: Option<String>,
    #[schema(required)]
    pub(super) assigned_at: Option<String>,
    pub(super) created_at: String,
    #[schema(required)]
    pub(super) finished_at: Option<String>,
    /// Its place in the run, from 0.
    pub(super) incremental_id: u32,
    /// 1 created, 2 in progress, 3 succeeded, 4 failed, 5 timed out.
    #[schema(minimum = 1, maximum = 5)]
    pub(super) status: u8,
    /// The text of a tuple.
    pub(super) arguments: String,
    #[schema(value_type = f64)]
    pub(super) cost: Number,
    pub(super) build_logs: String,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) result: String,
    /// The instance that had it last; null where this server ran it itself.
    #[schema(required, format = "uuid")]
    pub(super) instance: Option<String>,
    #[schema(format = "uuid")]
    pub(super) run: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Image {
    #[schema(format = "uuid")]
    pub(super) uuid: String,
    pub(super) current_server_time: String,
    /// Of the caller's instances, those that have it.
    pub(super) num_installations: usize,
    pub(super) registry_path: String,
    pub(super) updated_at: String,
    pub(super) created_at: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) requires_gpu: bool,
    pub(super) runtime: String,
    #[schema(example = "latest")]
    pub(super) tag: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Gpu {
    #[schema(format = "uuid")]
    pub(super) uuid: &'static str,
    pub(super) current_server_time: String,
    pub(super) is_available: bool,
    pub(super) created_at: String,
    pub(super) name: &'static str,
    pub(super) codename: &'static str,
    pub(super) cuda_cores: u32,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Instance {
    #[schema(format = "uuid")]
    pub(super) uuid: String,
    /// 1 CPU, 2 GPU.
    #[schema(minimum = 1, maximum = 2)]
    pub(super) r#type: u8,
    /// The id of the model of its GPU.
    #[schema(required, format = "uuid")]
    pub(super) gpu: Option<&'static str>,
    /// `n/a` where it has none.
    pub(super) gpu_name: &'static str,
    pub(super) num_running_jobs: u32,
    /// As many: what an instance was given, it runs.
    pub(super) num_assigned_jobs: u32,
    pub(super) updated_at: String,
    pub(super) created_at: String,
    #[schema(required)]
    pub(super) last_connection: Option<String>,
    pub(super) name: String,
    /// 1 not available, 2 available.
    #[schema(minimum = 1, maximum = 2)]
    pub(super) status: u8,
    /// Dollars a job-minute.
    #[schema(value_type = f64)]
    pub(super) ask_price: Number,
    /// Ids of images.
    pub(super) downloaded_images: Vec<String>,
    pub(super) max_num_parallel_jobs: u32,
    pub(super) current_server_time: String,
}

/// A job that an instance is given.
#[derive(Serialize, ToSchema)]
pub(super) struct GivenJob {
    /// The job's id, and from its second attempt on `-` and the number: what is reported is of this attempt.
    pub(super) job_uuid: String,
    pub(super) requires_gpu: bool,
    pub(super) image_registry_path: String,
    /// The program to run: the function's source, and a call of its handler.
    pub(super) wrapped_code: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Offer {
    pub(super) name: String,
    /// 1 CPU, 2 GPU.
    #[schema(minimum = 1, maximum = 2)]
    pub(super) r#type: u8,
    /// `n/a` where it has none.
    pub(super) gpu_name: &'static str,
    /// `n/a` where it has no GPU.
    pub(super) cuda_cores: serde_json::Value,
    /// What it asks, and a fifth more.
    #[schema(value_type = f64)]
    pub(super) ask_price: Number,
    #[schema(required)]
    pub(super) last_connection: Option<String>,
    pub(super) current_server_time: String,
}

// Bodies, as the document shows them: `Fields` reads them by name.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct LoginBody {
    username: String,
    password: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct NewAccountBody {
    /// 1 to 100 letters, digits, `.`, `_`, `-`, `@`.
    username: String,
    password: String,
    /// Not kept.
    email: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct AccountBody {
    /// A new password. Its tokens end with the old one.
    password: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct NewFunctionBody {
    name: String,
    /// An image's id.
    image: String,
    code: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct FunctionBody {
    name: Option<String>,
    /// An image's id.
    image: Option<String>,
    code: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct RunBody {
    /// A function's id, or its name.
    function: String,
    /// A tuple of tuples, as Python writes it.
    #[schema(example = "((512, 0.2, 10, 2),)")]
    parameters: String,
    /// Dollars a job-minute, at least 0.001.
    bid_price: String,
    /// The id of a model of GPU, where the function's image requires one.
    base_gpu: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct NewInstanceBody {
    name: String,
    /// 1 CPU, 2 GPU.
    r#type: String,
    /// Dollars a job-minute, at least 0.001.
    ask_price: String,
    /// 1 to 100; 1 where it has a GPU, or nothing is said.
    max_num_parallel_jobs: Option<String>,
    /// The id of a model of GPU, where the type is 2.
    gpu: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct InstanceBody {
    name: Option<String>,
    /// 1 CPU, 2 GPU.
    r#type: Option<String>,
    /// Dollars a job-minute, at least 0.001.
    ask_price: Option<String>,
    /// 1 to 100; 1 where it has a GPU.
    max_num_parallel_jobs: Option<String>,
    /// The id of a model of GPU, where the type is 2.
    gpu: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct ImageBody {
    /// As in `sharedcloud/web-crawling-python36:latest`.
    image_registry_path: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `Fields` reads by name")]
pub(super) struct ReportBody {
    /// 2 in progress, 3 succeeded, 4 failed, 5 timed out.
    status: String,
    /// What was said before it ran.
    build_logs: Option<String>,
    /// Its standard output.
    output: Option<String>,
    /// Its standard error.
    error: Option<String>,
}
