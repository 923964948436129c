//! What is printed: data on stdout, all else on stderr.

use std::io::{IsTerminal, Write, stderr, stdout};
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
            self.line(&people(value));
        }
    }

    /// A line on stdout. A reader that went away is no reason to fail.
    pub(super) fn line(self, text: &str) {
        let _ = writeln!(stdout(), "{text}");
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
        control if control.is_control() => control.escape_default().to_string(),
        plain => plain.to_string(),
    };
    text.chars().map(escape).collect()
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
