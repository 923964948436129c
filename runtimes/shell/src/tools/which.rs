//! `which`.

use super::{Outcome, Spec, Tool, find};

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "as", ..Spec::default() })?;
    let mut status = u8::from(parsed.operands.is_empty());
    for name in &parsed.operands {
        let is_shell = matches!(name.as_str(), "sh" | "bash");
        if find(name).is_some() || is_shell {
            let folder = if is_shell { "/bin" } else { "/usr/bin" };
            tool.output.line(format!("{folder}/{name}").as_bytes()).await?;
        } else if name.contains('/') && tool.shell.path(name).is_file() {
            tool.output.line(name.as_bytes()).await?;
        } else {
            status = 1;
        }
    }
    Ok(status)
}
