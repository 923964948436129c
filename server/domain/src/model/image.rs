//! Images: what others name the container by in which their code is to run. Here a runtime stands for them.

use super::named::named;
use crate::error::{Error, Result};

named! {
    /// What runs what an image is asked to run.
    Runner, "runner", "runner":
    /// The shell and its tools.
    Shell = 0, "shell";
    /// Python.
    Python = 1, "python";
    /// JavaScript.
    JavaScript = 2, "javascript";
}

/// What stands for images where nobody says otherwise. Without a tag, all tags are meant.
const USUAL: [(&str, Runner); 12] = [
    ("shell", Runner::Shell),
    ("bash", Runner::Shell),
    ("busybox", Runner::Shell),
    ("alpine", Runner::Shell),
    ("ubuntu", Runner::Shell),
    ("debian", Runner::Shell),
    ("fedora", Runner::Shell),
    ("amazonlinux", Runner::Shell),
    ("python", Runner::Python),
    ("node", Runner::JavaScript),
    ("javascript", Runner::JavaScript),
    ("denoland/deno", Runner::JavaScript),
];
/// What the names of images of the usual registry may begin with.
const PREFIXES: [&str; 3] = ["docker.io/", "index.docker.io/", "library/"];

/// Which images have something that stands for them.
#[derive(Debug, Clone)]
pub struct Images(Vec<(String, Runner)>);

impl Default for Images {
    fn default() -> Self {
        Self(USUAL.map(|(pattern, runner)| (pattern.to_owned(), runner)).to_vec())
    }
}

impl Images {
    /// The usual ones, and before them others: patterns, and the names of what stands for them.
    ///
    /// # Errors
    /// Invalid for a name of nothing.
    pub fn with(others: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let read = |(pattern, name): (String, String)| {
            let runner =
                name.parse().map_err(|error| Error::invalid(format!("images, {pattern}: {error}")))?;
            Ok((plain(&pattern).to_owned(), runner))
        };
        let mut images = others.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        images.extend(Self::default().0);
        Ok(Self(images))
    }

    /// What stands for an image.
    pub fn runner(&self, image: &str) -> Option<Runner> {
        let image = plain(image.split('@').next().unwrap_or_default());
        let fits = |pattern: &str| {
            matches(pattern, image) || tagless(image).is_some_and(|name| matches(pattern, name))
        };
        self.0.iter().find(|(pattern, _)| fits(pattern)).map(|(_, runner)| *runner)
    }
}

/// The name without what the usual registry may have before it.
fn plain(image: &str) -> &str {
    PREFIXES.iter().fold(image.trim(), |image, prefix| image.strip_prefix(prefix).unwrap_or(image))
}

/// The name without its tag; a port of a registry is none.
fn tagless(image: &str) -> Option<&str> {
    let (name, tag) = image.rsplit_once(':')?;
    (!tag.contains('/')).then_some(name)
}

/// Whether a text fits a pattern, in which each `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_name_whatever_its_tag() {
        let others =
            [("registry:5000/tools/*", "shell"), ("python:2*", "shell"), ("docker.io/mine", "python")];
        let others = others.map(|(pattern, name)| (pattern.to_owned(), name.to_owned()));
        let images = Images::with(others).expect("they are read");
        for (image, runner) in [
            ("ubuntu:mantic", Some(Runner::Shell)),
            ("alpine", Some(Runner::Shell)),
            ("docker.io/library/alpine:3.18.3@sha256:00", Some(Runner::Shell)),
            ("python:3.12-slim", Some(Runner::Python)),
            ("python:2.7", Some(Runner::Shell)),
            ("node:20", Some(Runner::JavaScript)),
            ("mine:1", Some(Runner::Python)),
            ("registry:5000/tools/any:4", Some(Runner::Shell)),
            ("registry:5000/other", None),
            ("ubuntus", None),
            ("somebody/ubuntu", None),
            ("", None),
        ] {
            assert_eq!(images.runner(image), runner, "{image}");
        }
        assert!(Images::with([("a".to_owned(), "ruby".to_owned())]).is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*b*c", "axbxxc", true),
            ("a*c", "acd", false),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
