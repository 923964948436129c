//! Source on this machine: which files, which of them is the main one, for which runtime.

use std::path::{Path, PathBuf};

use skep_domain::model::runtime;
use skep_domain::model::source::FILES_MAX;

use super::failure::{self, Failure};

/// Source to be sent.
pub(super) struct Source {
    /// The file to begin with.
    pub(super) main: String,
    /// Each file by its path, with `/`.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The runtime that it is for.
    pub(super) runtime: String,
}

/// What a main file is called, without its end, where nobody says.
const MAIN_NAMES: [&str; 5] = ["main", "index", "handler", "app", "function"];
/// Folders that nobody means to send.
const LEFT_OUT: [&str; 3] = ["__pycache__", "target", "node_modules"];
/// Bytes of all files after which nothing more is read: no server takes as much.
const BYTES_MAX: usize = 256 << 20;

impl Source {
    /// Reads a file or a folder; nothing where it is no source: a component, a module, or text of these.
    pub(super) fn read(
        path: &Path,
        runtime: Option<&str>,
        main: Option<&str>,
    ) -> Result<Option<Self>, Failure> {
        // Shells complete names that way.
        let main = main.map(|main| main.trim_start_matches("./"));
        if path.is_dir() {
            return Self::read_folder(path, runtime, main).map(Some);
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(runtime) = runtime.or_else(|| runtime::of_file(&name)) else { return Ok(None) };
        let content = std::fs::read(path).map_err(failure::file(path))?;
        let main = main.map_or(name, str::to_owned);
        Ok(Some(Self { files: vec![(main.clone(), content)], main, runtime: runtime.to_owned() }))
    }

    fn read_folder(path: &Path, runtime: Option<&str>, main: Option<&str>) -> Result<Self, Failure> {
        let mut files = Vec::new();
        gather(path, path, &mut files)?;
        let main = match main {
            Some(main) => main.to_owned(),
            None => find_main(&files, runtime).ok_or_else(|| {
                let names = MAIN_NAMES.join(", ");
                Failure::Usage(format!("say which file to begin with: --main FILE; none is called {names}"))
            })?,
        };
        let runtime = runtime.or_else(|| runtime::of_file(&main)).ok_or_else(|| {
            Failure::Usage(format!("say what {main} is for: --runtime NAME (skep runtimes lists them)"))
        })?;
        Ok(Self { runtime: runtime.to_owned(), main, files })
    }

    /// As a form, and its media type.
    pub(super) fn form(&self) -> (String, Vec<u8>) {
        // Nobody's source has this in it.
        let boundary = format!("skep-{:032x}", u128::from_ne_bytes(random()));
        let mut body = Vec::new();
        for (path, content) in &self.files {
            let quoted = path.replace('\\', "\\\\").replace('"', "\\\"");
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        for (name, value) in [("main", &self.main), ("runtime", &self.runtime)] {
            let field =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(field.as_bytes());
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    // Without random numbers the boundary is a poor one, and nothing worse.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// All files below a folder, but for hidden ones, links and what is made.
fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(failure::file(folder))?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // A link may lead anywhere, and round.
        if name.starts_with('.') || LEFT_OUT.contains(&name.as_str()) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            gather(root, &path, files)?;
            continue;
        }
        if files.len() >= FILES_MAX {
            return Err(Failure::Usage(format!("{} has more than {FILES_MAX} files", root.display())));
        }
        if files.iter().map(|(_, content)| content.len()).sum::<usize>() > BYTES_MAX {
            return Err(Failure::Usage(format!("{} has more than {BYTES_MAX} bytes", root.display())));
        }
        let content = std::fs::read(&path).map_err(failure::file(&path))?;
        let parts = path.strip_prefix(root).unwrap_or(&path).components();
        let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
        files.push((parts.join("/"), content));
    }
    Ok(())
}

/// The file at the top that is called as main files are.
fn find_main(files: &[(String, Vec<u8>)], runtime: Option<&str>) -> Option<String> {
    let fits = |path: &str| match (runtime::of_file(path), runtime) {
        (Some(of_file), Some(runtime)) => of_file == runtime,
        (of_file, _) => of_file.is_some(),
    };
    let named = |name: &str| {
        let mut paths = files.iter().map(|(path, _)| path);
        paths.find(|path| path.rsplit_once('.').is_some_and(|(stem, _)| stem == name) && fits(path)).cloned()
    };
    MAIN_NAMES.iter().find_map(|name| named(name)).or_else(|| match files {
        [(only, _)] if fits(only) => Some(only.clone()),
        _ => files.iter().map(|(path, _)| path).find(|path| fits(path) && runtime::takes_all(path)).cloned(),
    })
}
