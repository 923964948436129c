//! Redirections.

use std::fs::File;

use crate::expand;
use crate::shell::paths::reason;
use crate::shell::{Shell, Stop};
use crate::stream::Stream;
use crate::syntax::{Redirect, RedirectKind, Word};

/// Changes the descriptors. Where that fails it says so, the status is 1, and the result is false.
pub(super) async fn apply(shell: &mut Shell, redirects: &[Redirect]) -> Result<bool, Stop> {
    for redirect in redirects {
        if let Err(message) = apply_one(shell, redirect).await? {
            shell.complain(&message).await;
            shell.status = 1;
            return Ok(false);
        }
    }
    Ok(true)
}

async fn apply_one(shell: &mut Shell, redirect: &Redirect) -> Result<Result<(), String>, Stop> {
    let input = redirect.descriptor.unwrap_or(0);
    let output = redirect.descriptor.unwrap_or(1);
    let mut options = File::options();
    let (number, stream) = match &redirect.kind {
        RedirectKind::Read(word) => (input, open(shell, word, options.read(true)).await?),
        RedirectKind::ReadWrite(word) => {
            options.read(true).write(true).create(true).truncate(false);
            (input, open(shell, word, &options).await?)
        }
        RedirectKind::Write(word) => {
            options.write(true);
            if shell.options.no_clobber {
                options.create_new(true);
            } else {
                options.create(true).truncate(true);
            }
            (output, open(shell, word, &options).await?)
        }
        RedirectKind::Append(word) => (output, open(shell, word, options.append(true).create(true)).await?),
        RedirectKind::HereString(word) => {
            let mut text = expand::text(shell, &word.pieces).await?;
            text.push('\n');
            (input, Ok(Stream::text(text.into_bytes())))
        }
        RedirectKind::HereDocument(cell) => {
            let pieces = cell.get().map(Vec::as_slice).unwrap_or_default();
            let text = expand::text(shell, pieces).await?;
            (input, Ok(Stream::text(text.into_bytes())))
        }
        RedirectKind::Both { word, append } => return both(shell, word, *append).await,
        RedirectKind::Duplicate { word, output: is_output } => {
            let number = if *is_output { output } else { input };
            return duplicate(shell, number, word, *is_output && redirect.descriptor.is_none()).await;
        }
    };
    Ok(stream.and_then(|stream| shell.descriptors.set(number, Some(stream))))
}

async fn open(
    shell: &mut Shell,
    word: &Word,
    options: &std::fs::OpenOptions,
) -> Result<Result<Stream, String>, Stop> {
    let path = expand::text(shell, &word.pieces).await?;
    Ok(shell.open(&path, options).map_err(|error| format!("{path}: {}", reason(&error))))
}

/// `&>file`: both outputs.
async fn both(shell: &mut Shell, word: &Word, append: bool) -> Result<Result<(), String>, Stop> {
    let mut options = File::options();
    options.create(true).append(append).write(true).truncate(!append);
    let stream = match open(shell, word, &options).await? {
        Ok(stream) => stream,
        Err(message) => return Ok(Err(message)),
    };
    let first = shell.descriptors.set(1, Some(stream.clone()));
    Ok(first.and_then(|()| shell.descriptors.set(2, Some(stream))))
}

/// `n>&m`, `n>&-`, and `>&file`, which is `&>file`.
async fn duplicate(
    shell: &mut Shell,
    number: u32,
    word: &Word,
    may_be_file: bool,
) -> Result<Result<(), String>, Stop> {
    let source = expand::text(shell, &word.pieces).await?;
    if source == "-" {
        return Ok(shell.descriptors.set(number, None));
    }
    match source.parse().map(|source| shell.descriptors.get(source)) {
        Ok(Some(stream)) => Ok(shell.descriptors.set(number, Some(stream))),
        Err(_) if may_be_file => both(shell, word, false).await,
        Ok(None) | Err(_) => Ok(Err(format!("{source}: bad file descriptor"))),
    }
}
