//! `skep init`: a project in a language, which its own tools build and `skep deploy` sends.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use include_dir::{Dir, include_dir};
use serde_json::json;
use skep_domain::model::function::Name;

use super::failure::{self, Failure};
use super::output::Output;

/// A folder for each language.
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
/// What a file is called here that its language's tools would take for one of ours.
const TEMPLATE_END: &str = ".in";

#[derive(Args)]
pub(super) struct Arguments {
    /// Where to put it; its name is the function's
    folder: PathBuf,
    /// The language
    #[arg(long, value_enum)]
    lang: Language,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    #[value(alias = "javascript")]
    Js,
    Python,
    #[value(alias = "sh")]
    Shell,
    Rust,
    Go,
    C,
}

impl Language {
    fn template(self) -> &'static str {
        match self {
            Self::Js => "javascript",
            Self::Python => "python",
            Self::Shell => "shell",
            Self::Rust => "rust",
            Self::Go => "go",
            Self::C => "c",
        }
    }
}

pub(super) fn init(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let folder = &arguments.folder;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Name::parse(&name).map_err(|error| Failure::Usage(format!("{}: {error}", folder.display())))?;
    let is_taken = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        let message = format!("{} is not empty; name another folder", folder.display());
        return Err(Failure::Usage(message));
    }
    let template = TEMPLATES.get_dir(arguments.lang.template());
    let template = template.ok_or_else(|| Failure::Local("the template is not there".into()))?;
    write(template, template.path(), folder, &name)?;
    let made = json!({"folder": folder, "name": name, "language": arguments.lang.template()});
    output.value(&made, |_| {
        format!(
            "{} is made; {} says how to build and deploy it",
            folder.display(),
            folder.join("README.md").display()
        )
    });
    Ok(ExitCode::SUCCESS)
}

/// Writes a template's files, with the function's name in them.
fn write(template: &Dir<'_>, root: &Path, folder: &Path, name: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(failure::file(folder))?;
    for file in template.files() {
        let path = file.path().strip_prefix(root).unwrap_or(file.path()).display().to_string();
        let path = folder.join(path.strip_suffix(TEMPLATE_END).unwrap_or(&path));
        let text = file.contents_utf8().unwrap_or_default();
        // A library's file has no hyphens in its name.
        let text = text.replace("LIBRARY", &name.replace(['-', '.'], "_")).replace("NAME", name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(failure::file(parent))?;
        std::fs::write(&path, text).map_err(failure::file(&path))?;
    }
    template.dirs().try_for_each(|inner| write(inner, root, folder, name))
}
