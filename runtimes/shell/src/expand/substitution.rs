//! Command substitution: `$(…)`.

use std::cell::RefCell;
use std::rc::Rc;

use crate::executor;
use crate::shell::{Shell, Stop};
use crate::stream::Stream;
use crate::syntax::List;

/// Runs the commands in a subshell, and returns what they printed without the newlines at its end. Bytes that
/// are no UTF-8 become replacement characters: what a variable holds is text.
pub(crate) async fn run(shell: &mut Shell, list: &List) -> Result<String, Stop> {
    let captured = Rc::new(RefCell::new(Vec::new()));
    let mut subshell = shell.subshell();
    if let Err(message) = subshell.descriptors.set(1, Some(Stream::Capture(Rc::clone(&captured)))) {
        return Err(shell.fail(&message, 2).await);
    }
    let status = crate::evaluate::subshell(subshell, list).await;
    // A job in the background that still writes there is waited for, as at the end of a pipe.
    executor::until(|| Rc::strong_count(&captured) == 1).await;
    shell.status = status;
    shell.substituted = Some(status);
    let bytes = captured.take();
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches('\n').replace('\0', ""))
}
