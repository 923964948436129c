//! `md5sum`, `sha1sum`, `sha256sum`, `sha512sum`: prints digests, or with `-c` checks them.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Failure, Outcome, Spec, Tool, or_input};
use crate::stream::{LineReader, Stream};

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "cbtz",
        long: &[("check", 'c'), ("binary", 'b'), ("text", 't'), ("status", 's'), ("quiet", 'q')],
        ..Spec::default()
    })?;
    for path in or_input(&parsed.operands) {
        if parsed.has('c') {
            check(tool, &path, parsed.has('q') || parsed.has('s')).await?;
            continue;
        }
        let Some(stream) = tool.open_or_warn(&path).await else { continue };
        let digest = digest(&tool.name, &stream).await?;
        tool.output.line(format!("{digest}  {path}").as_bytes()).await?;
    }
    Ok(tool.status)
}

async fn check(tool: &mut Tool, list: &str, is_quiet: bool) -> Result<(), Failure> {
    let Some(stream) = tool.open_or_warn(list).await else { return Ok(()) };
    let mut reader = LineReader::new(stream, b'\n');
    while let Some((line, _)) = reader.line().await? {
        let line = String::from_utf8_lossy(&line).into_owned();
        let Some((wanted, path)) = line.split_once(' ') else {
            tool.warn(&format!("{list}: not a list of digests")).await;
            continue;
        };
        let path = path.strip_prefix([' ', '*']).unwrap_or(path);
        let Some(file) = tool.open_or_warn(path).await else { continue };
        let is_equal = digest(&tool.name, &file).await?.eq_ignore_ascii_case(wanted);
        if !is_equal {
            tool.status = 1;
        }
        if !is_equal || !is_quiet {
            let verdict = if is_equal { "OK" } else { "FAILED" };
            tool.output.line(format!("{path}: {verdict}").as_bytes()).await?;
        }
    }
    Ok(())
}

async fn digest(name: &str, stream: &Stream) -> Result<String, Failure> {
    match name {
        "md5sum" => of::<Md5>(stream).await,
        "sha1sum" => of::<Sha1>(stream).await,
        "sha512sum" => of::<Sha512>(stream).await,
        _ => of::<Sha256>(stream).await,
    }
}

async fn of<D: Digest>(stream: &Stream) -> Result<String, Failure> {
    let mut digest = D::new();
    loop {
        let block = stream.read().await?;
        if block.is_empty() {
            break;
        }
        digest.update(&block);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
