//! `yes`: the same line until nobody reads it.

use super::{Outcome, Tool};

/// Bytes written at one time.
const BLOCK_BYTES: usize = 8 << 10;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let line = if tool.arguments.is_empty() { "y".to_owned() } else { tool.arguments.join(" ") } + "\n";
    let block = line.repeat(BLOCK_BYTES / line.len() + 1);
    loop {
        tool.output.write(block.as_bytes()).await?;
        tool.output.flush().await?;
        // Also a file or `/dev/null`, which never makes it wait.
        crate::executor::yield_now().await;
    }
}
