//! One command of any kind, with its redirections.

use super::{compound, condition, redirect, simple};
use crate::executor::{self, Task};
use crate::expand;
use crate::shell::{Flow, Shell};
use crate::syntax::{Command, CommandKind};

/// Commands after which the others get a turn, though nothing made this one wait.
const COMMANDS_PER_TURN: u32 = 64;

thread_local! {
    static COMMANDS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

pub(super) fn run<'a>(shell: &'a mut Shell, command: &'a Command) -> Task<'a, Flow> {
    Box::pin(async move {
        COMMANDS.set(COMMANDS.get().wrapping_add(1));
        if COMMANDS.get().is_multiple_of(COMMANDS_PER_TURN) {
            executor::yield_now().await;
        }
        shell.line = command.line;
        let depth = shell.depth;
        shell.descend().await?;
        let flow = run_redirected(shell, command).await;
        shell.depth = depth;
        flow
    })
}

fn run_redirected<'a>(shell: &'a mut Shell, command: &'a Command) -> Task<'a, Flow> {
    Box::pin(async move {
        if let CommandKind::Simple { assignments, words } = &command.kind {
            return simple::run(shell, assignments, words, &command.redirects).await;
        }
        if command.redirects.is_empty() {
            return run_kind(shell, command).await;
        }
        let before = shell.descriptors.clone();
        let flow = match redirect::apply(shell, &command.redirects).await {
            Ok(true) => run_kind(shell, command).await,
            Ok(false) => Ok(()),
            Err(stop) => Err(stop),
        };
        shell.descriptors = before;
        flow
    })
}

fn run_kind<'a>(shell: &'a mut Shell, command: &'a Command) -> Task<'a, Flow> {
    Box::pin(async move {
        match &command.kind {
            // Run by the caller, which leaves the redirections to it.
            CommandKind::Simple { .. } => Ok(()),
            CommandKind::Group(list) => super::list(shell, list).await,
            CommandKind::Subshell(list) => compound::subshell(shell, list).await,
            CommandKind::If { branches, otherwise } => {
                compound::branch(shell, branches, otherwise.as_ref()).await
            }
            CommandKind::While { until, condition, body } => {
                compound::while_loop(shell, *until, condition, body).await
            }
            CommandKind::For { variable, words, body } => {
                compound::for_loop(shell, variable, words.as_deref(), body).await
            }
            CommandKind::ArithmeticFor { parts, body } => compound::arithmetic_for(shell, parts, body).await,
            CommandKind::Case { word, arms } => compound::case(shell, word, arms).await,
            CommandKind::Condition(condition) => {
                let is_true = condition::evaluate(shell, condition).await?;
                shell.status = match is_true {
                    Ok(is_true) => u8::from(!is_true),
                    Err(message) => {
                        shell.complain(&message).await;
                        2
                    }
                };
                Ok(())
            }
            CommandKind::Arithmetic(pieces) => {
                let expression = expand::text(shell, pieces).await?;
                shell.status = match expand::arithmetic::evaluate(shell, &expression) {
                    Ok(value) => u8::from(value == 0),
                    Err(message) => {
                        shell.complain(&format!("{}: {message}", expression.trim())).await;
                        1
                    }
                };
                Ok(())
            }
            CommandKind::Function { name, body } => {
                std::rc::Rc::make_mut(&mut shell.functions).insert(name.clone(), std::rc::Rc::clone(body));
                shell.status = 0;
                Ok(())
            }
        }
    })
}
