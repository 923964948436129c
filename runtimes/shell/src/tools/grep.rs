//! `grep`, `egrep`, `fgrep`.

use super::{Failure, Outcome, Parsed, Spec, Tool};
use crate::regular;
use crate::stream::{LineReader, Stream};

/// What it ends with after an error.
const FAILED: u8 = 2;

/// Directories in each other that `-r` looks into.
const DEPTH_MAX: usize = 100;

const SPEC: Spec = Spec {
    flags: "EFGPivcnoqrRlLwxshHa",
    values: "efmABC",
    long: &[
        ("extended-regexp", 'E'),
        ("fixed-strings", 'F'),
        ("ignore-case", 'i'),
        ("invert-match", 'v'),
        ("count", 'c'),
        ("line-number", 'n'),
        ("only-matching", 'o'),
        ("quiet", 'q'),
        ("recursive", 'r'),
        ("files-with-matches", 'l'),
        ("files-without-match", 'L'),
        ("word-regexp", 'w'),
        ("line-regexp", 'x'),
        ("no-messages", 's'),
        ("no-filename", 'h'),
        ("with-filename", 'H'),
        ("regexp", 'e'),
        ("file", 'f'),
        ("max-count", 'm'),
        ("text", 'a'),
        ("after-context", 'A'),
        ("before-context", 'B'),
        ("context", 'C'),
    ],
    ends_at_operand: false,
    number: None,
};

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&SPEC)?;
    if parsed.has('P') {
        return Err(Failure::usage("unsupported option -P"));
    }
    let mut operands = parsed.operands.clone();
    let patterns = patterns(tool, &parsed, &mut operands).await?;
    let regex = compile(&tool.name, &patterns, &parsed)?;
    let is_recursive = parsed.has('r') || parsed.has('R');
    if operands.is_empty() {
        operands.push(if is_recursive { "." } else { "-" }.to_owned());
    }
    let shows_names = parsed.has('H') || (!parsed.has('h') && (operands.len() > 1 || is_recursive));
    let paths = if is_recursive { files_below(tool, &operands) } else { operands };
    let context = |letter| -> Result<usize, Failure> {
        let lines = parsed.number(letter)?.or(parsed.number('C')?).unwrap_or(0);
        Ok(usize::try_from(lines).unwrap_or(usize::MAX))
    };
    let count_max = parsed.number('m')?.unwrap_or(u64::MAX);
    let search =
        Search { regex, shows_names, before: context('B')?, after: context('A')?, count_max, parsed };
    let mut found = false;
    let mut failed = false;
    for path in paths {
        let stream = match tool.open(&path) {
            Ok(stream) => stream,
            Err(Failure::Message(message, _)) => {
                if !search.parsed.has('s') {
                    tool.warn(&message).await;
                }
                failed = true;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        found |= search.file(tool, &path, stream).await?;
        if found && search.parsed.has('q') {
            return Ok(0);
        }
    }
    Ok(if failed { FAILED } else { u8::from(!found) })
}

/// The patterns of `-e` and `-f`, or the first operand. Each line of one is a pattern.
async fn patterns(
    tool: &mut Tool,
    parsed: &Parsed,
    operands: &mut Vec<String>,
) -> Result<Vec<String>, Failure> {
    let mut patterns = Vec::new();
    for (letter, value) in &parsed.options {
        match letter {
            'e' => patterns.extend(value.split('\n').map(str::to_owned)),
            'f' => {
                let stream =
                    tool.open(value).map_err(|_| Failure::usage(format!("{value}: cannot be read")))?;
                let bytes = stream.read_all().await?;
                patterns.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned));
            }
            _ => {}
        }
    }
    if !parsed.has('e') && !parsed.has('f') {
        if operands.is_empty() {
            return Err(Failure::usage("a pattern is needed"));
        }
        patterns.extend(operands.remove(0).split('\n').map(str::to_owned));
    }
    Ok(patterns)
}

fn compile(name: &str, patterns: &[String], parsed: &Parsed) -> Result<regex::bytes::Regex, Failure> {
    let mut alternatives = Vec::new();
    for pattern in patterns {
        let translated = if parsed.has('F') || name == "fgrep" {
            Ok(regex::escape(pattern))
        } else if parsed.has('E') || name == "egrep" {
            regular::extended(pattern)
        } else {
            regular::basic(pattern)
        };
        let translated = translated.map_err(Failure::usage)?;
        alternatives.push(if parsed.has('x') {
            format!("^(?:{translated})$")
        } else if parsed.has('w') {
            format!(r"\b{{start-half}}(?:{translated})\b{{end-half}}")
        } else {
            format!("(?:{translated})")
        });
    }
    // No pattern at all matches nothing.
    let whole = if alternatives.is_empty() { r"[^\s\S]".to_owned() } else { alternatives.join("|") };
    regular::compile(&whole, parsed.has('i')).map_err(Failure::usage)
}

/// All files in directories, sorted. A file stands for itself.
fn files_below(tool: &Tool, operands: &[String]) -> Vec<String> {
    let mut files = Vec::new();
    let mut open: Vec<(String, usize)> = operands.iter().rev().map(|path| (path.clone(), 0)).collect();
    while let Some((path, depth)) = open.pop() {
        let whole = tool.shell.path(&path);
        if path == "-" || !whole.is_dir() {
            files.push(path);
            continue;
        }
        let Ok(entries) = std::fs::read_dir(&whole) else { continue };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        if depth < DEPTH_MAX {
            let path = path.trim_end_matches('/');
            open.extend(names.iter().rev().map(|name| (format!("{path}/{name}"), depth + 1)));
        }
    }
    files
}

struct Search {
    regex: regex::bytes::Regex,
    shows_names: bool,
    before: usize,
    after: usize,
    count_max: u64,
    parsed: Parsed,
}

impl Search {
    /// Returns whether a line was selected.
    async fn file(&self, tool: &mut Tool, path: &str, stream: Stream) -> Result<bool, Failure> {
        let name = if path == "-" { "(standard input)" } else { path };
        let is_silent = ['c', 'q', 'l', 'L'].iter().any(|letter| self.parsed.has(*letter));
        let mut reader = LineReader::new(stream, b'\n');
        let mut held: std::collections::VecDeque<(u64, Vec<u8>)> = std::collections::VecDeque::new();
        let (mut number, mut count, mut after_left, mut last_shown) = (0_u64, 0_u64, 0_usize, 0_u64);
        while count < self.count_max || after_left > 0 {
            let Some((line, _)) = reader.line().await? else { break };
            number += 1;
            let is_selected = count < self.count_max && self.regex.is_match(&line) != self.parsed.has('v');
            if is_selected {
                count += 1;
                if self.parsed.has('q') || self.parsed.has('l') {
                    break;
                }
            }
            if is_silent {
                continue;
            }
            if is_selected {
                let first = number - held.len() as u64;
                if (self.before > 0 || self.after > 0) && last_shown > 0 && first > last_shown + 1 {
                    tool.output.line(b"--").await?;
                }
                for (number, line) in held.drain(..) {
                    self.print(tool, name, number, &line, b'-').await?;
                }
                self.selected(tool, name, number, &line).await?;
                after_left = self.after;
                last_shown = number;
            } else if after_left > 0 {
                after_left -= 1;
                self.print(tool, name, number, &line, b'-').await?;
                last_shown = number;
            } else if self.before > 0 {
                held.push_back((number, line));
                if held.len() > self.before {
                    held.pop_front();
                }
            }
        }
        if self.parsed.has('c') {
            let before = if self.shows_names { format!("{name}:") } else { String::new() };
            tool.output.line(format!("{before}{count}").as_bytes()).await?;
        }
        if (self.parsed.has('l') && count > 0) || (self.parsed.has('L') && count == 0) {
            tool.output.line(name.as_bytes()).await?;
        }
        Ok(count > 0)
    }

    async fn selected(&self, tool: &mut Tool, name: &str, number: u64, line: &[u8]) -> Result<(), Failure> {
        if !self.parsed.has('o') {
            return self.print(tool, name, number, line, b':').await;
        }
        if self.parsed.has('v') {
            return Ok(());
        }
        for found in self.regex.find_iter(line).filter(|found| !found.is_empty()) {
            self.print(tool, name, number, found.as_bytes(), b':').await?;
        }
        Ok(())
    }

    async fn print(
        &self,
        tool: &mut Tool,
        name: &str,
        number: u64,
        line: &[u8],
        mark: u8,
    ) -> Result<(), Failure> {
        if self.shows_names {
            tool.output.write(name.as_bytes()).await?;
            tool.output.write(&[mark]).await?;
        }
        if self.parsed.has('n') {
            tool.output.write(number.to_string().as_bytes()).await?;
            tool.output.write(&[mark]).await?;
        }
        tool.output.line(line).await?;
        Ok(())
    }
}
