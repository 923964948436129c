//! The component: what the host calls.

use std::cell::RefCell;

use crate::bundle::{Bundle, File};
use crate::script::{self, Script};
use exports::skep::runtime::guest::{self, Built, Failure, Source};

wit_bindgen::generate!({ path: "../wit/runtime.wit", world: "runtime" });

struct Runtime;

export!(Runtime);

thread_local! {
    static LOADED: RefCell<Option<Bundle>> = const { RefCell::new(None) };
}

fn failure(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), trace: None }
}

impl guest::Guest for Runtime {
    fn build(source: Source) -> Result<Built, Failure> {
        let mut others: Vec<File> =
            source.files.into_iter().map(|file| File { path: file.path, content: file.content }).collect();
        let Some(main) = others.iter().position(|file| file.path == source.main) else {
            return Err(failure(format!("{}: no such file in the source", source.main)));
        };
        let main = others.remove(main);
        let Ok(text) = std::str::from_utf8(&main.content) else {
            return Err(failure(format!("{}: not UTF-8", main.path)));
        };
        script::check(&main.path, text).map_err(failure)?;
        let content = Bundle { main, others }.encode();
        Ok(Built::Script(guest::Script { content, functions: Vec::new(), command: true, http: false }))
    }

    fn load(script: Vec<u8>) -> Result<(), Failure> {
        let Some(bundle) = Bundle::decode(&script) else {
            return Err(failure("not a script of this runtime"));
        };
        if !bundle.others.is_empty() {
            // The script itself too, for one that reads itself.
            for file in bundle.others.iter().chain([&bundle.main]) {
                write(file).map_err(|error| failure(format!("{}: {error}", file.path)))?;
            }
        }
        LOADED.replace(Some(bundle));
        Ok(())
    }

    fn call(function: String, _: String) -> Result<String, Failure> {
        Err(failure(format!("a shell script has no functions to call, and so no {function:?}: run it")))
    }

    fn run() -> Result<u8, Failure> {
        let Some(bundle) = LOADED.take() else { return Err(failure("no script is loaded")) };
        let Ok(text) = std::str::from_utf8(&bundle.main.content) else {
            return Err(failure(format!("{}: not UTF-8", bundle.main.path)));
        };
        let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
        let name =
            arguments.next().filter(|name| !name.is_empty()).unwrap_or_else(|| bundle.main.path.clone());
        let environment = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        let script = Script {
            name: &name,
            text,
            arguments: arguments.collect(),
            environment: environment.collect(),
            directory: "/",
        };
        Ok(script.run())
    }
}

/// Writes a file of the source into the working directory.
fn write(file: &File) -> std::io::Result<()> {
    let path = std::path::Path::new("/").join(&file.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, &file.content)
}
