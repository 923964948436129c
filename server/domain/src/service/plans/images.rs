//! Calls of images: the function that stands for one, and what it is given.
//!
//! What a container would be asked to run (a script or a command, among some files) is given as arguments to a
//! function of the account, one for each runtime, which is made of source of ours the first time that it is needed.

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
use crate::model::plan::Script;
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

/// The function for an image, and whether it takes what a container would: one of the account's own by that name, or the
/// runner that stands for the image.
///
/// # Errors
/// Invalid where neither is there, or the script asks for what is not there.
pub(super) async fn function_for(
    base: &Arc<Base>,
    caller: &Caller,
    image: &str,
    script: &Script,
) -> Result<(String, bool)> {
    if let Some(what) = &script.unsupported {
        return Err(Error::invalid(what.clone()));
    }
    if let Ok(name) = Name::parse(image)
        && base.store.function_get(caller.account(), &name).await?.is_some()
    {
        return match script.run {
            None => Ok((image.to_owned(), false)),
            Some(_) => {
                Err(Error::invalid(format!("{image} is a function: it takes cmd, and has nothing to run")))
            }
        };
    }
    let runner = base.images.runner(image).ok_or_else(|| {
        Error::invalid(format!("nothing here stands for the image {image}: upload a function of that name, or name a runtime for it under [images] in the configuration"))
    })?;
    Ok((made(base, caller, runner).await?, true))
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

/// What a runner is given: the working directory, the files, the script, and the command.
pub(super) fn arguments(script: &Script, command: Vec<Value>) -> Value {
    let mut arguments =
        vec![json!(script.workdir.as_deref().unwrap_or_default()), json!(script.files.len().to_string())];
    for (name, content) in &script.files {
        arguments.extend([json!(name), json!(content)]);
    }
    arguments.push(json!(script.run.as_deref().unwrap_or_default()));
    arguments.extend(script.entrypoint.iter().map(|word| json!(word)));
    arguments.extend(command);
    Value::Array(arguments)
}
