//! Pipelines: the stages run beside each other, joined by pipes in memory.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use super::{command, exit_trap};
use crate::executor::{self, Task};
use crate::shell::{Flow, Shell, Stop};
use crate::stream::{Stream, pipe};
use crate::syntax::{CommandKind, Pipeline};

/// Stages that run at one time, in all pipelines.
const STAGES_MAX: usize = 1000;

thread_local! {
    static STAGES: Cell<usize> = const { Cell::new(0) };
}

/// Stages that run, until it is dropped.
struct Running(usize);

impl Running {
    /// Nothing if there would be too many.
    fn new(count: usize) -> Option<Self> {
        let all = STAGES.get() + count;
        (all <= STAGES_MAX).then(|| {
            STAGES.set(all);
            Self(count)
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        STAGES.set(STAGES.get() - self.0);
    }
}

pub(super) async fn run(shell: &mut Shell, pipeline: &Pipeline) -> Flow {
    let began = Instant::now();
    match pipeline.commands.as_slice() {
        [only] => command::run(shell, only).await?,
        _ => shell.status = stages(shell, pipeline).await?,
    }
    if pipeline.timed {
        report_time(shell, began).await;
    }
    if pipeline.negated {
        shell.status = u8::from(shell.status == 0);
    }
    Ok(())
}

/// Whether `set -e` looks at the status of this pipeline itself. That of a group or a loop comes from a
/// command in it, which was looked at.
pub(super) fn can_fail(pipeline: &Pipeline) -> bool {
    match pipeline.commands.as_slice() {
        [only] => matches!(
            only.kind,
            CommandKind::Simple { .. }
                | CommandKind::Subshell(_)
                | CommandKind::Condition(_)
                | CommandKind::Arithmetic(_)
        ),
        _ => true,
    }
}

async fn stages(shell: &mut Shell, pipeline: &Pipeline) -> Result<u8, Stop> {
    let Some(_running) = Running::new(pipeline.commands.len()) else {
        return Err(shell
            .fail(&format!("more than {STAGES_MAX} commands in pipelines at one time"), 2)
            .await);
    };
    let mut futures: Vec<Task<'_, u8>> = Vec::new();
    let mut input: Option<Stream> = None;
    let last = pipeline.commands.len() - 1;
    for (index, stage) in pipeline.commands.iter().enumerate() {
        let mut subshell = shell.subshell();
        let mut set = Ok(());
        if let Some(input) = input.take() {
            set = subshell.descriptors.set(0, Some(input));
        }
        if index < last {
            let (reader, writer) = pipe();
            set = set.and(subshell.descriptors.set(1, Some(Stream::PipeWriter(Rc::new(writer)))));
            input = Some(Stream::PipeReader(Rc::new(reader)));
        }
        // Numbers 0 and 1 are always possible.
        debug_assert_eq!(set, Ok(()));
        futures.push(Box::pin(async move {
            let _ = command::run(&mut subshell, stage).await;
            exit_trap(&mut subshell).await;
            subshell.status
        }));
    }
    let statuses = executor::join(futures).await;
    let last = statuses.last().copied().unwrap_or(0);
    if shell.options.pipe_fails {
        return Ok(statuses.iter().rev().copied().find(|status| *status != 0).unwrap_or(0));
    }
    Ok(last)
}

async fn report_time(shell: &Shell, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let text = format!("real {seconds:.2}\nuser 0.00\nsys 0.00\n");
    if let Some(stream) = shell.descriptors.get(2) {
        // A report that nobody reads is no failure.
        let _ = stream.write(text.as_bytes()).await;
    }
}
