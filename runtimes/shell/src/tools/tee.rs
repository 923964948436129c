//! `tee`.

use std::fs::File;

use super::{Outcome, Spec, Tool};
use crate::shell::paths::reason;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "ai", long: &[("append", 'a')], ..Spec::default() })?;
    let appends = parsed.has('a');
    let mut files = Vec::new();
    for path in &parsed.operands {
        let mut options = File::options();
        options.write(true).create(true).append(appends).truncate(!appends);
        match tool.shell.open(path, &options) {
            Ok(stream) => files.push(stream),
            Err(error) => tool.warn(&format!("{path}: {}", reason(&error))).await,
        }
    }
    let input = tool.input();
    loop {
        let block = input.read().await?;
        if block.is_empty() {
            return Ok(tool.status);
        }
        for file in &files {
            file.write(&block).await?;
        }
        tool.output.write(&block).await?;
        tool.output.flush().await?;
    }
}
