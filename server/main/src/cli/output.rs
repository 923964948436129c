//! What is printed: data on stdout, all else on stderr.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::failure::Failure;

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// A value for programs, or else what `people` makes of it.
    pub(super) fn value(self, value: &Value, people: impl FnOnce(&Value) -> String) {
        if self.json {
            self.line(&format!("{value:#}"));
        } else {
            self.line(&painted(&people(value)));
        }
    }

    /// A line on stdout. A reader that went away is no reason to fail; a full disk is.
    pub(super) fn line(self, text: &str) {
        if let Err(error) = writeln!(stdout(), "{text}")
            && error.kind() != ErrorKind::BrokenPipe
        {
            let _ = writeln!(stderr(), "skep: stdout: {error}");
            std::process::exit(1);
        }
    }

    /// Shows that something goes on, should it take longer than a moment. Ends when it is dropped.
    pub(super) fn waiting(self) -> Waiting {
        let is_shown = !self.json && stderr().is_terminal();
        Waiting { end: is_shown.then(spin) }
    }

    /// A remark for people; programs get none.
    pub(super) fn remark(self, text: &str) {
        if !self.json {
            let _ = writeln!(stderr(), "{text}");
        }
    }

    pub(super) fn failure(self, failure: &Failure) {
        let _ = if self.json {
            writeln!(
                stderr(),
                "{}",
                json!({"error": {"code": failure.code(), "message": failure.to_string()}})
            )
        } else {
            writeln!(stderr(), "skep: {failure}")
        };
    }

    /// A progress bar on stderr; nothing where that is no terminal.
    pub(super) fn bar(self, total: u64) -> ProgressBar {
        let bar = ProgressBar::new(total);
        if self.json || !stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} jobs  {per_sec}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

/// See [`Output::waiting`].
pub(super) struct Waiting {
    end: Option<Sender<()>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // The thread sees that nobody waits any more.
        self.end.take();
    }
}

/// After how long it is shown that something goes on.
const PATIENCE: Duration = Duration::from_secs(1);

fn spin() -> Sender<()> {
    let (end, ended) = channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let spinner = ProgressBar::new_spinner().with_message("waiting for the server");
        spinner.enable_steady_tick(Duration::from_millis(100));
        let _ = ended.recv();
        spinner.finish_and_clear();
    });
    end
}

/// Statuses in colours, on a terminal whose user did not say no (no-color.org).
fn painted(text: &str) -> Cow<'_, str> {
    let wanted = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if !wanted {
        return text.into();
    }
    let mut text = text.to_owned();
    for (status, colour) in [
        ("SUCCEEDED", 32),
        ("FAILED", 31),
        ("TIMED_OUT", 31),
        ("CANCELLED", 33),
        ("RUNNING", 36),
        ("RETRYING", 33),
    ] {
        text = text.replace(status, &format!("\x1b[{colour}m{status}\x1b[0m"));
    }
    text.into()
}

/// A time in Unix milliseconds as people write it.
pub(super) fn moment(value: &Value) -> String {
    let at = value.as_i64().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A table without frames: it can be read, and cut by other tools.
pub(super) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Text from a stranger, as a terminal may show it: escapes and other controls are made visible.
pub(super) fn printable(text: &str) -> String {
    let escape = |character: char| match character {
        '\t' | '\n' => character.to_string(),
        control if control.is_control() || turns(control) => control.escape_default().to_string(),
        plain => plain.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Whether a character changes in which direction those around it are shown.
fn turns(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A field as text: strings without quotes, null as a dash.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// At most so many characters, on one line.
pub(super) fn short(text: &str, max: usize) -> String {
    let line = text.replace('\n', "⏎");
    if line.chars().count() <= max {
        return line;
    }
    line.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// Nanoseconds as people write them.
pub(super) fn duration(nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.1} µs", nanos as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        _ => format!("{:.2} s", nanos as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_are_made_harmless() {
        assert_eq!(printable("a\x1b[31mb\r"), "a\\u{1b}[31mb\\r");
    }

    #[test]
    fn durations_have_a_fitting_unit() {
        assert_eq!(duration(12_345), "12.3 µs");
        assert_eq!(duration(2_500_000_000), "2.50 s");
    }
}
