//! Calls of functions.

use std::rc::Rc;

use super::command;
use crate::shell::{Flow, Shell, Stop};
use crate::syntax::Command;

pub(super) async fn call(shell: &mut Shell, body: &Rc<Command>, arguments: Vec<String>) -> Flow {
    let outer_arguments = std::mem::replace(&mut shell.arguments, Rc::new(arguments));
    let outer_loops = std::mem::take(&mut shell.loops);
    let line = shell.line;
    shell.functions_running += 1;
    shell.variables.enter();
    let flow = command::run(shell, body).await;
    shell.variables.leave();
    shell.functions_running -= 1;
    shell.line = line;
    shell.loops = outer_loops;
    shell.arguments = outer_arguments;
    match flow {
        Err(Stop::Return | Stop::Break(_) | Stop::Continue(_)) => Ok(()),
        flow => flow,
    }
}
