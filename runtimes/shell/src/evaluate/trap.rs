//! `trap`: what runs at the end of a shell, and after a failure. Signals there are none in the sandbox.

use crate::executor::Task;
use crate::shell::{Flow, Shell, Stop};

/// Runs the trap of the shell's end, once. `exit` in it changes the status.
pub(crate) fn exit_trap(shell: &mut Shell) -> Task<'_, ()> {
    Box::pin(async move {
        let Some(commands) = shell.exit_trap.take() else { return };
        let status = shell.status;
        shell.conditions = 0;
        match run(shell, &commands).await {
            Err(Stop::Exit) => {}
            _ => shell.status = status,
        }
    })
}

pub(super) async fn error_trap(shell: &mut Shell) -> Flow {
    let Some(commands) = shell.error_trap.clone() else { return Ok(()) };
    let status = shell.status;
    shell.conditions += 1;
    let flow = run(shell, &commands).await;
    shell.conditions -= 1;
    flow?;
    shell.status = status;
    Ok(())
}

async fn run(shell: &mut Shell, commands: &str) -> Flow {
    match crate::syntax::parse(commands, shell.line) {
        Ok(list) => super::list(shell, &list).await,
        Err(error) => {
            shell.complain(&format!("trap: {error}")).await;
            Ok(())
        }
    }
}
