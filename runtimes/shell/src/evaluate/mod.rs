//! Evaluation: runs the tree of a script.

mod command;
mod compound;
mod condition;
pub(crate) mod file_test;
mod function;
mod launch;
mod pipeline;
mod redirect;
mod simple;
mod trap;

use std::rc::Rc;

use crate::executor::{self, Task};
use crate::shell::{Flow, JOBS_MAX, Shell, Stop};
use crate::syntax::{Chain, Item, Link, List};

pub(crate) use launch::{launch, run_text};
pub(crate) use simple::run_words;
pub(crate) use trap::exit_trap;

/// Runs a list in a shell of its own, to its end. Returns its status.
pub(crate) fn subshell(mut shell: Shell, list: &List) -> Task<'_, u8> {
    Box::pin(async move {
        // How it stopped is of no matter: with it ends all that could go on.
        let _ = self::list(&mut shell, list).await;
        exit_trap(&mut shell).await;
        shell.status
    })
}

pub(crate) fn list<'a>(shell: &'a mut Shell, list: &'a List) -> Task<'a, Flow> {
    Box::pin(async move {
        for Item { chain, background } in &list.items {
            if *background {
                begin(shell, chain).await;
            } else {
                run_chain(shell, chain).await?;
            }
        }
        Ok(())
    })
}

/// Begins a command with `&`. Its stdin is empty, as in other shells.
async fn begin(shell: &mut Shell, chain: &Rc<Chain>) {
    if shell.jobs.len() >= JOBS_MAX {
        shell.complain("too many background jobs").await;
        shell.status = 1;
        return;
    }
    let chain = Rc::clone(chain);
    let mut job_shell = shell.subshell();
    // Number 0 is always possible.
    let _ = job_shell.descriptors.set(0, Some(crate::stream::Stream::Null));
    let begun = executor::begin(async move {
        let _ = run_chain(&mut job_shell, &chain).await;
        exit_trap(&mut job_shell).await;
        job_shell.status
    });
    match begun {
        Ok(job) => {
            let number = shell.last_job.unwrap_or(1) + 1;
            shell.jobs.push((number, job));
            shell.last_job = Some(number);
            shell.status = 0;
        }
        Err(message) => {
            shell.complain(message).await;
            shell.status = 1;
        }
    }
}

async fn run_chain(shell: &mut Shell, chain: &Chain) -> Flow {
    let mut pipeline = &chain.first;
    let mut rest = chain.rest.iter();
    loop {
        let next = rest.next();
        let is_condition = next.is_some() || pipeline.negated;
        shell.conditions += u32::from(is_condition);
        let flow = pipeline::run(shell, pipeline).await;
        shell.conditions -= u32::from(is_condition);
        flow?;
        if next.is_none() && !pipeline.negated && pipeline::can_fail(pipeline) {
            check(shell).await?;
        }
        let Some((mut link, mut following)) = next.map(|(link, pipeline)| (*link, pipeline)) else {
            return Ok(());
        };
        // `a && b || c`: what is not run leaves the status as it is for what comes after it.
        while (link == Link::And) != (shell.status == 0) {
            match rest.next() {
                Some((next_link, pipeline)) => (link, following) = (*next_link, pipeline),
                None => return Ok(()),
            }
        }
        pipeline = following;
    }
}

/// Ends the shell after a failure if it is to (`set -e`), and runs the trap of failures.
async fn check(shell: &mut Shell) -> Flow {
    if shell.status == 0 || shell.conditions > 0 {
        return Ok(());
    }
    trap::error_trap(shell).await?;
    if shell.options.exit_on_error { Err(Stop::Exit) } else { Ok(()) }
}
