//! A job's definition in Tork's language: what it may say, in YAML and in JSON, and what is wrong with it, in the
//! product's words.
//!
//! Both languages are read into a tree ([`tree`]), and the tree into these types ([`read`]), so that each text is made in
//! one place. [`check()`] says what the product's validator says.

mod check;
pub(super) mod duration;
mod json;
mod read;
mod tree;
mod yaml;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(super) use self::check::{Fault, check, expressions};
use self::read::{Language, Reader};

/// Reads a job from JSON.
///
/// # Errors
/// What is wrong with it.
pub(super) fn from_json(bytes: &[u8]) -> Result<Job, String> {
    Reader::new(Language::Json).read(json::parse(bytes)?)
}

/// Reads a job from YAML: the first document.
///
/// # Errors
/// What is wrong with it.
pub(super) fn from_yaml(bytes: &[u8]) -> Result<Job, String> {
    Reader::new(Language::Yaml).read(yaml::parse(bytes)?)
}

/// Reads a scheduled job from JSON, and when it is submitted.
///
/// # Errors
/// What is wrong with it.
pub(super) fn scheduled_from_json(bytes: &[u8]) -> Result<(Job, Option<Schedule>), String> {
    let scheduled: ScheduledJob = Reader::new(Language::Json).read(json::parse(bytes)?)?;
    Ok((scheduled.job, scheduled.schedule))
}

/// Reads a scheduled job from YAML: the first document.
///
/// # Errors
/// What is wrong with it.
pub(super) fn scheduled_from_yaml(bytes: &[u8]) -> Result<(Job, Option<Schedule>), String> {
    let scheduled: ScheduledJob = Reader::new(Language::Yaml).read(yaml::parse(bytes)?)?;
    Ok((scheduled.job, scheduled.schedule))
}

/// A job that is submitted whenever its time comes: all of a job but whether it is waited for.
#[derive(Default)]
struct ScheduledJob {
    job: Job,
    schedule: Option<Schedule>,
}

impl read::Read for ScheduledJob {
    const GO: &'static str = "ScheduledJob";
    const NAMES: &'static [&'static str] = &[
        "name",
        "description",
        "tags",
        "tasks",
        "inputs",
        "secrets",
        "output",
        "defaults",
        "webhooks",
        "permissions",
        "autoDelete",
        "schedule",
    ];

    fn field(&mut self, name: &str, node: tree::Node, reader: &mut Reader) {
        match name {
            "schedule" => reader.some(node, &mut self.schedule),
            _ => self.job.field(name, node, reader),
        }
    }
}

type Texts = BTreeMap<String, String>;

fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Declares types whose fields are left out where they are empty, and how each field is read.
macro_rules! types {
    ($($(#[$doc:meta])* $type:ident = $go:literal {
        $($(#[$attribute:meta])* $name:literal $field:ident: $kind:ty = $how:ident, $empty:literal;)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub(super) struct $type {
            $($(#[$attribute])* #[serde(rename = $name, skip_serializing_if = $empty)] pub(super) $field: $kind,)*
        }

        impl read::Read for $type {
            const GO: &'static str = $go;
            const NAMES: &'static [&'static str] = &[$($name),*];

            fn field(&mut self, name: &str, node: tree::Node, reader: &mut Reader) {
                match name {
                    $($name => reader.$how(node, &mut self.$field),)*
                    _ => {}
                }
            }
        }
    )*};
}

types! {
    /// A job.
    Job = "Job" {
        "name" name: String = text, "String::is_empty";
        "description" description: String = text, "String::is_empty";
        "tags" tags: Vec<String> = texts, "Vec::is_empty";
        "tasks" tasks: Tasks = tasks, "Tasks::is_empty";
        "inputs" inputs: Texts = map, "BTreeMap::is_empty";
        "secrets" secrets: Texts = map, "BTreeMap::is_empty";
        "output" output: String = text, "String::is_empty";
        "defaults" defaults: Option<Defaults> = some, "Option::is_none";
        "webhooks" webhooks: Vec<Webhook> = many, "Vec::is_empty";
        "permissions" permissions: Vec<Permission> = many, "Vec::is_empty";
        "autoDelete" auto_delete: Option<AutoDelete> = some, "Option::is_none";
        "wait" wait: Option<Wait> = some, "Option::is_none";
        "runAt" run_at: String = text, "String::is_empty";
    }
    /// How long its submitter waits for its end.
    Wait = "Wait" {
        "timeout" timeout: String = text, "String::is_empty";
    }
    /// When it is submitted.
    Schedule = "Schedule" {
        "cron" cron: String = text, "String::is_empty";
    }
    /// What tasks have that do not say.
    Defaults = "Defaults" {
        "retry" retry: Option<Retry> = some, "Option::is_none";
        "limits" limits: Option<Limits> = some, "Option::is_none";
        "timeout" timeout: String = text, "String::is_empty";
        "queue" queue: String = text, "String::is_empty";
        "priority" priority: i64 = integer, "is_zero";
    }
    /// How long it is kept once it is over.
    AutoDelete = "AutoDelete" {
        "after" after: String = text, "String::is_empty";
    }
    /// Who is told of what.
    Webhook = "Webhook" {
        "url" url: String = text, "String::is_empty";
        "headers" headers: Texts = map, "BTreeMap::is_empty";
        "event" event: String = text, "String::is_empty";
        "if" when: String = text, "String::is_empty";
    }
    /// Who may see it.
    Permission = "Permission" {
        "user" user: String = text, "String::is_empty";
        "role" role: String = text, "String::is_empty";
    }
    /// A task.
    Task = "Task" {
        "name" name: String = text, "String::is_empty";
        "description" description: String = text, "String::is_empty";
        "cmd" cmd: Vec<String> = texts, "Vec::is_empty";
        "entrypoint" entrypoint: Vec<String> = texts, "Vec::is_empty";
        "run" run: String = text, "String::is_empty";
        "image" image: String = text, "String::is_empty";
        "registry" registry: Option<Registry> = some, "Option::is_none";
        "env" env: Texts = map, "BTreeMap::is_empty";
        "files" files: Texts = map, "BTreeMap::is_empty";
        "queue" queue: String = text, "String::is_empty";
        "pre" pre: Vec<Aux> = many, "Vec::is_empty";
        "post" post: Vec<Aux> = many, "Vec::is_empty";
        "sidecars" sidecars: Vec<Sidecar> = many, "Vec::is_empty";
        "mounts" mounts: Vec<Mount> = many, "Vec::is_empty";
        "networks" networks: Vec<String> = texts, "Vec::is_empty";
        "retry" retry: Option<Retry> = some, "Option::is_none";
        "limits" limits: Option<Limits> = some, "Option::is_none";
        "timeout" timeout: String = text, "String::is_empty";
        "var" var: String = text, "String::is_empty";
        "if" when: String = text, "String::is_empty";
        "parallel" parallel: Option<Parallel> = some, "Option::is_none";
        "each" each: Option<Each> = some, "Option::is_none";
        "subjob" subjob: Option<SubJob> = some, "Option::is_none";
        "gpus" gpus: String = text, "String::is_empty";
        "tags" tags: Vec<String> = texts, "Vec::is_empty";
        "workdir" workdir: String = text, "String::is_empty";
        "priority" priority: i64 = integer, "is_zero";
    }
    /// A job in a job.
    SubJob = "SubJob" {
        "id" id: String = text, "String::is_empty";
        "name" name: String = text, "String::is_empty";
        "description" description: String = text, "String::is_empty";
        "tasks" tasks: Tasks = tasks, "Tasks::is_empty";
        "inputs" inputs: Texts = map, "BTreeMap::is_empty";
        "secrets" secrets: Texts = map, "BTreeMap::is_empty";
        "autoDelete" auto_delete: Option<AutoDelete> = some, "Option::is_none";
        "output" output: String = text, "String::is_empty";
        "detached" detached: bool = flag, "is_false";
        "webhooks" webhooks: Vec<Webhook> = many, "Vec::is_empty";
    }
    /// A task for each item of a list.
    Each = "Each" {
        "var" var: String = text, "String::is_empty";
        "list" list: String = text, "String::is_empty";
        "task" task: Box<Task> = boxed, "is_nothing";
        "concurrency" concurrency: i64 = integer, "is_zero";
    }
    /// Tasks at once.
    Parallel = "Parallel" {
        "tasks" tasks: Tasks = tasks, "Tasks::is_empty";
    }
    /// How often a task is tried again.
    Retry = "Retry" {
        "limit" limit: i64 = integer, "is_zero";
    }
    /// What a task may use.
    Limits = "Limits" {
        "cpus" cpus: String = text, "String::is_empty";
        "memory" memory: String = text, "String::is_empty";
    }
    /// Who fetches the image.
    Registry = "Registry" {
        "username" username: String = text, "String::is_empty";
        "password" password: String = text, "String::is_empty";
    }
    /// A folder from outside.
    Mount = "Mount" {
        "type" kind: String = text, "String::is_empty";
        "source" source: String = text, "String::is_empty";
        "target" target: String = text, "String::is_empty";
        "opts" opts: Texts = map, "BTreeMap::is_empty";
    }
    /// A task before or after another.
    Aux = "AuxTask" {
        "name" name: String = text, "String::is_empty";
        "description" description: String = text, "String::is_empty";
        "cmd" cmd: Vec<String> = texts, "Vec::is_empty";
        "entrypoint" entrypoint: Vec<String> = texts, "Vec::is_empty";
        "run" run: String = text, "String::is_empty";
        "image" image: String = text, "String::is_empty";
        "registry" registry: Option<Registry> = some, "Option::is_none";
        "env" env: Texts = map, "BTreeMap::is_empty";
        "files" files: Texts = map, "BTreeMap::is_empty";
        "timeout" timeout: String = text, "String::is_empty";
    }
    /// A task beside another.
    Sidecar = "SidecarTask" {
        "name" name: String = text, "String::is_empty";
        "description" description: String = text, "String::is_empty";
        "cmd" cmd: Vec<String> = texts, "Vec::is_empty";
        "entrypoint" entrypoint: Vec<String> = texts, "Vec::is_empty";
        "run" run: String = text, "String::is_empty";
        "image" image: String = text, "String::is_empty";
        "registry" registry: Option<Registry> = some, "Option::is_none";
        "env" env: Texts = map, "BTreeMap::is_empty";
        "files" files: Texts = map, "BTreeMap::is_empty";
        "timeout" timeout: String = text, "String::is_empty";
        "probe" probe: Option<Probe> = some, "Option::is_none";
    }
    /// Whether a task beside another is ready.
    Probe = "Probe" {
        "path" path: String = text, "String::is_empty";
        "port" port: i64 = integer, "is_zero";
        "timeout" timeout: String = text, "String::is_empty";
    }
}

fn is_nothing(_: &Task) -> bool {
    false
}

/// Tasks, and whether any were named: none and an empty list are not the same mistake.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tasks {
    all: Vec<Task>,
    #[serde(skip)]
    is_named: bool,
}

impl Tasks {
    fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl From<Vec<Task>> for Tasks {
    fn from(all: Vec<Task>) -> Self {
        Self { all, is_named: true }
    }
}

impl std::ops::Deref for Tasks {
    type Target = Vec<Task>;

    fn deref(&self) -> &Vec<Task> {
        &self.all
    }
}

impl std::ops::DerefMut for Tasks {
    fn deref_mut(&mut self) -> &mut Vec<Task> {
        &mut self.all
    }
}

#[cfg(test)]
mod tests;
