//! What files `sed` reads: all as one, each on its own, or each into itself.

use super::super::{Outcome, or_input};
use super::execute::Execution;
use crate::stream::{LineReader, Output, Stream};

impl Execution<'_> {
    /// All files as one.
    pub(super) async fn all(&mut self, paths: &[String]) -> Outcome {
        for path in or_input(paths) {
            if let Some(stream) = self.tool.open_or_warn(&path).await {
                self.inputs.push_back(LineReader::new(stream, self.delimiter));
            }
        }
        let status = self.cycles().await?;
        Ok(status.unwrap_or(self.tool.status))
    }

    /// Each file on its own.
    pub(super) async fn each(&mut self, paths: &[String]) -> Outcome {
        for path in or_input(paths) {
            if let Some(stream) = self.tool.open_or_warn(&path).await {
                self.line = 0;
                self.inputs.push_back(LineReader::new(stream, self.delimiter));
                if let Some(status) = self.cycles().await? {
                    return Ok(status);
                }
            }
        }
        Ok(self.tool.status)
    }

    /// Each file into itself.
    pub(super) async fn in_place(&mut self, paths: &[String], suffix: &str) -> Outcome {
        for path in paths {
            let bytes = match self.tool.open_or_warn(path).await {
                Some(stream) => stream.read_all().await?,
                None => continue,
            };
            if !suffix.is_empty() {
                let backup = self.tool.shell.path(&format!("{path}{suffix}"));
                std::fs::write(backup, &bytes)?;
            }
            let captured = std::rc::Rc::default();
            let output = Output::new(Some(Stream::Capture(std::rc::Rc::clone(&captured))));
            let outer = std::mem::replace(&mut self.tool.output, output);
            self.line = 0;
            self.inputs.push_back(LineReader::new(Stream::text(bytes), self.delimiter));
            let status = self.cycles().await;
            self.tool.output.flush().await?;
            self.tool.output = outer;
            let status = status?;
            std::fs::write(self.tool.shell.path(path), captured.take())?;
            if let Some(status) = status {
                return Ok(status);
            }
        }
        Ok(self.tool.status)
    }
}
