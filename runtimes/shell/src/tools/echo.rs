//! `echo`: `-n` leaves the newline out, `-e` decodes escapes, `-E` does not.

use super::{Outcome, Tool};
use crate::escapes::{Dialect, decode};

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let mut newline = true;
    let mut decodes = false;
    let mut arguments = tool.arguments.as_slice();
    while let [first, rest @ ..] = arguments {
        // What is no option of these is text, as in other shells.
        let Some(letters) = first.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        if !letters.chars().all(|letter| "neE".contains(letter)) {
            break;
        }
        for letter in letters.chars() {
            match letter {
                'n' => newline = false,
                letter => decodes = letter == 'e',
            }
        }
        arguments = rest;
    }
    let text = arguments.join(" ");
    let (bytes, stopped) = if decodes { decode(&text, Dialect::Echo) } else { (text.into_bytes(), false) };
    tool.output.write(&bytes).await?;
    if newline && !stopped {
        tool.output.write(b"\n").await?;
    }
    Ok(0)
}
