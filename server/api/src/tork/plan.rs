//! A job's definition as a plan: a task is a stage, `run` and `image` a call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use skep_domain::Result;
use skep_domain::model::plan::{Aside, Call, Does, Each, Head, Nested, Script, Stage, Style};
use skep_domain::model::retry::Policy;
use skep_domain::model::webhook::Hook;

use super::definition::{AutoDelete, Aux, Defaults, Job, Mount, SubJob, Task, Webhook, duration};
use super::view::REDACTED;
use super::webhooks;

/// What runs where no image is named.
const IMAGE: &str = "shell";
/// What an each knows its item as where it does not say.
const ITEM: &str = "item";
/// The file that a guest's result is read from, by the name that tasks know it by.
const OUTPUT: (&str, &str) = ("TORK_OUTPUT", "/output");
/// The same of the file in which a guest says how far it is.
const PROGRESS: (&str, &str) = ("TORK_PROGRESS", "/progress");
/// Where a task's files are.
const WORKDIR: &str = "/tork/workdir";

/// A job as a plan.
///
/// # Errors
/// If it cannot be kept.
pub(super) fn of_job(mut job: Job) -> Result<Nested> {
    let secrets = std::mem::take(&mut job.secrets);
    let defaults = job.defaults.clone().unwrap_or_default();
    let stages = job.tasks.iter().map(|task| stage(task, &defaults)).collect::<Result<_>>()?;
    let hooks = hooks(&job.webhooks)?;
    let head = Head {
        name: job.name.clone(),
        description: some(&job.description),
        tags: tags(&job.tags),
        inputs: texts(&job.inputs),
        output: some(&job.output),
        style: Style::Text,
        kept_ms: kept_ms(job.auto_delete.as_ref()),
        noted: Some(noted(&Job { secrets: redacted(&secrets), ..without_secrets(job) })?),
        ..Head::default()
    };
    Ok(Nested { head, secrets, webhooks: hooks, is_detached: false, stages })
}

/// A definition as it is kept beside the plan: what is secret is not in it.
fn without_secrets(mut job: Job) -> Job {
    job.tasks.iter_mut().for_each(hide);
    job.webhooks.iter_mut().for_each(webhooks::hide);
    job
}

fn hide(task: &mut Task) {
    let password = task.registry.as_mut().map(|registry| &mut registry.password);
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        REDACTED.clone_into(password);
    }
    if let Some(subjob) = &mut task.subjob {
        subjob.secrets = redacted(&subjob.secrets);
        subjob.tasks.iter_mut().for_each(hide);
        subjob.webhooks.iter_mut().for_each(webhooks::hide);
    }
    if let Some(each) = &mut task.each {
        hide(&mut each.task);
    }
    if let Some(parallel) = &mut task.parallel {
        parallel.tasks.iter_mut().for_each(hide);
    }
}

fn redacted(secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    secrets.keys().map(|name| (name.clone(), REDACTED.to_owned())).collect()
}

fn hooks(webhooks: &[Webhook]) -> Result<Vec<Hook>> {
    webhooks.iter().map(webhooks::hook).filter_map(Result::transpose).collect()
}

fn stage(task: &Task, defaults: &Defaults) -> Result<Stage> {
    let parts = |tasks: &[Task]| tasks.iter().map(|task| stage(task, defaults)).collect::<Result<Vec<_>>>();
    let does = if let Some(parallel) = &task.parallel {
        Does::Parallel(parts(&parallel.tasks)?)
    } else if let Some(each) = &task.each {
        Does::Each(Box::new(Each {
            list: each.list.clone(),
            var: some(&each.var).unwrap_or_else(|| ITEM.to_owned()),
            concurrency: u32::try_from(each.concurrency).ok().filter(|count| *count > 0),
            stage: stage(&each.task, defaults)?,
        }))
    } else if let Some(subjob) = &task.subjob {
        Does::Plan(Box::new(nested(subjob)?))
    } else {
        Does::Call(Box::new(call(task, defaults)))
    };
    let mut shown = task.clone();
    hide(&mut shown);
    Ok(Stage {
        name: task.name.clone(),
        when: some(&task.when),
        var: some(&task.var),
        noted: Some(noted(&shown)?),
        does,
    })
}

fn nested(subjob: &SubJob) -> Result<Nested> {
    let shown = Job {
        name: subjob.name.clone(),
        description: subjob.description.clone(),
        tasks: subjob.tasks.clone(),
        inputs: subjob.inputs.clone(),
        secrets: redacted(&subjob.secrets),
        auto_delete: subjob.auto_delete.clone(),
        output: subjob.output.clone(),
        webhooks: subjob.webhooks.clone(),
        ..Job::default()
    };
    let head = Head {
        name: subjob.name.clone(),
        description: some(&subjob.description),
        inputs: texts(&subjob.inputs),
        output: some(&subjob.output),
        style: Style::Text,
        kept_ms: kept_ms(subjob.auto_delete.as_ref()),
        noted: Some(noted(&without_secrets(shown))?),
        ..Head::default()
    };
    // The outer job's defaults are not its.
    let stages = subjob.tasks.iter().map(|task| stage(task, &Defaults::default())).collect::<Result<_>>()?;
    let (secrets, webhooks) = (subjob.secrets.clone(), hooks(&subjob.webhooks)?);
    Ok(Nested { head, secrets, webhooks, is_detached: subjob.detached, stages })
}

fn call(task: &Task, defaults: &Defaults) -> Call {
    let mut env = task.env.clone();
    for (name, path) in [OUTPUT, PROGRESS] {
        env.insert(name.to_owned(), path.to_owned());
    }
    let workdir = some(&task.workdir).or_else(|| (!task.files.is_empty()).then(|| WORKDIR.to_owned()));
    let timeout = some(&task.timeout).or_else(|| some(&defaults.timeout));
    let retry = task.retry.as_ref().or(defaults.retry.as_ref());
    let limits = task.limits.as_ref().or(defaults.limits.as_ref());
    let before = asides(&task.pre, "pre", &mut env);
    let after = asides(&task.post, "post", &mut env);
    let folders = task.mounts.iter().filter(|mount| is_folder(mount)).map(|mount| mount.target.clone());
    let script = Script {
        run: some(&task.run),
        entrypoint: task.entrypoint.clone(),
        files: task.files.clone(),
        workdir,
        folders: folders.collect(),
        before,
        after,
        unsupported: unsupported(task),
    };
    Call {
        function: some(&task.image).unwrap_or_else(|| IMAGE.to_owned()),
        arguments: task.cmd.iter().map(|word| json!(word)).collect(),
        env,
        timeout_ms: timeout.and_then(|text| milliseconds(&text)),
        // At once, as the product tries again.
        retry: retry.map(|retry| {
            let limit = u32::try_from(retry.limit).unwrap_or_default();
            Policy { limit, backoff_ms: 0, ..Policy::default() }
        }),
        priority: u8::try_from(if task.priority > 0 { task.priority } else { defaults.priority })
            .unwrap_or(0),
        memory_bytes_max: limits.and_then(|limits| bytes(&limits.memory)),
        script: Some(Box::new(script)),
        ..Call::default()
    }
}

/// What runs beside a task. Its variables stand among the task's, under names of their own.
fn asides(tasks: &[Aux], when: &str, env: &mut BTreeMap<String, String>) -> Vec<Aside> {
    let aside = |(index, task): (usize, &Aux)| {
        let prefix = format!("_{when}{index}_");
        let mut own = task.env.clone();
        own.insert(OUTPUT.0.to_owned(), format!("/tmp/{when}{index}"));
        env.extend(own.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())));
        Aside {
            image: some(&task.image).unwrap_or_else(|| IMAGE.to_owned()),
            prefix,
            env: own.into_keys().collect(),
            run: some(&task.run),
            command: task.entrypoint.iter().chain(&task.cmd).cloned().collect(),
            files: task.files.clone(),
        }
    };
    tasks.iter().enumerate().map(aside).collect()
}

/// Whether a mount is nothing but a folder of the sandbox's own.
fn is_folder(mount: &Mount) -> bool {
    matches!(mount.kind.as_str(), "volume" | "tmpfs") && mount.source.is_empty()
}

/// What a task asks for that a sandbox here does not have.
fn unsupported(task: &Task) -> Option<String> {
    let asked = [
        ("mounts from outside", task.mounts.iter().any(|mount| !is_folder(mount))),
        ("networks", !task.networks.is_empty()),
        ("sidecars", !task.sidecars.is_empty()),
        ("gpus", !task.gpus.is_empty()),
    ];
    let memory =
        task.limits.as_ref().map(|limits| limits.memory.as_str()).filter(|memory| !memory.is_empty());
    if let Some(memory) = memory.filter(|memory| bytes(memory).is_none()) {
        return Some(format!("limits.memory is no amount of memory: {memory}"));
    }
    let (what, _) = asked.into_iter().find(|(_, is_asked)| *is_asked)?;
    Some(format!("{what} are not supported: each task runs in a sandbox of its own"))
}

/// Bytes, as `512m` or `1.5gb` says them.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic()).trim();
    let unit = match text[number.len()..].trim().trim_end_matches(['b', 'i']) {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let number: f64 = number.parse().ok().filter(|number: &f64| *number > 0.0)?;
    Some((number * (1u64 << unit) as f64) as u64)
}

/// How long a job is kept once it is over.
fn kept_ms(auto_delete: Option<&AutoDelete>) -> Option<u64> {
    auto_delete.and_then(|auto_delete| milliseconds(&auto_delete.after))
}

/// A duration in whole milliseconds, one at least.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let nanoseconds = duration::parse(text).ok()?;
    Some(u64::try_from(nanoseconds / 1_000_000).unwrap_or(0).max(1))
}

/// A job's tags, as far as they can be searched for; all of them are shown.
fn tags(tags: &[String]) -> BTreeSet<String> {
    tags.iter().map(|tag| tag.replace([' ', ','], "-")).filter(|tag| !tag.is_empty()).collect()
}

fn texts(texts: &BTreeMap<String, String>) -> Map<String, Value> {
    texts.iter().map(|(name, text)| (name.clone(), json!(text))).collect()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn noted(definition: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(definition).map_err(skep_domain::Error::internal)
}
