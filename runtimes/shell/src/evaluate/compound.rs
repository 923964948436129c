//! Branches, loops and subshells.

use crate::expand;
use crate::shell::{Flow, Shell, Stop};
use crate::syntax::{AfterArm, Arm, List, Piece, Word};

pub(super) async fn subshell(shell: &mut Shell, list: &List) -> Flow {
    shell.status = super::subshell(shell.subshell(), list).await;
    Ok(())
}

/// Runs a list as a condition, in which a failure ends nothing.
async fn condition(shell: &mut Shell, list: &List) -> Result<bool, Stop> {
    shell.conditions += 1;
    let flow = super::list(shell, list).await;
    shell.conditions -= 1;
    flow.map(|()| shell.status == 0)
}

pub(super) async fn branch(shell: &mut Shell, branches: &[(List, List)], otherwise: Option<&List>) -> Flow {
    for (condition, body) in branches {
        if self::condition(shell, condition).await? {
            return super::list(shell, body).await;
        }
    }
    shell.status = 0;
    match otherwise {
        Some(body) => super::list(shell, body).await,
        None => Ok(()),
    }
}

/// Whether a loop goes on after its body.
fn after_body(flow: Flow) -> Result<bool, Stop> {
    match flow {
        Ok(()) | Err(Stop::Continue(1)) => Ok(true),
        Err(Stop::Break(1)) => Ok(false),
        Err(Stop::Break(count)) => Err(Stop::Break(count - 1)),
        Err(Stop::Continue(count)) => Err(Stop::Continue(count - 1)),
        Err(stop @ (Stop::Exit | Stop::Return)) => Err(stop),
    }
}

async fn body(shell: &mut Shell, body: &List) -> Result<bool, Stop> {
    shell.loops += 1;
    let flow = super::list(shell, body).await;
    shell.loops -= 1;
    after_body(flow)
}

pub(super) async fn while_loop(shell: &mut Shell, until: bool, condition: &List, body: &List) -> Flow {
    let mut status = 0;
    loop {
        shell.loops += 1;
        let is_true = self::condition(shell, condition).await;
        shell.loops -= 1;
        match is_true {
            Ok(is_true) if is_true == until => break,
            Ok(_) => {}
            Err(stop) => match after_body(Err(stop))? {
                true => continue,
                false => break,
            },
        }
        let goes_on = self::body(shell, body).await?;
        status = shell.status;
        if !goes_on {
            break;
        }
    }
    shell.status = status;
    Ok(())
}

pub(super) async fn for_loop(shell: &mut Shell, variable: &str, words: Option<&[Word]>, body: &List) -> Flow {
    let values = match words {
        Some(words) => expand::words(shell, words).await?,
        None => shell.arguments.to_vec(),
    };
    shell.status = 0;
    for value in values {
        if let Err(message) = shell.variables.set(variable, value) {
            return Err(shell.fail(&message, 2).await);
        }
        if !self::body(shell, body).await? {
            break;
        }
    }
    Ok(())
}

pub(super) async fn arithmetic_for(shell: &mut Shell, parts: &[Vec<Piece>; 3], body: &List) -> Flow {
    let [first, condition, step] = parts;
    expand::number(shell, first).await?;
    shell.status = 0;
    loop {
        let is_empty = matches!(condition.as_slice(), [] | [Piece::Text(_)]) && is_blank(condition);
        if !is_empty && expand::number(shell, condition).await? == 0 {
            return Ok(());
        }
        if !self::body(shell, body).await? {
            return Ok(());
        }
        expand::number(shell, step).await?;
    }
}

fn is_blank(pieces: &[Piece]) -> bool {
    pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.trim().is_empty()))
}

pub(super) async fn case(shell: &mut Shell, word: &Word, arms: &[Arm]) -> Flow {
    let value = expand::text(shell, &word.pieces).await?;
    shell.status = 0;
    let mut runs_next = false;
    for arm in arms {
        let mut is_meant = runs_next;
        for pattern in &arm.patterns {
            is_meant = is_meant || expand::pattern(shell, &pattern.pieces).await?.matches(&value);
        }
        if !is_meant {
            continue;
        }
        super::list(shell, &arm.body).await?;
        match arm.after {
            AfterArm::Leave => return Ok(()),
            AfterArm::RunNext => runs_next = true,
            AfterArm::TryNext => runs_next = false,
        }
    }
    Ok(())
}
