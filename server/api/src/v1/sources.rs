//! What an upload is: source, by what its request says of it, or else a component.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::stream;
use multer::{Constraints, Multipart, SizeLimit};
use skep_domain::model::limits::Limits;
use skep_domain::model::runtime;
use skep_domain::model::source::{FILES_MAX, Source};
use skep_domain::{Code, Error, Result};

use crate::shared::params::Params;

/// Bytes of a text field of a form.
const FIELD_BYTES_MAX: u64 = 4096;

/// What the query and the head of an upload say of it.
pub(super) struct Described {
    media_type: String,
    runtime: Option<String>,
    main: Option<String>,
}

/// Source, and the runtime that it is for.
pub(super) struct Uploaded {
    pub(super) runtime: String,
    pub(super) source: Source,
}

/// Files of a form, and what its other fields say.
#[derive(Default)]
struct Form {
    files: Vec<(String, Vec<u8>)>,
    runtime: Option<String>,
    main: Option<String>,
}

impl Described {
    /// Reads `runtime` and `main` of the query, and the media type.
    pub(super) fn of(request: &HttpRequest, params: &mut Params) -> Self {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Self {
            media_type: media_type.unwrap_or_default().to_owned(),
            runtime: params.take("runtime"),
            main: params.take("main"),
        }
    }

    fn is_form(&self) -> bool {
        self.essence().eq_ignore_ascii_case("multipart/form-data")
    }

    /// The media type without its parameters.
    fn essence(&self) -> &str {
        self.media_type.split(';').next().unwrap_or_default().trim()
    }

    /// Whether it is source. What nobody says anything of is a component.
    pub(super) fn is_source(&self) -> bool {
        let known = runtime::of_media_type(&self.essence().to_ascii_lowercase());
        self.runtime.is_some() || self.main.is_some() || self.is_form() || known.is_some()
    }

    /// Takes the source out of a body, for the function of this name.
    ///
    /// # Errors
    /// Invalid where it cannot be read, or nobody says what it is for.
    pub(super) async fn read(self, name: &str, body: Vec<u8>, limits: &Limits) -> Result<Uploaded> {
        let bytes_max = limits.source_bytes_max;
        if !self.is_form() {
            return self.read_file(name, body, bytes_max);
        }
        let form = read_form(&self.media_type, body, bytes_max).await?;
        let named = self.main.or(form.main);
        let main = match (named, &form.files[..]) {
            (Some(main), _) => main,
            (None, [(only, _)]) => only.clone(),
            (None, _) => return Err(which_main()),
        };
        let runtime = self.runtime.or(form.runtime).or_else(|| runtime::of_file(&main).map(str::to_owned));
        let source = Source::new(main, form.files, bytes_max)?;
        Ok(Uploaded { runtime: runtime.ok_or_else(which_runtime)?, source })
    }

    /// One file, which is the body.
    fn read_file(self, name: &str, body: Vec<u8>, bytes_max: usize) -> Result<Uploaded> {
        let of_type = runtime::of_media_type(&self.essence().to_ascii_lowercase());
        let of_main = self.main.as_deref().and_then(runtime::of_file);
        let runtime = self.runtime.as_deref().or(of_main).or(of_type.map(|(runtime, _)| runtime));
        let runtime = runtime.ok_or_else(which_runtime)?.to_owned();
        let end = of_type.map(|(_, end)| end).or_else(|| runtime::file_end(&runtime));
        let main = self.main.unwrap_or_else(|| end.map_or(name.to_owned(), |end| format!("{name}.{end}")));
        let source = Source::new(main.clone(), vec![(main, body)], bytes_max)?;
        Ok(Uploaded { runtime, source })
    }
}

async fn read_form(media_type: &str, body: Vec<u8>, bytes_max: usize) -> Result<Form> {
    let cannot = |error: multer::Error| match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Error::new(Code::TooLarge, format!("the form is too large: {error}"))
        }
        error => Error::invalid(format!("the form cannot be read: {error}")),
    };
    let boundary = multer::parse_boundary(media_type).map_err(cannot)?;
    let sizes = SizeLimit::new()
        .per_field(bytes_max as u64)
        .for_field("runtime", FIELD_BYTES_MAX)
        .for_field("main", FIELD_BYTES_MAX);
    let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from(body))]);
    let constraints = Constraints::new().size_limit(sizes);
    let mut fields = Multipart::with_constraints(body, boundary, constraints);
    let mut form = Form::default();
    while let Some(field) = fields.next_field().await.map_err(cannot)? {
        let name = field.name().unwrap_or_default().to_owned();
        let path = field.file_name().map(str::to_owned);
        match (path, name.as_str()) {
            (None, "runtime") => form.runtime = Some(field.text().await.map_err(cannot)?),
            (None, "main") => form.main = Some(field.text().await.map_err(cannot)?),
            // A file is named by its path; where a client sends none, by the field's name.
            (path, _) => {
                if form.files.len() >= FILES_MAX {
                    let message = format!("source may have {FILES_MAX} files at most");
                    return Err(Error::new(Code::TooLarge, message));
                }
                let content = field.bytes().await.map_err(cannot)?.to_vec();
                form.files.push((path.unwrap_or(name), content));
            }
        }
    }
    Ok(form)
}

fn which_runtime() -> Error {
    let message = "say what this source is for: runtime=python, or another that GET /v1/runtimes lists";
    Error::invalid(message).field("runtime")
}

fn which_main() -> Error {
    Error::invalid("say which file to begin with: main=…").field("main")
}
