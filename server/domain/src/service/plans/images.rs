//! Calls of images: the function that stands for one, and what it is given.
//!
//! What a container would be asked to run (a script or a command, among some files) is given as arguments to a
//! function of the account, one for each runtime, which is made of source of ours the first time that it is needed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::function::{Name, State};
use crate::model::id::Sha256;
use crate::model::image::Runner;
use crate::model::labels::Labels;
use crate::model::plan::{Aside, Script};
use crate::model::source::Source;
use crate::service::builds::{Builds, Made, NewSource};

/// Which label says of which source of ours a function is.
const LABEL: &str = "skep.runner";
/// How long is waited for it: others' plans wait meanwhile. Then the plan is looked at again.
const BUILD_WAIT: Duration = Duration::from_millis(100);

/// The runtime, the function's name, its file and what is in it.
fn source(runner: Runner) -> (&'static str, &'static str, &'static str, &'static str) {
    match runner {
        Runner::Shell => ("shell", "image-shell", "image.sh", include_str!("runners/image.sh")),
        Runner::Python => ("python", "image-python", "image.py", include_str!("runners/image.py")),
        Runner::JavaScript => {
            ("javascript", "image-javascript", "image.js", include_str!("runners/image.js"))
        }
    }
}

/// The function for an image, and the runner that stands for it, which takes what a container would; none where it is one of
/// the account's own by that name.
///
/// # Errors
/// Invalid where neither is there, or the script asks for what is not there.
pub(super) async fn function_for(
    base: &Arc<Base>,
    caller: &Caller,
    image: &str,
    script: &Script,
) -> Result<(String, Option<Runner>)> {
    if let Some(what) = &script.unsupported {
        return Err(Error::invalid(what.clone()));
    }
    if let Ok(name) = Name::parse(image)
        && base.store.function_get(caller.account(), &name).await?.is_some()
    {
        return match script.run {
            None => Ok((image.to_owned(), None)),
            Some(_) => {
                Err(Error::invalid(format!("{image} is a function: it takes cmd, and has nothing to run")))
            }
        };
    }
    let runner = base.images.runner(image).ok_or_else(|| {
        Error::invalid(format!("nothing here stands for the image {image}: upload a function of that name, or name a runtime for it under [images] in the configuration"))
    })?;
    check_parts(base, script, runner)?;
    Ok((made(base, caller, runner).await?, Some(runner)))
}

/// What runs beside a script runs in its sandbox: the shell knows how.
fn check_parts(base: &Base, script: &Script, runner: Runner) -> Result<()> {
    let mut asides = script.before.iter().chain(&script.after);
    let is_shell = |image: &str| base.images.runner(image) == Some(Runner::Shell);
    let has_parts = !script.before.is_empty() || !script.after.is_empty() || !script.folders.is_empty();
    if has_parts && (runner != Runner::Shell || !asides.all(|aside| is_shell(&aside.image))) {
        return Err(Error::invalid(
            "what runs before and after a task, and its folders, share its sandbox: all of them need an image for which the shell stands",
        ));
    }
    Ok(())
}

/// The function that stands for images, made where it is not there or of another source.
async fn made(base: &Arc<Base>, caller: &Caller, runner: Runner) -> Result<String> {
    let (runtime, name, main, text) = source(runner);
    let label = Sha256::of(text.as_bytes()).to_string();
    if let Some(function) = base.store.function_get(caller.account(), &Name::parse(name)?).await? {
        match function.settings.labels.get(LABEL) {
            Some(known) if *known == label && function.current.state == State::Ready => {
                return Ok(name.to_owned());
            }
            Some(_) => {}
            None => {
                return Err(Error::conflict(format!(
                    "the function {name} stands where what runs images would be: delete it"
                )));
            }
        }
    }
    let files = vec![(main.to_owned(), text.as_bytes().to_vec())];
    let source = Source::new(main.to_owned(), files, base.limits.source_bytes_max)?;
    let new = NewSource { runtime: runtime.to_owned(), source, trace: None };
    let labels = Labels::from([(LABEL.to_owned(), label)]);
    match Builds::new(base.clone()).make(caller, name, new, labels, BUILD_WAIT).await? {
        Made::Ready(_) => Ok(name.to_owned()),
        Made::Failed(logs) => Err(Error::internal(format!("what runs images could not be built: {logs}"))),
        Made::Building => Err(Error::new(crate::error::Code::Unavailable, "what runs images is being built")),
    }
}

/// What a runner is given.
pub(super) fn arguments(runner: Runner, script: &Script, command: Vec<Value>) -> Value {
    let command: Vec<Value> = script.entrypoint.iter().map(|word| json!(word)).chain(command).collect();
    match runner {
        Runner::Shell => parts(script, command),
        Runner::Python | Runner::JavaScript => {
            let mut arguments = beginning(script.workdir.as_deref(), &script.files, script.run.as_deref());
            arguments.extend(command);
            Value::Array(arguments)
        }
    }
}

/// The working directory, the files, and the script.
fn beginning(workdir: Option<&str>, files: &BTreeMap<String, String>, run: Option<&str>) -> Vec<Value> {
    let mut arguments = vec![json!(workdir.unwrap_or_default()), json!(files.len().to_string())];
    for (name, content) in files {
        arguments.extend([json!(name), json!(content)]);
    }
    arguments.push(json!(run.unwrap_or_default()));
    arguments
}

/// Folders, and what runs one after another: what is before the script, the script, what is after it.
fn parts(script: &Script, command: Vec<Value>) -> Value {
    let own = beginning(script.workdir.as_deref(), &script.files, script.run.as_deref());
    let mut parts: Vec<Vec<Value>> = script.before.iter().map(aside).collect();
    parts.push(part("", &[], own, command));
    parts.extend(script.after.iter().map(aside));
    let mut arguments = vec![json!(script.folders.len().to_string())];
    arguments.extend(script.folders.iter().map(|folder| json!(folder)));
    arguments.push(json!(parts.len().to_string()));
    for part in parts {
        arguments.push(json!(part.len().to_string()));
        arguments.extend(part);
    }
    Value::Array(arguments)
}

fn aside(aside: &Aside) -> Vec<Value> {
    let own = beginning(None, &aside.files, aside.run.as_deref());
    part(&aside.prefix, &aside.env, own, aside.command.iter().map(|word| json!(word)).collect())
}

/// The variables, what is run, and the command.
fn part(prefix: &str, env: &[String], own: Vec<Value>, command: Vec<Value>) -> Vec<Value> {
    let mut arguments = vec![json!(prefix), json!(env.len().to_string())];
    arguments.extend(env.iter().map(|name| json!(name)));
    arguments.extend(own);
    arguments.push(json!(command.len().to_string()));
    arguments.extend(command);
    arguments
}
