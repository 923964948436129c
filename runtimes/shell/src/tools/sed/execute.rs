//! Runs the script of `sed` on lines.

use std::collections::VecDeque;
use std::fs::File;

use super::super::{Failure, Tool};
use super::replace::change;
use super::select::matches;
use super::{Address, Command, Kind, Script};
use crate::shell::paths::reason;
use crate::stream::{CAPTURE_BYTES_MAX, LineReader, Stream};

/// Branches taken in one cycle, after which others get a turn.
const BRANCHES_PER_TURN: u64 = 1000;

/// What a command does to the cycle.
enum Next {
    Command(usize),
    /// The end of the script: prints, and goes on with the next line.
    Finish,
    /// Goes on with the next line without printing.
    Discard,
    /// Goes on with the script, but without a new line.
    Restart,
    Quit(u8, bool),
}

pub(super) struct Execution<'a> {
    pub(super) tool: &'a mut Tool,
    script: Script,
    is_quiet: bool,
    pub(super) delimiter: u8,
    files: Vec<Stream>,
    /// Lines that are still to come: the files, and one line read ahead to know which is the last.
    pub(super) inputs: VecDeque<LineReader>,
    ahead: Option<(Vec<u8>, bool)>,
    pub(super) line: u64,
    has_newline: bool,
    pattern: Vec<u8>,
    hold: Vec<u8>,
    /// What `a` and `r` add after the cycle.
    appended: Vec<Vec<u8>>,
    substituted: bool,
    /// Of each command whether its range is open, and the line it ends at if that is known.
    ranges: Vec<Option<Option<u64>>>,
    last_pattern: Option<regex::bytes::Regex>,
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        tool: &'a mut Tool,
        script: Script,
        is_quiet: bool,
        delimiter: u8,
    ) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in &script.files {
            let stream = tool.shell.open(path, File::options().write(true).create(true).truncate(true));
            files.push(stream.map_err(|error| Failure::new(format!("{path}: {}", reason(&error))))?);
        }
        let ranges = script.commands.iter().map(|_| None).collect();
        Ok(Self {
            tool,
            script,
            is_quiet,
            delimiter,
            files,
            inputs: VecDeque::new(),
            ahead: None,
            line: 0,
            has_newline: true,
            pattern: Vec::new(),
            hold: Vec::new(),
            appended: Vec::new(),
            substituted: false,
            ranges,
            last_pattern: None,
        })
    }

    /// Runs the script for each line. The status if the script says it.
    pub(super) async fn cycles(&mut self) -> Result<Option<u8>, Failure> {
        self.ranges.fill_with(|| None);
        self.ahead = self.read().await?;
        let mut has_line = self.next_line().await?;
        while has_line {
            let mut at = 0;
            let mut commands = 0_u64;
            let (prints, next) = loop {
                commands += 1;
                if commands.is_multiple_of(BRANCHES_PER_TURN) {
                    crate::executor::yield_now().await;
                }
                match self.step(at).await? {
                    Next::Command(next) => at = next,
                    Next::Finish => break (true, Next::Discard),
                    Next::Discard => break (false, Next::Discard),
                    Next::Restart => break (false, Next::Restart),
                    Next::Quit(status, prints) => break (prints, Next::Quit(status, prints)),
                }
            };
            if prints && !self.is_quiet {
                self.print_pattern().await?;
            }
            self.print_appended().await?;
            match next {
                Next::Quit(status, _) => {
                    self.inputs.clear();
                    self.ahead = None;
                    return Ok(Some(status));
                }
                Next::Restart => {}
                _ => has_line = self.next_line().await?,
            }
        }
        Ok(None)
    }

    async fn read(&mut self) -> Result<Option<(Vec<u8>, bool)>, Failure> {
        while let Some(input) = self.inputs.front_mut() {
            match input.line().await? {
                Some(line) => return Ok(Some(line)),
                None => {
                    self.inputs.pop_front();
                }
            }
        }
        Ok(None)
    }

    /// Takes the next line. Returns whether there was one.
    async fn next_line(&mut self) -> Result<bool, Failure> {
        let Some((line, newline)) = self.ahead.take() else { return Ok(false) };
        self.ahead = self.read().await?;
        self.pattern = line;
        self.has_newline = newline;
        self.line += 1;
        self.substituted = false;
        Ok(true)
    }

    async fn step(&mut self, at: usize) -> Result<Next, Failure> {
        if at >= self.script.commands.len() {
            return Ok(Next::Finish);
        }
        let applies = self.applies(at)?;
        let following = Next::Command(at + 1);
        let command = &self.script.commands[at];
        if !applies {
            return Ok(match command.kind {
                Kind::Begin(end) => Next::Command(end + 1),
                _ => following,
            });
        }
        match &command.kind {
            Kind::Begin(_) | Kind::End | Kind::Label => Ok(following),
            Kind::Branch(letter, target) => {
                let goes = match letter {
                    'b' => true,
                    't' => std::mem::take(&mut self.substituted),
                    _ => !std::mem::take(&mut self.substituted),
                };
                Ok(if goes { Next::Command(*target) } else { following })
            }
            Kind::Substitute(_) => self.substitute(at).await.map(|()| following),
            Kind::Translate(pairs) => {
                let text = String::from_utf8_lossy(&self.pattern);
                let change = |character| {
                    pairs.iter().find(|(from, _)| *from == character).map_or(character, |(_, to)| *to)
                };
                self.pattern = text.chars().map(change).collect::<String>().into_bytes();
                Ok(following)
            }
            Kind::Text('a', text) => {
                self.appended.push(text.clone());
                Ok(following)
            }
            Kind::Text('i', text) => {
                let text = text.clone();
                self.tool.output.write(&text).await?;
                Ok(following)
            }
            Kind::Text(_, text) => {
                // A range is replaced as a whole: the text comes after its last line.
                let is_last = command.second.is_none() || command.negated || self.ranges[at].is_none();
                if is_last {
                    let text = text.clone();
                    self.tool.output.write(&text).await?;
                }
                Ok(Next::Discard)
            }
            Kind::Read(path) => {
                let path = path.clone();
                if let Ok(stream) = self.tool.open(&path) {
                    let bytes = stream.read_all().await?;
                    self.appended.push(bytes);
                }
                Ok(following)
            }
            Kind::Write(file) => {
                let line = [self.pattern.as_slice(), b"\n"].concat();
                self.files[*file].write(&line).await?;
                Ok(following)
            }
            Kind::Quit(letter, status) => Ok(Next::Quit(*status, *letter == 'q')),
            Kind::Plain(letter) => {
                let letter = *letter;
                self.plain(letter, following).await
            }
        }
    }

    async fn plain(&mut self, letter: char, following: Next) -> Result<Next, Failure> {
        match letter {
            'd' => return Ok(Next::Discard),
            'D' => {
                let Some(end) = self.pattern.iter().position(|byte| *byte == b'\n') else {
                    return Ok(Next::Discard);
                };
                self.pattern.drain(..=end);
                return Ok(Next::Restart);
            }
            'g' => self.pattern = self.hold.clone(),
            'G' => {
                self.pattern.push(b'\n');
                self.pattern.extend_from_slice(&self.hold);
            }
            'h' => self.hold = self.pattern.clone(),
            'H' => {
                self.hold.push(b'\n');
                self.hold.extend_from_slice(&self.pattern);
            }
            'x' => std::mem::swap(&mut self.pattern, &mut self.hold),
            'l' => {
                let shown: String = self.pattern.iter().map(|byte| byte.escape_ascii().to_string()).collect();
                self.tool.output.line(format!("{shown}$").as_bytes()).await?;
            }
            'n' => {
                if self.ahead.is_none() {
                    return Ok(Next::Quit(self.tool.status, true));
                }
                if !self.is_quiet {
                    self.print_pattern().await?;
                }
                self.print_appended().await?;
                self.next_line().await?;
            }
            'N' => {
                if self.ahead.is_none() {
                    return Ok(Next::Quit(self.tool.status, true));
                }
                let before = std::mem::take(&mut self.pattern);
                let substituted = self.substituted;
                self.next_line().await?;
                self.substituted = substituted;
                self.pattern = [before.as_slice(), b"\n", &self.pattern].concat();
            }
            'p' => self.print_pattern().await?,
            'P' => {
                let end = self.pattern.iter().position(|byte| *byte == b'\n').unwrap_or(self.pattern.len());
                let line = self.pattern[..end].to_vec();
                self.tool.output.line(&line).await?;
            }
            _ => self.tool.output.line(self.line.to_string().as_bytes()).await?,
        }
        if self.pattern.len() + self.hold.len() > CAPTURE_BYTES_MAX {
            return Err(Failure::new(format!("more than {CAPTURE_BYTES_MAX} bytes are held")));
        }
        Ok(following)
    }

    async fn print_pattern(&mut self) -> Result<(), Failure> {
        self.tool.output.write(&self.pattern).await?;
        // The last line has no newline if the input had none.
        if self.has_newline || self.ahead.is_some() {
            self.tool.output.write(&[self.delimiter]).await?;
        }
        Ok(())
    }

    async fn print_appended(&mut self) -> Result<(), Failure> {
        for text in std::mem::take(&mut self.appended) {
            if !self.has_newline && self.ahead.is_none() {
                self.tool.output.write(b"\n").await?;
                self.has_newline = true;
            }
            self.tool.output.write(&text).await?;
        }
        Ok(())
    }

    /// Whether the command applies to this line.
    fn applies(&mut self, at: usize) -> Result<bool, Failure> {
        let Command { first, second, negated, .. } = &self.script.commands[at];
        let (line, is_last) = (self.line, self.ahead.is_none());
        let mut matched =
            |address: &Address| matches(address, line, is_last, &self.pattern, &mut self.last_pattern);
        let applies = match (first, second) {
            (None, _) => true,
            (Some(first), None) => matched(first)?,
            (Some(first), Some(second)) => match self.ranges[at] {
                Some(end) => {
                    let ends = match end {
                        Some(end) => line >= end,
                        None => matched(second)?,
                    };
                    if ends {
                        self.ranges[at] = None;
                    }
                    // A line number before the range's own start ends it at once.
                    end.is_none_or(|end| line <= end)
                }
                None if matches!(first, Address::Line(0)) && line == 1 => {
                    if !matched(second)? {
                        self.ranges[at] = Some(None);
                    }
                    true
                }
                None if matched(first)? => {
                    let end = match second {
                        Address::Line(end) => Some(*end),
                        Address::Count(count) => Some(line.saturating_add(*count)),
                        Address::Last | Address::Step(..) | Address::Matches(_) => None,
                    };
                    let ends =
                        end.is_some_and(|end| end <= line) || (matches!(second, Address::Last) && is_last);
                    if !ends {
                        self.ranges[at] = Some(end);
                    }
                    true
                }
                None => false,
            },
        };
        Ok(applies != *negated)
    }

    async fn substitute(&mut self, at: usize) -> Result<(), Failure> {
        let Kind::Substitute(substitution) = &self.script.commands[at].kind else { return Ok(()) };
        let Some(changed) = change(substitution, &self.pattern, &mut self.last_pattern)? else {
            return Ok(());
        };
        let (prints, writes) = (substitution.prints, substitution.writes);
        self.pattern = changed;
        self.substituted = true;
        if prints {
            self.print_pattern().await?;
        }
        if let Some(file) = writes {
            let line = [self.pattern.as_slice(), b"\n"].concat();
            self.files[file].write(&line).await?;
        }
        Ok(())
    }
}
