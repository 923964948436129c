//! `env`, `printenv`, `nohup`.

use super::{Failure, Outcome, Spec, Tool};
use crate::shell::Kind;
use crate::syntax::is_name;

pub(super) async fn env(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "i0",
        values: "uC",
        long: &[("ignore-environment", 'i'), ("unset", 'u'), ("chdir", 'C')],
        ends_at_operand: true,
        ..Spec::default()
    })?;
    if parsed.has('i') {
        for (name, _) in tool.shell.variables.sorted(Kind::Exported) {
            tool.shell.variables.export(&name, false);
        }
    }
    for name in parsed.values('u') {
        tool.shell.variables.unset(name).map_err(Failure::new)?;
    }
    if let Some(folder) = parsed.value('C') {
        tool.shell.directory = tool.shell.absolute(folder).into();
    }
    let mut operands = parsed.operands.as_slice();
    while let [first, rest @ ..] = operands {
        let Some((name, value)) = first.split_once('=') else { break };
        if !is_name(name) {
            return Err(Failure::new(format!("{name}: not a name")));
        }
        tool.shell.variables.set(name, value).map_err(Failure::new)?;
        tool.shell.variables.export(name, true);
        operands = rest;
    }
    if !operands.is_empty() {
        return tool.run_command(operands.to_vec()).await;
    }
    for (name, value) in tool.shell.variables.sorted(Kind::Exported) {
        tool.output.line(format!("{name}={value}").as_bytes()).await?;
    }
    Ok(0)
}

pub(super) async fn printenv(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec::default())?;
    let exported = tool.shell.variables.sorted(Kind::Exported);
    if parsed.operands.is_empty() {
        for (name, value) in exported {
            tool.output.line(format!("{name}={value}").as_bytes()).await?;
        }
        return Ok(0);
    }
    let mut status = 0;
    for wanted in &parsed.operands {
        match exported.iter().find(|(name, _)| name == wanted) {
            Some((_, value)) => tool.output.line(value.as_bytes()).await?,
            None => status = 1,
        }
    }
    Ok(status)
}

/// `nohup`: there are no signals, so the command runs as it is.
pub(super) async fn plain(tool: &mut Tool) -> Outcome {
    if tool.arguments.is_empty() {
        return Err(Failure::usage("a command is needed"));
    }
    let words = tool.arguments.clone();
    tool.run_command(words).await
}
