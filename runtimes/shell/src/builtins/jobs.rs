//! `wait` and `jobs`.

use super::{print, wrong};
use crate::shell::{Shell, Stop};

const NO_SUCH_JOB: u8 = 127;

pub(super) async fn wait(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    if arguments.is_empty() {
        for (_, job) in std::mem::take(&mut shell.jobs) {
            job.wait().await;
        }
        return Ok(0);
    }
    let mut status = 0;
    for argument in arguments {
        let number = argument.strip_prefix('%').unwrap_or(argument).parse::<u32>();
        let Ok(number) = number else {
            return wrong(shell, &format!("wait: {argument}: not a job"), 2).await;
        };
        let place = if argument.starts_with('%') {
            (number as usize).checked_sub(1).filter(|place| *place < shell.jobs.len())
        } else {
            shell.jobs.iter().position(|(found, _)| *found == number)
        };
        status = match place {
            Some(place) => {
                let (_, job) = shell.jobs.remove(place);
                job.wait().await
            }
            None => NO_SUCH_JOB,
        };
    }
    Ok(status)
}

pub(super) async fn jobs(shell: &mut Shell, _: &[String]) -> Result<u8, Stop> {
    let text: String = shell.jobs.iter().map(|(number, _)| format!("{number}\n")).collect();
    print(shell, &text).await
}
